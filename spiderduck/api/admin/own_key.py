"""`GET /v1/key`: which key a call shows, and what it may do."""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.handlers import HTTPRouteHandler

from spiderduck.api.front.keys import ANY_KEY, guard_of, name_of
from spiderduck.keyring import SCOPES


class OwnKey(msgspec.Struct):
    """`name` is null where no keys are set: everybody who reaches this server may do everything then. `scopes` are
    those that the key has, `admin` with all of them."""

    name: str | None
    scopes: list[str]


def own_key_routes() -> list[HTTPRouteHandler]:
    """The handler."""

    @get("/v1/key", opt={ANY_KEY: True}, tags=["keys"], summary="What the key of this call may do")
    async def get_key(request: Request[Any, Any, Any]) -> OwnKey:
        """Needs a key, with any scope, as soon as keys are set."""
        guard = guard_of(request)
        scopes = [scope for scope in SCOPES if guard.may(request, scope)]
        return OwnKey(name_of(request), scopes)

    return [get_key]
