"""Looking up what is known of URLs and pages: `/v1/urls` and `/v1/pages`."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter

from schedulers.metadata import Purpose
from schedulers.model import Known, Page, Status
from schedulers.record import Record, page_state, record_of
from spiderduck.api.contract.problems import ANY_BYTES, ERRORS, PROBLEM_TYPE, Problem
from spiderduck.api.front.browsers import OWN_PAGES
from spiderduck.api.front.keys import READ, WRITE, guard_of
from spiderduck.api.paging import MOST, Cursor, Most, piece, place_of
from spiderduck.api.parameters import A_TIME, A_URL, PAGE_ID, moment, whole_number
from spiderduck.api.services import Services
from spiderduck.api.urls.archived_pages import ArchivedPages
from spiderduck.api.urls.asking import MOST_IN_BATCH, Asked, UrlLookup, read_all, valid
from spiderduck.api.urls.caching import LONG, asking_again, tag_of
from spiderduck.api.urls.versions import Version, described, known_at
from spiderduck.lists.judging import Judge
from spiderduck.lists.withheld_pictures import known_page

WITHHELD = "`usage_refused`: the site forbids it; `content_blocked`: a list does"
PageId = Annotated[str, Parameter(description="The Snowflake id of a page, in digits.", pattern=PAGE_ID)]


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """`wait_ms`: wait so long for URLs that are on their way. `schedule`: send the unknown ones in as an event
    first, which needs the scope `write`."""

    urls: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_IN_BATCH)]
    wait_ms: Annotated[int, msgspec.Meta(ge=0)] = 0
    schedule: bool = False


class Results(msgspec.Struct):
    """The records, in the order asked."""

    results: list[Record]


class History(msgspec.Struct):
    """The versions of a page, the newest first, each with what changed since the one before it; `next_cursor` leads to
    older ones, and is null at the end."""

    versions: list[Version]
    next_cursor: str | None = None


class PageText(msgspec.Struct):
    """The readable text of a page's version; null where it is no HTML page or has no text."""

    page_id: str
    url: str
    text: str | None


