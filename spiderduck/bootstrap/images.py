"""Pictures in the product: the image pipeline, whose source is the fetcher, so that pictures obey the same politeness.

The schedulers' `Pictures` (measure a page's picture and keep its bytes) are served with the pipelines; these have the
fetching service for their source (`picture_source.py`) and the archive for a cache beside (`archived_pictures.py`).
"""

import asyncio
import logging
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from fetchers.model import Response
from groundwork.clock import Clock
from groundwork.workers.interface import Workers
from imagepipe.config import ImagesConfig, PictureLimits
from imagepipe.errors import ImageError
from imagepipe.ports import AdditionalCache
from imagepipe.registry import Registry
from imagepipe.rendering.placeholder import Placeholder
from imagepipe.service.app import route_handlers
from imagepipe.settings import additional_caches, complete
from imagepipe.workers import PLACEHOLDER, isolated_workers, run_measured, threaded_workers
from schedulers.ports import Pictures
from spiderduck.api.app import browser_rules
from spiderduck.api.client_address import read_networks
from spiderduck.api.keys import ADMIN, READ, ScopeGuard
from spiderduck.bootstrap.archived_pictures import ArchivedPictures
from spiderduck.bootstrap.backing import Backing
from spiderduck.bootstrap.bridges import MeasuredPicture
from spiderduck.bootstrap.fetching import Fetching
from spiderduck.bootstrap.keys import bearer, signing_key
from spiderduck.bootstrap.picture_access import NoRecords, Owners, PictureAccess, RecordsOfApi, StoredRecords
from spiderduck.bootstrap.picture_source import FetcherSource, freshness
from spiderduck.config import Config

log = logging.getLogger(__name__)

CARDS = "cards"
HAND_OVER_SECONDS = 10.0
MEASURED_AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class ImageParts:
    """The schedulers' way to the pictures, the calls that serve them, and the keys that sign their addresses."""

    pictures: Pictures
    routes: Sequence[Any] = ()
    keys: Sequence[str] = ()


class CardPictures:
    """The schedulers' `Pictures` port: the bytes go where `/images/cards` finds them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def take(self, url: str, response: Response) -> MeasuredPicture | None:
        cards = self._registry[CARDS]
        try:
            await cards.put(
                url,
                response.body,
                response.header("content-type") or "",
                etag=response.header("etag"),
                last_modified=response.header("last-modified"),
                fresh_seconds=freshness(response, response.fetched_at),
            )
            return _measured(await cards.placeholder(url))
        except ImageError:
            return None  # what is no picture has no size; the card goes without


class HandedOver:
    """The schedulers' `Pictures` port where the pipelines run elsewhere: measured here, the bytes go there.

    A service that is away costs nothing but a second fetch of the picture, when it is first shown.
    """

    def __init__(self, url: str, http: httpx.AsyncClient, workers: Workers, limits: PictureLimits) -> None:
        self._url = f"{url.rstrip('/')}/images/{CARDS}/store" if url else None
        self._http = http
        self._workers = workers
        self._limits = limits
        self._at_a_time = asyncio.Semaphore(MEASURED_AT_A_TIME)

    async def take(self, url: str, response: Response) -> MeasuredPicture | None:
        body = response.body
        try:
            async with self._at_a_time:  # the others wait here, where none is refused
                found = await run_measured(self._workers, PLACEHOLDER, body, limits=self._limits)
        except ImageError:
            return None
        if self._url is not None:
            await self._hand_over(self._url, url, body, found.content_type)
        return _measured(found)

    async def _hand_over(self, to: str, url: str, body: bytes, content_type: str) -> None:
        try:
            answer = await self._http.put(to, params={"src": url}, content=body, headers={"content-type": content_type})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.info("the image service did not take %s: %s", url, error)


def _measured(found: Placeholder) -> MeasuredPicture:
    info = found.info
    return MeasuredPicture(
        info.width, info.height, found.content_type, found.length, found.colour, found.blurhash, found.thumbhash
    )


async def open_images(
    folder: Path,
    fetching: Fetching,
    clock: Clock,
    config: Config,
    parts: frozenset[str],
    backing: Backing,
    stack: AsyncExitStack,
) -> ImageParts:
    """The pipelines over `folder`, closed with `stack`; or the way to those of another process."""
    # Pillow warns of odd pictures that it reads all the same; each is somebody else's, and none is news.
    warnings.filterwarnings("ignore", module="PIL")
    if "images" not in parts:
        http = httpx.AsyncClient(trust_env=False, timeout=HAND_OVER_SECONDS, headers=bearer(config, ADMIN))
        stack.push_async_callback(http.aclose)
        workers = _measuring(config.images, stack)
        stack.push_async_callback(workers.close)
        return ImageParts(HandedOver(config.images.url, http, workers, config.images.limits))
    settings = complete(config.images)
    if not settings.keys:
        settings = replace(settings, keys=(signing_key(folder.parent),))
    registry = Registry(
        FetcherSource(fetching.fetch, clock),
        settings,
        folder=folder,
        isolated=isolated_workers(settings) if settings.isolate else None,
        additional=_beside(settings, _archived(backing, clock)),
        clock=clock,
    )
    await stack.enter_async_context(registry)
    owners = await _owners(config, backing, clock, stack)
    proxies = read_networks(config.api.trusted_proxies)
    access = PictureAccess(owners, fetching.blocked, proxies, browser_rules(config))
    handlers = route_handlers(registry, loopback=config.on_loopback, guard=ScopeGuard(ADMIN), access=access)
    return ImageParts(CardPictures(registry), handlers, settings.keys)


def _measuring(settings: ImagesConfig, stack: AsyncExitStack) -> Workers:
    """Who measures pictures where no pipelines run."""
    if settings.isolate:
        return isolated_workers(settings)
    executor = ThreadPoolExecutor(1, "measuring")
    stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    return threaded_workers(settings, executor, 1)


async def _owners(config: Config, backing: Backing, clock: Clock, stack: AsyncExitStack) -> Owners:
    """The store where it is at hand, else the API, else nobody."""
    if backing.api is not None:
        return StoredRecords(backing.api.store)
    if not config.images.api_url:
        log.warning("images.api_url is empty: without a signature, pictures of records are only served from the caches")
        return NoRecords()
    http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, headers=bearer(config, READ)))
    return RecordsOfApi(config.images.api_url, http, clock)


def _archived(backing: Backing, clock: Clock) -> ArchivedPictures | None:
    """Pictures that were fetched as pages, where this process can read the archive."""
    return None if backing.api is None else ArchivedPictures(backing.api.store, backing.api.content, clock)


def _beside(settings: ImagesConfig, archived: ArchivedPictures | None) -> dict[str, list[AdditionalCache]]:
    """The archive first, where it is at hand: it is our own, and of this very picture."""
    first: list[AdditionalCache] = [] if archived is None else [archived]
    return {name: [*first, *others] for name, others in additional_caches(settings).items()}
