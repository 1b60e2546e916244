"""The parts of this process, built with finished objects, in the order in which each needs the other.

    backing (queue, store, archive) → fetching → ids → images → schedulers → API

Called by `processes.py`. What was opened is closed in the reverse order, whatever happens.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from litestar import Litestar

from groundwork.clock import SystemClock
from schedulers.config import SchedulersConfig
from schedulers.metadata import PictureCounter
from schedulers.pipeline import Pipeline
from schedulers.ports import FlowPorts
from schedulers.scheduler import Scheduler
from spiderduck.api.app import api_routes, build, build_metrics
from spiderduck.api.keys import KeyGuard, open_guard
from spiderduck.api.picture_addresses import PictureAddresses
from spiderduck.api.services import Health, Services
from spiderduck.bootstrap.archived_pictures import ArchivedAnswers
from spiderduck.bootstrap.backing import Backing, ForApi, ForFlow, Work
from spiderduck.bootstrap.embedded import open_embedded
from spiderduck.bootstrap.extraction import Extraction, open_processes, open_reader
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.fetching import Fetching, Gauges, open_fetching
from spiderduck.bootstrap.ids import IdParts, open_ids
from spiderduck.bootstrap.images import ImageParts, open_images
from spiderduck.bootstrap.parts import EVERYTHING
from spiderduck.config import Config
from spiderduck.content.readable_text import Reader
from spiderduck.queues.ports import DeadLetters
from spiderduck.telemetry import Telemetry

NOTHING = Backing(None, None)


@dataclass(frozen=True, slots=True)
class Product:
    """What runs: see `runtime.py`. `services` is there where this process has the API."""

    app: Litestar
    metrics_app: Litestar
    keys: KeyGuard
    health: Health
    schedulers: tuple[Scheduler, ...]
    work: tuple[Work, ...]
    services: Services | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What makes of pages and pictures what callers are shown."""

    pictures: PictureAddresses
    reader: Reader


@asynccontextmanager
async def running_parts(config: Config, folder: Path, parts: frozenset[str] = EVERYTHING) -> AsyncIterator[Product]:
    """`folder` is for what this process keeps on disk."""
    async with AsyncExitStack() as stack:
        clock, telemetry = SystemClock(), Telemetry()
        guard = open_guard(config, clock, telemetry.refused)  # first: a broken file of keys stops the start
        backing = await _open_backing(config, folder, clock, stack, parts)
        fetching = await open_fetching(config, parts, backing.database, clock, stack)
        ids = await open_ids(config, parts, folder, clock, stack) if parts & {"schedulers", "ids"} else None
        images = None
        if parts & {"schedulers", "images"}:
            images = await open_images(folder / "images", fetching, clock, config, parts, backing, stack)
        schedulers: tuple[Scheduler, ...] = ()
        if "schedulers" in parts and backing.flow is not None and ids is not None and images is not None:
            processes = open_processes(config)
            stack.push_async_callback(processes.close)
            extractor = Extraction(
                config.extract.inline_bytes, PictureCounter(), processes, config.fetchers.product_token
            )
            ports = _flow_ports(backing.flow, fetching, ids, images, extractor, clock)
            schedulers = _schedulers(ports, config.schedulers, telemetry)
        health = Health(lambda: _missing(backing, ids), telemetry)
        services, routes = None, _mounted(ids, images)
        if "api" in parts and backing.api is not None:
            reading = open_reader(config)
            stack.push_async_callback(reading.close)
            services = _services(
                config, clock, backing.api, fetching, health, Shown(_addresses(images, config), Reader(reading))
            )
            routes = [*api_routes(services), *routes]
        telemetry.ask(lambda: _in_flight(fetching, schedulers))
        if backing.api is not None:
            telemetry.ask(partial(_waiting, backing.api.dead_letters))
        app = build(config, health, routes, guard)
        work = (*fetching.work, *backing.work, *(() if ids is None else ids.work))
        yield Product(app, build_metrics(health), guard, health, schedulers, work, services)


async def _open_backing(
    config: Config, folder: Path, clock: SystemClock, stack: AsyncExitStack, parts: frozenset[str]
) -> Backing:
    if not parts & {"schedulers", "api"}:
        return NOTHING
    if config.broker.url:
        with needed_for("broker.url"):
            from spiderduck.bootstrap.cluster import open_cluster
        return await open_cluster(config, folder, clock, stack, parts)
    return await open_embedded(config, folder, clock, stack)


def _addresses(images: ImageParts | None, config: Config) -> PictureAddresses:
    """Signed as the image processes expect it. In a cluster the key is a setting; without one there are none."""
    keys = (() if images is None else images.keys) or config.images.keys
    return PictureAddresses(keys[0] if keys else None)


def _services(
    config: Config, clock: SystemClock, api: ForApi, fetching: Fetching, health: Health, shown: Shown
) -> Services:
    return Services(
        config=config,
        clock=clock,
        queue=api.queue,
        dead_letters=api.dead_letters,
        lookups=api.store,
        marks=api.store,
        archive=api.content,
        subscriptions=api.subscriptions,
        domains=fetching.domains,
        pictures=shown.pictures,
        reader=shown.reader,
        fetch_direct=fetching.fetch.stream,
        stopping=health.stopping,
    )


def _flow_ports(
    flow: ForFlow, fetching: Fetching, ids: IdParts, images: ImageParts, extractor: Extraction, clock: SystemClock
) -> FlowPorts:
    return FlowPorts(
        queue=flow.queue,
        store=flow.store,
        archive=flow.archive,
        archived=ArchivedAnswers(flow.content),
        fetcher=fetching.fetch,
        pictures=images.pictures,
        extractor=extractor,
        ids=ids.ids,
        clock=clock,
        refusal=fetching.refusal,
    )


def _schedulers(ports: FlowPorts, config: SchedulersConfig, telemetry: Telemetry) -> tuple[Scheduler, ...]:
    """All share one pipeline and its table of what is in flight, so that equal URLs meet, whichever scheduler took the
    event."""
    pipeline = Pipeline(ports, config, telemetry)
    return tuple(Scheduler(ports.queue, pipeline, ports.clock, config) for _ in range(config.count))


def _mounted(*parts: IdParts | ImageParts | None) -> list[Any]:
    return [route for part in parts if part is not None for route in part.routes]


async def _missing(backing: Backing, ids: IdParts | None) -> Mapping[str, str]:
    """What this process waits for. A lost worker id ends the ids for good."""
    trouble = {**backing.trouble(), "ids": None if ids is None else ids.trouble()}
    return {name: said for name, said in trouble.items() if said is not None}


async def _in_flight(fetching: Fetching, schedulers: Sequence[Scheduler]) -> Gauges:
    gauges = dict(fetching.gauges())
    if schedulers:
        gauges["messages_in_flight"] = ("Messages being worked on.", sum(one.in_flight for one in schedulers))
    return gauges


async def _waiting(dead_letters: DeadLetters) -> Gauges:
    lengths = await dead_letters.lengths()
    return {
        "messages_ready": ("Messages waiting or being worked on.", lengths.ready),
        "messages_deferred": ("Messages put off until a later time.", lengths.deferred),
        "dead_letters": ("Messages that were given up.", lengths.dead),
    }
