"""Pictures in the product: the image pipeline, whose source is the fetcher, so that pictures obey the same politeness.

The schedulers' `Pictures` (measure a page's picture and keep its bytes) are served with the pipelines; these have the
fetching service for their source (`pictures/source.py`) and the archive for a cache beside (`pictures/archived.py`).
"""

import logging
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import httpx

from groundwork.clock import Clock
from groundwork.workers.interface import Workers
from imagepipe.config import ImagesConfig
from imagepipe.ports import AdditionalCache
from imagepipe.registry import Extensions, Registry
from imagepipe.service.app import route_handlers
from imagepipe.settings import additional_caches, complete
from imagepipe.workers import isolated_workers, threaded_workers
from schedulers.ports import Pictures
from spiderduck.api.app import browser_rules
from spiderduck.api.front.client_address import read_networks
from spiderduck.api.front.keys import ADMIN, READ, ScopeGuard
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.fetching import Fetching
from spiderduck.bootstrap.keys import bearer, signing_key
from spiderduck.bootstrap.storage import Storage, Work
from spiderduck.lists.watching import Lists
from spiderduck.lists.withheld_pictures import WithheldPictures
from spiderduck.pictures.access import NoRecords, Owners, PictureAccess, RecordsOfApi, StoredRecords
from spiderduck.pictures.archived import ArchivedPictures
from spiderduck.pictures.measuring import CardPictures, HandedOver
from spiderduck.pictures.purging import PipelineCaches
from spiderduck.pictures.source import FetcherSource
from spiderduck.takedowns.ports import Caches
from spiderduck.takedowns.remote import FollowingApi

log = logging.getLogger(__name__)

HAND_OVER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ImageParts:
    """The schedulers' way to the pictures, the calls that serve them, and the keys that sign their addresses."""

    pictures: Pictures
    routes: Sequence[Any] = ()
    keys: Sequence[str] = ()
    caches: Caches | None = None
    work: tuple[Work, ...] = ()
    registry: Registry | None = None


async def open_images(given: Composition, fetching: Fetching, storage: Storage) -> ImageParts:
    """The pipelines; or the way to those of another process."""
    # Pillow warns of odd pictures that it reads all the same; each is somebody else's, and none is news.
    warnings.filterwarnings("ignore", module="PIL")
    config, clock, stack = given.config, given.clock, given.stack
    if "images" not in given.parts:
        http = httpx.AsyncClient(trust_env=False, timeout=HAND_OVER_SECONDS, headers=bearer(config, ADMIN))
        stack.push_async_callback(http.aclose)
        workers = _measuring(config.images, stack)
        stack.push_async_callback(workers.close)
        return ImageParts(HandedOver(config.images.url, http, workers, config.images.limits))
    settings = complete(config.images)
    if not settings.keys:
        settings = replace(settings, keys=(signing_key(given.folder),))
    registry = Registry(
        FetcherSource(fetching.fetch, clock),
        settings,
        folder=given.folder / "images",
        workers=isolated_workers(settings) if settings.isolate else None,
        extensions=Extensions(_beside(settings, _archived(storage, clock))),
        clock=clock,
    )
    await stack.enter_async_context(registry)
    caches, lists = PipelineCaches(registry, clock), fetching.blocking.lists
    owners, work = await _owners(given, storage, lists, caches)
    proxies = read_networks(config.api.trusted_proxies)
    access = PictureAccess(owners, fetching.blocking.blocked, proxies, browser_rules(config))
    handlers = route_handlers(registry, loopback=config.on_loopback, guard=ScopeGuard(ADMIN), access=access)
    return ImageParts(CardPictures(registry), handlers, settings.keys, caches, work, registry)


def _measuring(settings: ImagesConfig, stack: AsyncExitStack) -> Workers:
    """Who measures pictures where no pipelines run."""
    if settings.isolate:
        return isolated_workers(settings)
    executor = ThreadPoolExecutor(1, "measuring")
    stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    return threaded_workers(settings, executor, 1)


async def _owners(
    given: Composition, storage: Storage, lists: Lists, caches: PipelineCaches
) -> tuple[Owners, tuple[Work, ...]]:
    """The store where it is at hand, else the API, else nobody."""
    if storage.api is not None:
        store = storage.api.store
        return StoredRecords(store, WithheldPictures(store, lists, given.clock)), ()
    if not given.config.images.api_url:
        log.warning("images.api_url is empty: without a signature, pictures of records are only served from the caches")
        return NoRecords(), ()
    http = await given.stack.enter_async_context(httpx.AsyncClient(trust_env=False, headers=bearer(given.config, READ)))
    url = given.config.images.api_url
    following = FollowingApi(url, http, lists.takedowns, caches, given.clock)
    return RecordsOfApi(url, http, given.clock, lists), (("takedowns", following.run),)


def _archived(storage: Storage, clock: Clock) -> ArchivedPictures | None:
    """Pictures that were fetched as pages, where this process can read the archive."""
    return None if storage.api is None else ArchivedPictures(storage.api.store, storage.api.content, clock)


def _beside(settings: ImagesConfig, archived: ArchivedPictures | None) -> dict[str, list[AdditionalCache]]:
    """The archive first, where it is at hand: it is our own, and of this very picture."""
    first: list[AdditionalCache] = [] if archived is None else [archived]
    return {name: [*first, *others] for name, others in additional_caches(settings).items()}
