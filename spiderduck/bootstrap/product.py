"""The parts of this process, built with finished objects, in the order in which each needs the other.

    storage (queue, store, archive) → fetching → ids → images → schedulers → API

Called by `processes.py`. What was opened is closed in the reverse order, whatever happens.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from litestar import Litestar

from fetchers.service.metrics import FetcherCollector
from groundwork.clock import Clock, SystemClock
from groundwork.process_metrics import LoopDelay
from groundwork.readiness import ClockWatch, Needed, Needs, Trouble
from schedulers.config import SchedulersConfig
from schedulers.metadata import PictureCounter
from schedulers.pipeline import Pipeline
from schedulers.ports import FlowPorts
from schedulers.scheduler import Scheduler
from spiderduck.api.admin.cluster import process_route
from spiderduck.api.app import api_routes, build, build_metrics
from spiderduck.api.front.keys import KeyGuard, open_guard
from spiderduck.api.services import Health, PictureAddresses, Services
from spiderduck.audit import FILE as AUDIT_FILE
from spiderduck.audit import AuditLog, FileAudit
from spiderduck.bootstrap.analytics import open_analytics, open_noting, open_queries
from spiderduck.bootstrap.cluster_view import open_view, own_status
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.embedded import open_embedded
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.fetching import Fetching, Gauges, open_fetching
from spiderduck.bootstrap.ids import IdParts, open_ids
from spiderduck.bootstrap.images import ImageParts, open_images
from spiderduck.bootstrap.keys import sharers_of
from spiderduck.bootstrap.parts import EVERYTHING
from spiderduck.bootstrap.shares import open_shares
from spiderduck.bootstrap.storage import ForApi, ForFlow, Storage, Work
from spiderduck.bootstrap.takedowns import open_takedowns
from spiderduck.bootstrap.webhooks import open_webhooks
from spiderduck.cluster.history import History
from spiderduck.cluster.view import ClusterView
from spiderduck.config import Config
from spiderduck.content.extraction import Extraction, open_processes, open_reader
from spiderduck.content.readable_text import Reader
from spiderduck.lists.judging import Judge
from spiderduck.lists.rejudging import Rejudging
from spiderduck.lists.walks import FileWalks
from spiderduck.pictures.archived import ArchivedAnswers
from spiderduck.pictures.metrics import PictureCollector
from spiderduck.queues.ports import DeadLetters
from spiderduck.shares.ports import ShareStore
from spiderduck.stores.ages import RememberedAges
from spiderduck.subscriptions.ports import Subscriptions
from spiderduck.takedowns.notices import RedactedSubscriptions
from spiderduck.takedowns.taking import Takedowns
from spiderduck.telemetry import Table, Telemetry
from spiderduck.webhooks.administration import Webhooks

NOTHING = Storage(None, None)


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
    shares: ShareStore | None


@dataclass(frozen=True, slots=True)
class Administered:
    """What admins do, and what is written down of it."""

    audit: AuditLog
    takedowns: Takedowns
    webhooks: Webhooks
    cluster: ClusterView
    history: History


@asynccontextmanager
async def running_parts(config: Config, folder: Path, parts: frozenset[str] = EVERYTHING) -> AsyncIterator[Product]:
    """`folder` is for what this process keeps on disk."""
    async with AsyncExitStack() as stack:
        telemetry = Telemetry(parts)
        given = Composition(config, folder, parts, SystemClock(), stack)
        guard = open_guard(config, given.clock, telemetry.refused)  # first: a broken file of keys stops the start
        storage = await _open_storage(given)
        noting = open_noting(given, storage)
        fetching = await open_fetching(given, storage.database, noting)
        ids = await open_ids(given) if parts & {"schedulers", "ids"} else None
        images = await open_images(given, fetching, storage) if parts & {"schedulers", "images"} else None
        schedulers: tuple[Scheduler, ...] = ()
        if "schedulers" in parts and storage.flow is not None and ids is not None and images is not None:
            ports = _flow_ports(given, storage.flow, fetching, ids, images)
            schedulers = _schedulers(ports, config.schedulers, telemetry)
        judging = _judging(given, storage, fetching)
        lists = fetching.blocking.lists
        analytics = open_analytics(given, storage.api, lists.takedowns)
        taking = await open_takedowns(given, storage, lists, images, analytics.rows)
        shares = open_shares(given, storage.api, lists)
        health = Health(Needed(_needs(given, storage, ids), given.clock), telemetry)
        figures = partial(_figures, fetching, schedulers, storage, ids)
        own = own_status(given, health, figures, fetching.local)
        view = open_view(given, own, fetching, storage)
        services, routes = None, _mounted(ids, images)
        delivering: tuple[Work, ...] = ()
        if "api" in parts and storage.api is not None and taking is not None:
            reading = open_reader(config)
            stack.push_async_callback(reading.close)
            audit = storage.audit or FileAudit(folder / AUDIT_FILE)
            hooks = open_webhooks(given, storage.api, fetching, audit)
            services = _services(
                given,
                storage.api,
                fetching,
                health,
                Shown(_addresses(images, config), Reader(reading), shares.store),
                Administered(audit, taking.takedowns, hooks.webhooks, view.view, view.history),
            )
            routes = [*api_routes(services), *await _agents(services, stack), *routes]
            delivering = (("webhooks", hooks.dispatcher.run),)
            telemetry.ask(hooks.dispatcher.gauges)
        telemetry.process.needs = health.needed.look
        telemetry.ask(partial(_in_flight, fetching.room, schedulers, storage))
        for one in storage.observed:
            telemetry.observe(*one)
        if fetching.local is not None:
            telemetry.register(FetcherCollector(fetching.local))
        if ids is not None:
            telemetry.ask(ids.gauges)
        if images is not None and images.registry is not None:
            telemetry.register(PictureCollector(images.registry))
        if storage.api is not None:
            telemetry.ask(partial(_waiting, storage.api.dead_letters, given.clock))
            telemetry.ask_tables(partial(_lag, storage.api.subscriptions, given.clock))
            telemetry.ask(shares.gauges)
            telemetry.ask(analytics.gauges)
        app = build(config, health, [*routes, process_route(own)], guard)
        following = () if taking is None else taking.work
        beside = (*(() if ids is None else ids.work), *(() if images is None else images.work))
        delay = ("event loop delay", LoopDelay(given.clock, telemetry.process.loop_delay).run)
        work = (
            delay,
            ("readiness", health.needed.run),
            *fetching.work,
            *storage.work,
            *judging,
            *shares.work,
            *analytics.work,
            *(() if noting is None else (("noting requests", noting.run),)),
            *following,
            *beside,
            *delivering,
            *view.work,
        )
        yield Product(app, build_metrics(health), guard, health, schedulers, work, services)


async def _open_storage(given: Composition) -> Storage:
    if not given.parts & {"schedulers", "api"}:
        return NOTHING
    if given.config.broker.url:
        with needed_for("broker.url"):
            from spiderduck.bootstrap.cluster import open_cluster
        return await open_cluster(given)
    return await open_embedded(given)


async def _agents(services: Services, stack: AsyncExitStack) -> Sequence[Any]:
    """The model context protocol, where the settings want it."""
    if not services.config.compat.mcp:
        return ()
    with needed_for("compat.mcp", extra="mcp"):
        from spiderduck.api.urls.mcp import open_mcp
    running, routes = open_mcp(services)
    await stack.enter_async_context(running)
    return routes


def _addresses(images: ImageParts | None, config: Config) -> PictureAddresses:
    """Signed as the image processes expect it. In a cluster the key is a setting; without one there are none."""
    keys = (() if images is None else images.keys) or config.images.keys
    return PictureAddresses(keys[0] if keys else None)


def _services(
    given: Composition,
    api: ForApi,
    fetching: Fetching,
    health: Health,
    shown: Shown,
    administered: Administered,
) -> Services:
    return Services(
        config=given.config,
        clock=given.clock,
        queue=api.queue,
        dead_letters=api.dead_letters,
        lookups=api.store,
        marks=api.marks,
        answers=api.answers,
        archive=api.content,
        subscriptions=RedactedSubscriptions(api.subscriptions, fetching.blocking.lists.takedowns),
        shares=shown.shares,
        queries=partial(open_queries, given.config, given.folder),
        domains=fetching.domains,
        lists=fetching.blocking.lists,
        sharers=sharers_of(given.config, given.folder),
        audit=administered.audit,
        takedowns=administered.takedowns,
        cluster=administered.cluster,
        history=administered.history,
        webhooks=administered.webhooks,
        pictures=shown.pictures,
        reader=shown.reader,
        open_direct=fetching.fetch.open,
        stopping=health.stopping,
    )


def _flow_ports(given: Composition, flow: ForFlow, fetching: Fetching, ids: IdParts, images: ImageParts) -> FlowPorts:
    config = given.config
    processes = open_processes(config)
    given.stack.push_async_callback(processes.close)
    inline, product = config.extract.inline_bytes, config.fetchers.product_token
    return FlowPorts(
        queue=flow.queue,
        store=flow.store,
        archive=flow.archive,
        archived=ArchivedAnswers(flow.content),
        fetcher=fetching.fetch,
        pictures=images.pictures,
        extractor=Extraction(inline, PictureCounter(), processes, product),
        ids=ids.ids,
        clock=given.clock,
        refusal=fetching.refusal,
        judge=Judge(fetching.blocking.lists, given.clock).verdict,
        ages=RememberedAges(flow.store),
    )


def _judging(given: Composition, storage: Storage, fetching: Fetching) -> tuple[Work, ...]:
    """Beside the schedulers, which can announce what changed."""
    if storage.flow is None:
        return ()
    walks = storage.walks or FileWalks(given.folder / "lists.judged")
    again = Rejudging(storage.flow.store, fetching.blocking.lists, given.clock, walks)
    return (("judging again", again.run),)


def _schedulers(ports: FlowPorts, config: SchedulersConfig, telemetry: Telemetry) -> tuple[Scheduler, ...]:
    """All share one pipeline and its table of what is in flight, so that equal URLs meet, whichever scheduler took the
    event."""
    pipeline = Pipeline(ports, config, telemetry)
    return tuple(Scheduler(ports.queue, pipeline, ports.clock, config) for _ in range(config.count))


def _mounted(*parts: IdParts | ImageParts | None) -> list[Any]:
    return [route for part in parts if part is not None for route in part.routes]


def _needs(given: Composition, storage: Storage, ids: IdParts | None) -> Needs:
    """What this process needs. A lost worker id ends the ids for good."""
    watch = ClockWatch(given.clock)

    def look() -> Mapping[str, Trouble | None]:
        minting = {} if ids is None else {"ids": ids.trouble()}
        return {**storage.trouble(), **minting, "clock": watch.trouble()}

    return look


async def _in_flight(fetching: Callable[[], Gauges], schedulers: Sequence[Scheduler], storage: Storage) -> Gauges:
    gauges = {**fetching(), **storage.gauges()}
    if schedulers:
        gauges["messages_in_flight"] = ("Messages being worked on.", sum(one.in_flight for one in schedulers))
    return gauges


async def _figures(
    fetching: Fetching, schedulers: Sequence[Scheduler], storage: Storage, ids: IdParts | None
) -> Mapping[str, float]:
    gauges = await _in_flight(fetching.gauges, schedulers, storage)
    held = {} if ids is None else ids.figures()
    return {**{name: value for name, (_, value) in gauges.items()}, **held}


async def _waiting(dead_letters: DeadLetters, clock: Clock) -> Gauges:
    lengths, now = await dead_letters.lengths(), clock.now()
    ages: dict[str, tuple[str, float]] = {}
    if lengths.oldest_at is not None or not lengths.ready:
        age = max(0.0, now - (lengths.oldest_at or now))
        ages["oldest_message_age_seconds"] = ("Age of the oldest message that waits or is worked on.", age)
    if lengths.deferred_at is not None or not lengths.deferred:
        age = max(0.0, now - (lengths.deferred_at or now))
        ages["oldest_deferred_age_seconds"] = ("For how long the oldest deferred message is put off.", age)
    return {
        **ages,
        "messages_ready": ("Messages waiting or being worked on.", lengths.ready),
        "messages_deferred": ("Messages deferred to a later time.", lengths.deferred),
        "dead_letters": ("Dead letters: messages that were given up.", lengths.dead),
    }


async def _lag(subscriptions: Subscriptions, clock: Clock) -> Sequence[Table]:
    """Of the durable queues, of which there are as many as the settings allow."""
    queues, now = await subscriptions.queues(), clock.now()
    lag = {one.name: float(one.lag) for one in queues}
    ages = {one.name: max(0.0, now - one.oldest_at) for one in queues if one.oldest_at is not None}
    return (
        Table("queue_lag", "Notices that wait in a durable queue.", "queue", lag),
        Table("queue_oldest_age_seconds", "Age of the oldest notice that waits in a durable queue.", "queue", ages),
    )
