"""A whole fetch: one hop after the other until there is an answer that is no redirect.

Redirects belong to the client library, not to the fetcher, so that each hop waits in the queue of its own domain. After
every hop the caller is asked whether it knows the next URL already, and then nothing more is fetched. A redirect is
followed as soon as its head is known, or as much of its body as may tell.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

from msgspec import structs

from fetchers.body.chunks import NO_CHUNKS, Chunks, OpenHop
from fetchers.client.attribute_url import as_utf_8, attribute_url
from fetchers.client.refresh_element import SEARCHED_BYTES, find_refresh
from fetchers.errors import BrokenOff
from fetchers.media_type import said_type
from fetchers.model import Ended, Ending, FetchResult, Hop, HopRequest, HopResult, Response
from fetchers.redirect_target import (
    REDIRECTS,
    as_sent,
    is_same_page,
    location_of,
    redirect_target,
    refresh_in_head,
    refresh_target,
    resolve,
)
from fetchers.urls import redacted
from groundwork.log_fields import bind

MOST_SHOWN = 200
"""Characters of a header in a reason, which is stored and told."""
Knows = Callable[[str], Awaitable[bool]]
"""Does the caller know this URL already (so that it must not be fetched)?"""


async def fetch(
    request: HopRequest,
    open_hop: OpenHop,
    *,
    knows: Knows | None = None,
    most_redirects: int = 20,
    patience: float = 0.0,
) -> FetchResult:
    """`open_fetch` with the whole body; `patience` in seconds."""
    opened = open_fetch(request, open_hop, knows=knows, most_redirects=most_redirects, patience=patience)
    async with opened as (result, chunks):
        if isinstance(result.outcome, Response):
            return FetchResult(result.url, result.hops, await chunks.whole())
        return result


@asynccontextmanager
async def open_fetch(
    request: HopRequest,
    open_hop: OpenHop,
    *,
    knows: Knows | None = None,
    most_redirects: int = 20,
    patience: float = 0.0,
) -> AsyncIterator[tuple[FetchResult, Chunks]]:
    """Fetch `request.url` and follow its redirects: `async with open_fetch(…) as (result, chunks)`, where a `Response`
    as the outcome has its body in `chunks`.

    Validators (ETag …) are sent to the first URL only. Each further hop may wait for its turn until `start_by`, or for
    `patience` seconds where that is later.
    """
    trail = _Trail(request.url, most_redirects)
    while True:
        bind(hop=len(trail.hops))
        async with open_hop(request) as (head, chunks):
            outcome, hop = await _judge(head, chunks)
            if hop is None:
                yield FetchResult(request.url, trail.hops, outcome), chunks
                return
        ended = trail.go_on(*hop, outcome)
        url = hop[0]
        if ended is not None or (knows is not None and await knows(url)):
            yield FetchResult(url, trail.hops, ended), NO_CHUNKS
            return
        start_by = max(request.start_by, (hop[1].fetched_at or 0.0) + patience)
        request = structs.replace(request, url=url, etag=None, last_modified=None, start_by=start_by)


class _Trail:
    """The redirects followed so far, and whether the next one may be."""

    def __init__(self, url: str, most: int) -> None:
        self.hops: tuple[Hop, ...] = ()
        self._seen = {as_sent(url)}
        self._most = most

    def go_on(self, target: str, hop: Hop, answer: HopResult) -> Ended | None:
        """`hop`, which was `answer`, leads to `target`. None where it may be followed."""
        self.hops += (hop,)
        response = answer if isinstance(answer, Response) else None
        if as_sent(target) in self._seen:
            return Ended(Ending.REDIRECT_LOOP, f"it redirects in a loop, back to {target}", response)
        if len(self.hops) > self._most:
            return Ended(Ending.TOO_MANY_REDIRECTS, f"it redirects more than {self._most} times", response)
        self._seen.add(as_sent(target))
        return None


async def _judge(head: HopResult, chunks: Chunks) -> tuple[HopResult, tuple[str, Hop] | None]:
    """What came of a hop, and where it leads, if it is a redirect."""
    if not isinstance(head, Response):
        return head, None
    followed = next_hop(head)
    if followed is not None:
        return head, followed
    if _names_none(head):
        shown = redacted(location_of(head) or "")[:MOST_SHOWN]
        reason = f"it redirects to {shown!r}, which is no URL that can be asked for"
        return Ended(Ending.PROTOCOL_ERROR, reason, head), None
    in_doubt = may_lead_on(head)
    try:
        beginning = await chunks.beginning(SEARCHED_BYTES if in_doubt else 1)
    except BrokenOff as error:
        return error.ended, None
    return head, next_hop(structs.replace(head, body=beginning)) if in_doubt else None


def may_lead_on(head: Response) -> bool:
    """Whether an answer with that head may prove to be a redirect once more of its body is there."""
    return 200 <= head.status_code < 300 and head.header("refresh") is None and _is_html(head)


def _names_none(result: Response) -> bool:
    """A redirect that leads to what is no URL; only for an answer without a `next_hop`."""
    return result.status_code in REDIRECTS and location_of(result) is not None


def next_hop(response: Response) -> tuple[str, Hop] | None:
    """Where the answer leads and how: `Location`, a `Refresh` header, a meta refresh."""
    target = redirect_target(response)
    if target is not None:
        return target, _hop(response, "location")
    if not 200 <= response.status_code < 300:
        return None
    if response.header("refresh") is not None:
        target = refresh_in_head(response)
        return None if target is None else (target, _hop(response, "refresh"))
    target = meta_refresh(response)
    if target is None or is_same_page(target, response.url):
        return None
    return target, _hop(response, "meta_refresh")


def _hop(response: Response, by: Literal["location", "refresh", "meta_refresh"]) -> Hop:
    return Hop(
        response.url,
        response.status_code,
        by,
        response.address,
        response.fetched_at,
        response.elapsed,
        response.timings,
        response.robots_rule,
    )


def meta_refresh(response: Response) -> str | None:
    """The target of a meta refresh in the first 64 KB of an HTML page, relative to its base; no parse."""
    if not _is_html(response):
        return None
    body = as_utf_8(response.body)
    refresh = find_refresh(body)
    if refresh is None:
        return None
    base = response.url
    if refresh.base is not None:
        base = resolve(attribute_url(refresh.base, body, response.content_type), base) or base
    return refresh_target(attribute_url(refresh.content, body, response.content_type), base)


def _is_html(response: Response) -> bool:
    return "html" in (said_type(response.headers) or "text/html")
