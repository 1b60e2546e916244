"""Where links lead: `POST /v1/resolve` for many at once, `GET /v1/redirects` for the graph around one."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, QueryParameter

from spiderduck.api.front.keys import READ, WRITE, guard_of
from spiderduck.api.paging import MOST, Cursor, Most, piece, place_of
from spiderduck.api.parameters import A_URL, BadParameter
from spiderduck.api.services import Services
from spiderduck.api.urls.asking import MOST_IN_BATCH, Asked, UrlLookup, read_all, valid
from spiderduck.api.urls.resolved import RedirectEdges, ResolvedUrls, edges, resolved


class ResolveOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`schedule`: have the unknown ones fetched, which needs the scope `write`. `wait_ms`: wait so long for URLs that
    are on their way."""

    urls: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_IN_BATCH)]
    schedule: bool = False
    wait_ms: Annotated[int, msgspec.Meta(ge=0)] = 0


def resolve_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    lookups, urls = services.lookups, UrlLookup(services)

    @post(
        "/v1/resolve",
        status_code=200,
        opt={"scope": READ},
        tags=["look-ups"],
        summary="Where up to 1,000 URLs lead",
        description="Answers from what is known. With `schedule`, unknown URLs are fetched; `wait_ms` waits for them.",
    )
    async def resolve_urls(data: JSONBody[ResolveOrder], request: Request[Any, Any, Any]) -> ResolvedUrls:
        if data.schedule:
            guard_of(request).require(request, WRITE)
        asked = await read_all(data.urls)
        if data.schedule:
            await urls.share_unknown(asked)
        return ResolvedUrls([resolved(one) for one in await urls.wait(asked, data.wait_ms)])

    async def leading_to(target: Asked, most: int, cursor: str | None) -> RedirectEdges:
        """Those that still lead there: what was redirected elsewhere since is passed over."""
        listing = f"redirects to {target.key}"
        keys = await lookups.redirects_to(target.key, most + 1, place_of(cursor, listing, str) or "")
        shown, after = piece(keys, most, listing, str)
        states = (one.state for one in await lookups.known(shown))
        found = (edge for state in states if state is not None for edge in edges(state)[:1])
        return RedirectEdges([edge for edge in found if Asked(edge.to).key == target.key], after)

    @get(
        "/v1/redirects",
        opt={"scope": READ},
        tags=["look-ups"],
        summary="The redirects to a URL, or from it",
        description="`to`: the URLs that redirected to it when they were asked last. `from`: the chain that begins "
        "there. Give one of the two.",
    )
    async def list_redirects(
        to: Annotated[str | None, QueryParameter(description="A URL, percent-encoded.", schema_extra=A_URL)] = None,
        start: Annotated[
            str | None, QueryParameter(name="from", description="A URL, percent-encoded.", schema_extra=A_URL)
        ] = None,
        most: Most = MOST,
        cursor: Cursor = None,
    ) -> RedirectEdges:
        if (to is None) == (start is None):
            raise BadParameter("give either to= or from=, with a URL")
        if to is not None:
            return await leading_to(valid(to, "to"), most, cursor)
        if cursor is not None:
            raise BadParameter("cursor belongs to to=; a chain comes whole")
        (known,) = await urls.known([valid(start or "", "from")])
        return RedirectEdges([] if known.state is None else edges(known.state))

    return [resolve_urls, list_redirects]