def lookup_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    lookups, urls = services.lookups, UrlLookup(services)
    archived, judge = ArchivedPages(services), Judge(services.lists, services.clock)

    async def at_moment(asked: Asked, at: float) -> Known:
        (now,) = await urls.known([asked])
        found: Page | None = now.page
        while found is not None and found.fetched_at > at:
            older = await lookups.history(found.key, MOST, found.id)
            found = next((one for one in older if one.fetched_at <= at), older[-1] if older else None)
        return known_at(now, found)

    @get("/v1/urls", opt={"scope": READ, OWN_PAGES: "schedule"}, tags=["look-ups"], summary="One URL's record")
    async def look_up_url(
        url: Annotated[str, Parameter(description="The URL, percent-encoded.", schema_extra=A_URL)],
        request: Request[Any, Any, Any],
        wait_ms: Annotated[
            int, Parameter(ge=0, description="Milliseconds to wait for a URL that is still being handled.")
        ] = 0,
        schedule: Annotated[
            bool, Parameter(description="If the URL is unknown, send it in as an event first. Needs the scope `write`.")
        ] = False,
        as_of: Annotated[
            str | None,
            Parameter(
                description="What was known at this time (RFC 3339), of the versions that are kept.",
                schema_extra=A_TIME,
            ),
        ] = None,
    ) -> Response[Record]:
        asked = valid(url)
        if schedule:
            guard_of(request).require(request, WRITE)
            await urls.share_unknown([asked])
        if as_of is not None:
            record = urls.record(asked, await at_moment(asked, moment(as_of)))
            if record.status is Status.UNKNOWN:
                record = msgspec.structs.replace(record, reason="nothing that is kept was known of this URL then")
            return Response(record, headers={**LONG, **tag_of(record)})
        (record,) = await urls.wait([asked], wait_ms)
        return Response(record, headers={**asking_again(record, services.clock.now()), **tag_of(record)})

    @post(
        "/v1/urls/batch", status_code=200, opt={"scope": READ}, tags=["look-ups"], summary="Up to 1,000 URLs' records"
    )
    async def look_up_urls(data: JSONBody[Batch], request: Request[Any, Any, Any]) -> Results:
        if data.schedule:
            guard_of(request).require(request, WRITE)
        asked = await read_all(data.urls)
        if data.schedule:
            await urls.share_unknown(asked)
        return Results(await urls.wait(asked, data.wait_ms))

    async def page_of(page_id: str) -> Page:
        page = await lookups.page(whole_number(page_id, "the page id"))
        if page is None:
            raise NotFoundException(f"there is no page {page_id}; page ids stand in a URL's record (GET /v1/urls?url=)")
        return page

    @get(
        "/v1/pages/{page_id:str}",
        opt={"scope": READ, ERRORS: (404,)},
        tags=["look-ups"],
        summary="One fetched version of a page",
    )
    async def get_page(page_id: PageId) -> Response[Record]:
        page = await page_of(page_id)
        verdict = judge.verdict(page.url, known_page(page))
        record = msgspec.structs.replace(record_of(page_state(page), page), verdict=verdict)
        return Response(record, headers={**LONG, **tag_of(record)})

    @get(
        "/v1/pages/{page_id:str}/history",
        opt={"scope": READ, ERRORS: (404,)},
        tags=["look-ups"],
        summary="All versions of a page",
    )
    async def get_page_history(page_id: PageId, most: Most = MOST, cursor: Cursor = None) -> History:
        page = await page_of(page_id)
        listing = f"versions of {page.key}"
        found = await lookups.history(page.key, most + 1, place_of(cursor, listing, int))
        shown, after = piece(found, most, listing, lambda one: one.id)
        return History(described(found)[: len(shown)], after)

    @get(
        "/v1/pages/{page_id:str}/content",
        opt={"scope": READ, ERRORS: (404,)},
        tags=["look-ups"],
        summary="The archived bytes",
        description="What the site says of the use of its page is kept to (`usage` in its record): for a purpose that "
        "it forbids, and where no purpose is said for any, the answer is 403 `usage_refused`. What a list blocks is "
        "given to nobody (403 `content_blocked`).",
        responses={
            200: ANY_BYTES,
            403: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description=WITHHELD),
            503: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="Not uploaded yet"),
        },
    )
    async def get_page_content(
        page_id: PageId,
        purpose: Annotated[Purpose, Parameter(description="What the bytes are wanted for.")] = Purpose.ANY,
    ) -> Response[bytes]:
        page = await page_of(page_id)
        _, headers, body = await archived.open(page, purpose)
        content_type = dict(headers).get("content-type", page.content.type)
        return Response(body, headers={**FOREIGN_CONTENT, "Content-Type": content_type})

    @get(
        "/v1/pages/{page_id:str}/text",
        opt={"scope": READ, ERRORS: (404,)},
        tags=["look-ups"],
        summary="A page's readable text",
        description="Made on demand from the archived bytes, without navigation and advertisements. Kept to `usage` as "
        "the bytes are. Needs the extra `text` (501 `not_installed` without it); `text` is null where there is none.",
        responses={
            403: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description=WITHHELD),
            422: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="`unreadable`: beyond the limits"),
            501: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="`not_installed`: the extra is missing"),
            503: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="Not uploaded yet, or too many readers"),
        },
    )
    async def get_page_text(
        page_id: PageId,
        purpose: Annotated[Purpose, Parameter(description="What the text is wanted for.")] = Purpose.ANY,
    ) -> Response[PageText]:
        page = await page_of(page_id)
        return Response(PageText(page_id, page.url, await archived.text(page, purpose)), headers=dict(LONG))

    return [look_up_url, look_up_urls, get_page, get_page_history, get_page_content, get_page_text]


FOREIGN_CONTENT: dict[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Somebody else's page under our address must run nothing and load nothing."""
