"""The pipelines by name, and what they share: global limits, workers, idle work, the source. Builds and closes them."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from groundwork.clock import Clock, SystemClock
from groundwork.workers.interface import Workers
from imagepipe.admin import Admin
from imagepipe.background import Background
from imagepipe.codecs.registry import Codecs, installed
from imagepipe.config import ImagesConfig, PipelineConfig, TierLimits, default_config
from imagepipe.errors import UnknownPipeline
from imagepipe.events import Events
from imagepipe.limiter import FairLimiter, FairLimits
from imagepipe.model import Original, VariantResult
from imagepipe.originals.load import Loader, LoadRules
from imagepipe.originals.lookup import Originals, Places
from imagepipe.originals.partials import Partials
from imagepipe.originals.store import OriginalStore
from imagepipe.pipeline import Pipeline
from imagepipe.ports import AdditionalCache, Observer, Source
from imagepipe.tiers.disk import DiskTier, FileAccess, OnDisk
from imagepipe.tiers.encoded import EncodedTier
from imagepipe.tiers.lru import Shared
from imagepipe.variants.cache import RenderedTier
from imagepipe.variants.idle import IdleWork
from imagepipe.variants.make import Variants
from imagepipe.variants.render import Renderer
from imagepipe.variants.turns import Turns
from imagepipe.workers import threaded_workers

_LEAST_SHARE = 2  # renders of one client at a time: two cores are not half idle while only one client asks
_QUEUE_SHARE = 2  # one client has at most half of the queue
_IO_THREADS = 2  # a disk answers in under a millisecond; more threads only wait in the same queue


@dataclass(frozen=True, slots=True)
class Extensions:
    """What others add: caches that a pipeline asks before the network, by its name; whoever is told of events; codecs
    beside or instead of those that are installed."""

    additional: Mapping[str, Sequence[AdditionalCache]] = field(default_factory=dict)
    observers: Sequence[Observer] = ()
    codecs: Codecs | None = None


class Registry:
    """All pipelines of a process. `async with` it, or `start()` and `close()`.

    `folder` holds the disk tiers (None = memory only). `workers` is who renders (`imagepipe.workers` makes them), or
    how many threads of its own do (None: as many as cores).
    """

    def __init__(
        self,
        source: Source,
        config: ImagesConfig | None = None,
        *,
        folder: Path | None = None,
        workers: Workers | int | None = None,
        extensions: Extensions | None = None,
        clock: Clock | None = None,
    ) -> None:
        extensions = extensions or Extensions()
        self.config = (config or default_config()).validate()
        self.codecs = extensions.codecs or installed()
        self.clock: Clock = clock or SystemClock()
        self._own: list[ThreadPoolExecutor] = []
        self._io = self._threads(_IO_THREADS, "imagepipe-io")
        self.workers = self._render_threads(workers) if workers is None or isinstance(workers, int) else workers
        self.renders = FairLimiter(_render_limits(self.config))
        turns = Turns(self.workers, self.renders)
        self._renderer = Renderer(turns, self.config.limits, self.codecs)
        self.seconds = self._renderer.seconds
        self.idle = IdleWork(self.clock, lambda: self.workers.active > 0)
        shared = self.config.global_tiers
        self.rendered_total: Shared[VariantResult] = Shared(shared.rendered)
        self.encoded_total: Shared[Original] = Shared(shared.encoded)
        self.disk_total: Shared[OnDisk] = Shared(shared.disk)
        self.partial_total: Shared[OnDisk] = Shared(_partial_limits(self.config))
        self._partial_memory: Shared[Original] = Shared(_partial_limits(self.config))
        self.disks: dict[str, DiskTier] = {}
        self.encoded: dict[str, EncodedTier] = {}
        self.partials: dict[str, DiskTier | EncodedTier] = {}
        self._partial_disks: list[DiskTier] = []
        self.limiter = FairLimiter(_load_limits(self.config))
        self._sharing: list[OriginalStore] = []
        self._writing, self._writing_partials = asyncio.Semaphore(_IO_THREADS), asyncio.Semaphore()
        self._source = source
        self._folder = folder
        self._observers = extensions.observers
        self._additional = {name: tuple(caches) for name, caches in extensions.additional.items()}
        self.pipelines = {
            each.name: self._pipeline(each, self._additional.get(each.name, ())) for each in self.config.pipelines
        }

    def __getitem__(self, name: str) -> Pipeline:
        """The pipeline of that name; `UnknownPipeline` if there is none."""
        try:
            return self.pipelines[name]
        except KeyError:
            raise UnknownPipeline(f"no pipeline {name!r}; there are: {', '.join(self.pipelines)}") from None

    @property
    def partial_shared(self) -> Shared[OnDisk] | Shared[Original]:
        """The limit over all partial downloads, wherever they are kept."""
        return self.partial_total if self._partial_disks else self._partial_memory

    async def start(self) -> None:
        """Begin to list what is on disk; the first answers do not wait for it."""
        for disk in (*self.disks.values(), *self._partial_disks):
            disk.start()

    async def close(self) -> None:
        """Drop idle work, let the background finish, and end the threads that are its own."""
        await self.idle.close()
        await asyncio.gather(*(pipeline.settle() for pipeline in self.pipelines.values()))
        await asyncio.gather(*(disk.close() for disk in (*self.disks.values(), *self._partial_disks)))
        await self.workers.close()
        for cache in {cache for caches in self._additional.values() for cache in caches}:
            await cache.close()
        for executor in self._own:
            executor.shutdown(wait=False, cancel_futures=True)

    async def __aenter__(self) -> "Registry":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _pipeline(self, config: PipelineConfig, additional: Sequence[AdditionalCache]) -> Pipeline:
        events = Events(config.name, self.clock, self._observers)
        background = Background(events)
        encoded = self.encoded[config.name] = EncodedTier(config.tiers.encoded, self.encoded_total, self.clock)
        disk = self._disk(config)
        if disk is not None:
            self.disks[config.name] = disk
        partials = self.partials[config.name] = self._partials(config.name)
        rules = LoadRules(config, self.config.limits.bytes, self.config.request_seconds)
        beginnings = Partials(partials, self.clock)
        loader = Loader(self._source, beginnings, rules, self.limiter, self.clock, events.progress)
        store = OriginalStore(config.name, encoded, disk, events, background)
        places = Places(store, additional, self._sharing if config.share else ())
        if config.share:
            self._sharing.append(store)
        originals = Originals(places, loader, self._renderer, config, events)
        rendered = RenderedTier(config.tiers.rendered, self.rendered_total, self.clock, config.sizes_per_picture)
        variants = Variants(config, rendered, originals, self._renderer, self.idle, events)
        admin = Admin(store, variants, self._renderer, self.clock)
        return Pipeline(config, originals, variants, admin, events, background)

    def _disk(self, config: PipelineConfig) -> DiskTier | None:
        if self._folder is None or config.tiers.disk.bytes == 0:
            return None
        return DiskTier(
            self._folder / config.name / "originals",
            config.tiers.disk,
            self.disk_total,
            self.clock,
            FileAccess(self._io, self._writing),
        )

    def _partials(self, name: str) -> DiskTier | EncodedTier:
        limits = _partial_limits(self.config)
        if self._folder is None:
            return EncodedTier(limits, self._partial_memory, self.clock)
        disk = DiskTier(
            self._folder / name / "partial",
            limits,
            self.partial_total,
            self.clock,
            FileAccess(self._io, self._writing_partials),
            growing=True,
        )
        self._partial_disks.append(disk)
        return disk

    def _render_threads(self, count: int | None) -> Workers:
        count = count or os.cpu_count() or 1
        return threaded_workers(self.config, self._threads(count, "imagepipe-render"), count)

    def _threads(self, count: int, name: str) -> ThreadPoolExecutor:
        executor = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._own.append(executor)
        return executor


def _load_limits(config: ImagesConfig) -> FairLimits:
    return FairLimits(config.loads, config.loads_per_host, config.loads_per_client, config.loads_waiting)


def _render_limits(config: ImagesConfig) -> FairLimits:
    """Each client's share alone: how many renders there may be in all, the workers and the memory budget decide."""
    share = config.renders_per_client or max(_LEAST_SHARE, (os.cpu_count() or 1) - 1)
    return FairLimits(sys.maxsize, sys.maxsize, share, config.queue, _QUEUE_SHARE, config.queue_bytes)


def _partial_limits(config: ImagesConfig) -> TierLimits:
    """One part may take the whole store: only the newest is likely to be continued."""
    return TierLimits(config.partial_bytes, largest_share=1)
