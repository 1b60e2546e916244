"""Who may change what a pipeline holds, and look inside: whoever has the key; on loopback, without one, anybody."""

import hmac
from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


def bearer_guard(key: str, loopback: bool) -> Guard:
    """A Litestar guard that takes `Authorization: Bearer KEY`.

    Not the key as a password that a browser asks for: the browser would send it along with whatever another site makes
    it ask, a purge for instance. The inspector's page asks for the key itself.
    """

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        if not key:
            if not loopback:
                raise PermissionDeniedException("no key is configured for this")
            return
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key.encode()):
            raise NotAuthorizedException("Authorization: Bearer KEY", headers={"WWW-Authenticate": "Bearer"})

    return guard
