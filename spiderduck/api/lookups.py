"""Looking up what is known of URLs and pages: `/v1/urls` and `/v1/pages`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter

from schedulers.links import identify
from schedulers.model import Known, Message, Page, Status, UrlState
from schedulers.record import Record, record_of, unknown_record
from spiderduck.api.browsers import OWN_PAGES
from spiderduck.api.keys import READ, WRITE, guard_of
from spiderduck.api.parameters import PAGE_ID, whole_number
from spiderduck.api.problems import ANY_BYTES, PROBLEM_TYPE, Problem, problem
from spiderduck.api.services import Services
from spiderduck.content.ports import NotUploadedYet
from spiderduck.subscriptions.ports import Filter

MOST_IN_BATCH = 1000
ON_THEIR_WAY = frozenset({Status.PENDING.value, Status.UNKNOWN.value})
MOST_VERSIONS = 100
STALE_SECONDS = 300
"""A URL that has been pending for longer is sent in again where it is asked for with `schedule`."""
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
    """The versions of a page, the newest first."""

    versions: list[Record]


class Asked:
    """One URL of a request: as it is stored, and its key."""

    __slots__ = ("key", "problem", "url")

    def __init__(self, text: str) -> None:
        link = identify(text)
        self.url, self.key = link.url, link.key
        self.problem = None if link.invalid is None else link.invalid.reason

    def record(self, known: Known) -> Record:
        """What is known, under the URL that was asked for."""
        if known.state is not None:
            return record_of(replace(known.state, url=self.url), known.page)
        if self.problem is not None:
            return record_of(UrlState(self.key, self.url, Status.INVALID_URL, reason=self.problem), None)
        return unknown_record(self.url, self.key)


def lookup_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    lookups = services.lookups

    async def records(asked: Sequence[Asked]) -> list[Record]:
        known = await lookups.known([one.key for one in asked])
        return [one.record(found) for one, found in zip(asked, known, strict=True)]

    async def records_when_there(asked: Sequence[Asked], wait_ms: int) -> list[Record]:
        subscription = await services.subscriptions.open(None, Filter())
        try:
            found = await records(asked)
            async with asyncio.timeout(min(wait_ms, services.config.api.most_wait_ms) / 1000):
                while any(record.status in ON_THEIR_WAY for record in found):
                    await subscription.receive(500)
                    found = await records(asked)
        except TimeoutError:
            found = await records(asked)
        finally:
            await subscription.close()
        return found

    async def schedule_unknown(asked: Sequence[Asked]) -> None:
        most = services.config.schedulers.most_urls
        known = await lookups.known([one.key for one in asked])
        stale = services.clock.now() - STALE_SECONDS
        sent_in = [
            one
            for one, found in zip(asked, known, strict=True)
            if one.problem is None and (found.state is None or _is_lost(found.state, stale))
        ]
        unknown = [one.url for one in sent_in]
        if unknown:
            await services.queue.publish(
                [
                    Message(msgspec.json.encode({"urls": unknown[start : start + most]}), f"lookup:{token_hex(16)}")
                    for start in range(0, len(unknown), most)
                ]
            )
        for one in sent_in:
            await services.marks.mark(UrlState(one.key, one.url, Status.PENDING))  # after, as for events

    @get("/v1/urls", opt={"scope": READ, OWN_PAGES: "schedule"}, tags=["look-ups"], summary="One URL's record")
    async def look_up_url(
        url: Annotated[str, Parameter(description="The URL, percent-encoded.")],
        request: Request[Any, Any, Any],
        wait_ms: Annotated[int, Parameter(ge=0, description="Wait so long for a URL that is on its way.")] = 0,
        schedule: Annotated[
            bool, Parameter(description="Send it in as an event first, where it is unknown. Needs the scope `write`.")
        ] = False,
    ) -> Record:
        asked = [Asked(url)]
        if schedule:
            guard_of(request).require(request, WRITE)
            await schedule_unknown(asked)
        return (await records_when_there(asked, wait_ms) if wait_ms else await records(asked))[0]

    @post(
        "/v1/urls/batch", status_code=200, opt={"scope": READ}, tags=["look-ups"], summary="Up to 1,000 URLs' records"
    )
    async def look_up_urls(data: JSONBody[Batch], request: Request[Any, Any, Any]) -> Results:
        if data.schedule:
            guard_of(request).require(request, WRITE)
        asked = [Asked(url) for url in data.urls]
        if data.schedule:
            await schedule_unknown(asked)
        return Results(await (records_when_there(asked, data.wait_ms) if data.wait_ms else records(asked)))

    async def page_of(page_id: str) -> Page:
        page = await lookups.page(whole_number(page_id, "the page id"))
        if page is None:
            raise NotFoundException(f"there is no page {page_id}; page ids stand in a URL's record (GET /v1/urls?url=)")
        return page

    @get("/v1/pages/{page_id:str}", opt={"scope": READ}, tags=["look-ups"], summary="One fetched version of a page")
    async def get_page(page_id: PageId) -> Record:
        return _page_record(await page_of(page_id))

    @get("/v1/pages/{page_id:str}/history", opt={"scope": READ}, tags=["look-ups"], summary="All versions of that page")
    async def get_page_history(page_id: PageId) -> History:
        page = await page_of(page_id)
        versions = await lookups.history(page.key, MOST_VERSIONS)
        return History([_page_record(version) for version in versions])

    @get(
        "/v1/pages/{page_id:str}/content",
        opt={"scope": READ},
        tags=["look-ups"],
        summary="The bytes as archived",
        responses={200: ANY_BYTES, 503: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="Not uploaded yet")},
    )
    async def get_page_content(page_id: PageId) -> Response[bytes]:
        page = await page_of(page_id)
        found = None if page.archived is None else await services.archive.read(page.archived)
        if found is None:
            raise NotFoundException(f"the bytes of page {page_id} are not kept any more (retention.archive_days)")
        if isinstance(found, NotUploadedYet):
            detail = f"the bytes of page {page_id} are on their way to the archive; ask again soon"
            return problem(503, detail, "not_uploaded_yet", {"Retry-After": str(found.retry_after)})
        _, headers, body = found
        content_type = dict(headers).get("content-type", page.content.type)
        return Response(body, headers={**FOREIGN_CONTENT, "Content-Type": content_type})

    return [look_up_url, look_up_urls, get_page, get_page_history, get_page_content]


FOREIGN_CONTENT: dict[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Somebody else's page under our address must run nothing and load nothing."""


def _is_lost(state: UrlState, stale: float) -> bool:
    """Whether the URL was said to be on its way so long ago that nobody may be at work on it. Where somebody is, one
    more share of it costs a look-up, and the mark is young again."""
    return state.status is Status.PENDING and state.page_id is None and (state.marked_at or 0.0) < stale


def _page_record(page: Page) -> Record:
    state = UrlState(page.key, page.url, Status.FETCHED, page_id=page.id)
    return record_of(state, page)
