"""Who may change what a pipeline holds, and look inside: whoever has the key; on loopback, without one, anybody."""

import hmac
from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


def bearer_guard(key: str, loopback: bool) -> Guard:
    """A Litestar guard that takes `Authorization: Bearer KEY`."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        if not key:
            if not loopback:
                raise PermissionDeniedException("no key is configured for this")
            return
        given = connection.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
            raise NotAuthorizedException("Authorization: Bearer KEY")

    return guard
