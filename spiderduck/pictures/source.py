"""The image pipelines' `Source` port, served by the fetching service: pictures obey the same politeness as pages.

Bytes are handed on while they come, so that a large picture is held once, shows previews while it loads, and of a
download that breaks off the pipeline keeps what came and asks only for the rest.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

from fetchers.body.chunks import Chunks
from fetchers.body.limits import announced_length, encodings_of
from fetchers.errors import BrokenOff, InvalidUrl
from fetchers.model import Ended, HopRequest, NotNow, Response
from fetchers.politeness.back_off import parse_retry_after
from fetchers.urls import parse
from groundwork.clock import Clock
from imagepipe.errors import SourceFailed
from imagepipe.originals.freshness import fresh_seconds, storage
from imagepipe.originals.source_rules import admits
from imagepipe.ports import SourceEnded, SourceResponse, Wanted
from spiderduck.fetching import FetchThroughClient, OffTheList

PICTURE_ACCEPT = "image/avif,image/webp,image/*,*/*;q=0.8"


def _is_on_lists(hosts: tuple[tuple[str, ...], ...], url: str) -> bool:
    return admits(url, hosts)


class FetcherSource:
    """See the module."""

    def __init__(self, fetch: FetchThroughClient, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock

    async def fetch(self, wanted: Wanted) -> SourceResponse | SourceEnded:
        try:
            url = parse(wanted.url)
        except InvalidUrl as error:
            return SourceEnded("invalid_url", str(error))
        admits = partial(_is_on_lists, wanted.hosts)
        async with AsyncExitStack() as stack:
            try:
                opened = self._fetch.open(_request(url, wanted), admits)
                result, chunks = await stack.enter_async_context(opened)
            except OffTheList:
                return SourceEnded("source_not_allowed", "the picture's server redirects to a host that is not allowed")
            outcome = result.outcome
            if isinstance(outcome, Response) and outcome.status_code in (200, 206, 304):
                return self._answer(outcome, _Pieces(chunks, stack.pop_all()))
            return self._ended(outcome)

    def _ended(self, outcome: Response | Ended | NotNow | None) -> SourceEnded:
        assert outcome is not None, "nobody said that the target is known"
        if isinstance(outcome, NotNow):
            return SourceEnded("late", outcome.reason, outcome.until)
        if isinstance(outcome, Ended):
            return SourceEnded(outcome.ending.value, outcome.reason)
        retry = parse_retry_after(outcome.header("retry-after"), self._clock.now())
        until = None if retry is None else self._clock.now() + retry
        status = outcome.status_code
        return SourceEnded("http_error", f"its server answered {status}", outcome.retry_at or until, status)

    def _answer(self, response: Response, chunks: AsyncIterator[bytes]) -> SourceResponse:
        start, total = content_range(response.header("content-range"))
        as_sent = encodings_of(response.headers) in ("", "identity")
        return SourceResponse(
            status=response.status_code,
            chunks=chunks,
            content_type=response.header("content-type") or "",
            start=start,
            total=total if response.status_code == 206 else announced_length(response),
            etag=response.header("etag"),
            last_modified=response.header("last-modified"),
            # A range would be one of the encoded bytes; those that are here are decoded.
            accept_ranges=as_sent and (response.header("accept-ranges") or "").lower() == "bytes",
            fresh_seconds=freshness(response, self._clock.now()),
            storage=storage(response.header("cache-control")),
        )


def _request(url: str, wanted: Wanted) -> HopRequest:
    validator = wanted.etag or wanted.last_modified
    return HopRequest(
        url,
        start_by=wanted.deadline,
        deadline=wanted.deadline,
        accept=PICTURE_ACCEPT,
        max_bytes=wanted.max_bytes,
        purpose="picture",
        byte_range=f"bytes={wanted.resume_from}-" if wanted.resume_from else None,
        if_range=validator if wanted.resume_from else None,
        etag=None if wanted.resume_from else wanted.etag,
        last_modified=None if wanted.resume_from else wanted.last_modified,
    )


def freshness(response: Response, now: float) -> float | None:
    """How long its origin lets a picture be used without being asked again."""
    return fresh_seconds(response.header("cache-control"), response.header("expires"), now, response.header("age"))


class _Pieces(AsyncIterator[bytes]):
    """The body as the pipeline reads it, which closes it too."""

    def __init__(self, chunks: Chunks, fetch: AsyncExitStack) -> None:
        self._chunks = chunks
        self._fetch = fetch

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._chunks)
        except BrokenOff as error:
            raise SourceFailed(str(error), error.ended.ending.value) from error

    async def aclose(self) -> None:
        await self._fetch.aclose()


def content_range(value: str | None) -> tuple[int, int | None]:
    """`bytes 100-199/1000` → 100, 1000 (RFC 9110, section 14.4); -1, behind which nothing fits, where it is none."""
    if value is None:
        return 0, None
    unit, _, rest = value.strip().partition(" ")
    span, _, total = rest.partition("/")
    start = span.partition("-")[0].strip()
    if unit.lower() != "bytes" or not (start.isascii() and start.isdigit()):
        return -1, None
    return int(start), int(total) if total.strip().isdigit() else None
