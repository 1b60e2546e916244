"""Who may do what: bearer keys with scopes, asked for as soon as keys are configured.

Its one rule: a call names its scope where it is defined; one that names none is open (health, the documentation).
"""

import hmac
from collections.abc import Sequence
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from spiderduck.config import ApiKey

READ, WRITE, FETCH, ADMIN = "read", "write", "fetch", "admin"


class KeyGuard:
    """A Litestar guard: reads `scope` from the handler's options."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = keys

    def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        self.require(connection, handler.opt.get("scope"))

    def require(self, connection: ASGIConnection[Any, Any, Any, Any], scope: str | None) -> None:
        """Raises where the caller's key lacks `scope`. None asks for nothing; without keys everything is open."""
        if scope is None or not self._keys:
            return
        given = connection.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not given:
            raise NotAuthorizedException("send a key: Authorization: Bearer KEY")
        for key in self._keys:
            if hmac.compare_digest(key.key.encode(), given.encode()):
                if scope in key.scopes or ADMIN in key.scopes:
                    return
                raise PermissionDeniedException(f"this key lacks the scope {scope!r}")
        raise NotAuthorizedException("this key is not known")


class ScopeGuard:
    """The same for handlers of other packages, which do not know our scopes."""

    def __init__(self, keys: KeyGuard, scope: str) -> None:
        self.scope = scope
        self._keys = keys

    def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        self._keys.require(connection, self.scope)
