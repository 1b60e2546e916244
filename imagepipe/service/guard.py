"""Who may change what a pipeline holds, and look inside: whoever has the key; on loopback, without one, anybody."""

import hmac
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


def bearer_guard(key: str, loopback: bool) -> Guard:
    """A Litestar guard that takes `Authorization: Bearer KEY`, or the key as the password that a browser asks for."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        if not key:
            if not loopback:
                raise PermissionDeniedException("no key is configured for this")
            return
        given = _given(connection.headers.get("authorization", ""))
        if not hmac.compare_digest(given, key.encode()):
            raise NotAuthorizedException(
                "Authorization: Bearer KEY", headers={"WWW-Authenticate": 'Basic realm="pictures", charset="UTF-8"'}
            )

    return guard


def _given(authorization: str) -> bytes:
    """The key in the header; nothing where there is none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode()
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(value, validate=True).partition(b":")[2]
    except ValueError:
        return b""
