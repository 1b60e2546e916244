"""The image pipelines' `Source` port, served by the fetching service: pictures obey the same politeness as pages.

A download that broke off is handed on as far as it came, so that the pipeline keeps it and asks only for the rest.
"""

from collections.abc import AsyncIterator

from fetchers.errors import InvalidUrl
from fetchers.model import Ended, Ending, FetchResult, HopRequest, NotNow, Response
from fetchers.retry_after import parse_retry_after
from fetchers.urls import parse
from imagepipe.errors import SourceFailed
from imagepipe.freshness import fresh_seconds
from imagepipe.ports import SourceEnded, SourceResponse, Wanted
from schedulers.ports import Clock
from spiderduck.bootstrap.bridges import FetchThroughClient

PICTURE_ACCEPT = "image/avif,image/webp,image/*,*/*;q=0.8"


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
        result: FetchResult = await self._fetch.direct(_request(url, wanted))
        outcome = result.outcome
        if outcome is None:
            return SourceEnded("failed", "it was not fetched")
        if isinstance(outcome, NotNow):
            return SourceEnded("late", outcome.reason, outcome.until)
        if isinstance(outcome, Ended):
            return self._ended(outcome)
        if outcome.status_code not in (200, 206, 304):
            retry = parse_retry_after(outcome.header("retry-after"), self._clock.now())
            until = None if retry is None else self._clock.now() + retry
            return SourceEnded("http_error", f"its server answered {outcome.status_code}", outcome.retry_at or until)
        return self._answer(outcome, len(outcome.body), _whole(outcome.body))

    def _ended(self, outcome: Ended) -> SourceResponse | SourceEnded:
        begun = outcome.response
        if begun is None or not begun.truncated or begun.status_code not in (200, 206):
            return SourceEnded(outcome.ending.value, outcome.reason)
        return self._answer(begun, _announced(begun), _beginning(begun.body, outcome.ending, outcome.reason))

    def _answer(self, response: Response, length: int | None, chunks: AsyncIterator[bytes]) -> SourceResponse:
        start, total = content_range(response.header("content-range"))
        as_sent = (response.header("content-encoding") or "identity").lower() == "identity"
        return SourceResponse(
            status=response.status_code,
            chunks=chunks,
            content_type=response.header("content-type") or "",
            start=start,
            total=total if response.status_code == 206 else length,
            etag=response.header("etag"),
            last_modified=response.header("last-modified"),
            # A range would be one of the encoded bytes; those that are here are decoded.
            accept_ranges=as_sent and (response.header("accept-ranges") or "").lower() == "bytes",
            fresh_seconds=freshness(response, self._clock.now()),
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
    return fresh_seconds(response.header("cache-control"), response.header("expires"), now)


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _beginning(body: bytes, ending: Ending, reason: str) -> AsyncIterator[bytes]:
    yield body
    raise SourceFailed(reason, ending.value)


def _announced(response: Response) -> int | None:
    length = response.header("content-length") or ""
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None


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
