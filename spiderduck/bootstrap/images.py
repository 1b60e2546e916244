"""Pictures in the product: the image pipeline, whose source is the fetcher, so that pictures obey the same politeness.

Two ports meet here: the schedulers' `Pictures` (measure a page's picture and keep its bytes) served with the
pipelines, and the pipelines' `Source` served with the fetching service.
"""

import logging
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from fetchers.errors import InvalidUrl
from fetchers.model import Ended, HopRequest, NotNow
from fetchers.retry_after import parse_retry_after
from fetchers.urls import parse
from imagepipe.codecs.registry import installed
from imagepipe.errors import ImageError
from imagepipe.memory import tune_allocator
from imagepipe.ports import SourceEnded, SourceResponse, Wanted
from imagepipe.registry import Registry
from imagepipe.rendering.probe import probe
from imagepipe.service.app import route_handlers
from schedulers.ports import Clock, Pictures
from spiderduck.api.keys import ADMIN, KeyGuard
from spiderduck.bootstrap.bridges import FetchThroughClient, MeasuredPicture
from spiderduck.bootstrap.keys import bearer
from spiderduck.config import Config

log = logging.getLogger(__name__)

PICTURE_ACCEPT = "image/avif,image/webp,image/*,*/*;q=0.8"
CARDS = "cards"


HAND_OVER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ImageParts:
    """The schedulers' way to the pictures, and the calls that serve them."""

    pictures: Pictures
    routes: Sequence[Any] = ()


class FetcherSource:
    """The pipelines' `Source` port."""

    def __init__(self, fetch: FetchThroughClient, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock

    async def fetch(self, wanted: Wanted) -> SourceResponse | SourceEnded:
        try:
            url = parse(wanted.url)
        except InvalidUrl as error:
            return SourceEnded("invalid_url", str(error))
        result = await self._fetch.direct(_request(url, wanted))
        outcome = result.outcome
        if isinstance(outcome, NotNow):
            return SourceEnded("late", outcome.reason, outcome.until)
        if outcome is None or isinstance(outcome, Ended):
            reason = "it was not fetched" if outcome is None else outcome.reason
            return SourceEnded("failed" if outcome is None else outcome.ending.value, reason)
        if outcome.status_code not in (200, 206, 304):
            retry = parse_retry_after(outcome.header("retry-after"), self._clock.now())
            until = None if retry is None else self._clock.now() + retry
            return SourceEnded("http_error", f"its server answered {outcome.status_code}", outcome.retry_at or until)
        start, total = _content_range(outcome.header("content-range"))
        return SourceResponse(
            status=outcome.status_code,
            chunks=_once(outcome.body),
            content_type=outcome.header("content-type") or "",
            start=start,
            total=total if outcome.status_code == 206 else len(outcome.body),
            etag=outcome.header("etag"),
            last_modified=outcome.header("last-modified"),
            accept_ranges=(outcome.header("accept-ranges") or "").lower() == "bytes",
            fresh_seconds=_max_age(outcome.header("cache-control")),
        )


class CardPictures:
    """The schedulers' `Pictures` port: the bytes go where `/images/cards` finds them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def take(self, url: str, body: bytes) -> MeasuredPicture | None:
        try:
            info = probe(body)
            await self._registry[CARDS].put(url, body)
        except ImageError:
            return None  # what is no picture has no size; the card goes without
        return MeasuredPicture(info.width, info.height, self._registry.codecs.recognise(body).content_type)


class HandedOver:
    """The schedulers' `Pictures` port where the pipelines run elsewhere: measured here, the bytes go there.

    A service that is away costs nothing but a second fetch of the picture, when it is first shown.
    """

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = f"{url.rstrip('/')}/images/{CARDS}/store" if url else None
        self._http = http
        self._codecs = installed()

    async def take(self, url: str, body: bytes) -> MeasuredPicture | None:
        try:
            info = probe(body)
            content_type = self._codecs.recognise(body).content_type
        except ImageError:
            return None
        if self._url is not None:
            await self._hand_over(self._url, url, body, content_type)
        return MeasuredPicture(info.width, info.height, content_type)

    async def _hand_over(self, to: str, url: str, body: bytes, content_type: str) -> None:
        try:
            answer = await self._http.put(to, params={"src": url}, content=body, headers={"content-type": content_type})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.info("the image service did not take %s: %s", url, error)


async def open_images(
    folder: Path,
    fetch: FetchThroughClient,
    clock: Clock,
    config: Config,
    parts: frozenset[str],
    stack: AsyncExitStack,
) -> ImageParts:
    """The pipelines over `folder`, closed with `stack`; or the way to those of another process."""
    # Pillow warns of odd pictures that it reads all the same; each is somebody else's, and none is news.
    warnings.filterwarnings("ignore", module="PIL")
    if "images" not in parts:
        http = httpx.AsyncClient(trust_env=False, timeout=HAND_OVER_SECONDS, headers=bearer(config))
        stack.push_async_callback(http.aclose)
        return ImageParts(HandedOver(config.images.url, http))
    tune_allocator()
    registry = Registry(FetcherSource(fetch, clock), folder=folder, clock=clock)
    await stack.enter_async_context(registry)
    keys = KeyGuard(config.api.keys)

    def administrators_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        keys.require(connection, ADMIN)

    guard = administrators_only if config.api.keys else None
    return ImageParts(CardPictures(registry), route_handlers(registry, loopback=config.on_loopback, guard=guard))


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


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _content_range(value: str | None) -> tuple[int, int | None]:
    """`bytes 100-199/1000` → 100, 1000 (RFC 9110, section 14.4)."""
    if value is None or not value.lower().startswith("bytes "):
        return 0, None
    span, _, total = value[6:].partition("/")
    start = span.partition("-")[0].strip()
    return int(start) if start.isdigit() else 0, int(total) if total.strip().isdigit() else None


def _max_age(value: str | None) -> float | None:
    for part in (value or "").lower().split(","):
        name, _, seconds = part.strip().partition("=")
        if name == "max-age" and seconds.isdigit():
            return float(seconds)
    return None
