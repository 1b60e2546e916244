"""The product in one process: every part built with finished objects, in the order in which each needs the other.

Called by `processes.py`. Its one rule: what was opened is closed in the reverse order, whatever happens.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random

from fetchers.clock import SystemClock
from fetchers.config import VERSION
from fetchers.fetcher import Fetcher
from fetchers.robots_cache.memory import MemoryRobotsCache
from fetchers.standalone import make_transport
from schedulers.in_flight import InFlight
from schedulers.metadata import PictureCounter
from schedulers.pipeline import Parts, compose, picture_steps, url_steps
from schedulers.scheduler import Scheduler
from snowflake import Generator
from spiderduck.api.services import Services
from spiderduck.bootstrap.bridges import ExtractBesideLoop, FetchThroughClient
from spiderduck.bootstrap.data_folder import DataFolder
from spiderduck.bootstrap.garbage import tune_collector
from spiderduck.bootstrap.ids import open_ids
from spiderduck.bootstrap.images import open_images
from spiderduck.config import Config
from spiderduck.content.warc import WarcArchive
from spiderduck.database.sqlite import Database
from spiderduck.host_states.sqlite import SqliteHostStates
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.retention import RetentionSweeper
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.sqlite import NoticeLog
from spiderduck.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Product:
    """What runs: see `runtime.py`."""

    services: Services
    schedulers: tuple[Scheduler, ...]
    fetcher: Fetcher
    queue: SqliteQueue
    retention: RetentionSweeper


@asynccontextmanager
async def embedded(config: Config, folder: DataFolder) -> AsyncIterator[Product]:
    """Everything in this process, everything durable in `folder`."""
    async with AsyncExitStack() as stack:
        clock, telemetry = SystemClock(), Telemetry()
        database = Database(folder.path / "spiderduck.db")
        stack.push_async_callback(database.close)
        archive = WarcArchive(
            folder.path / "archive",
            clock,
            software=f"SpiderDuck/{VERSION}",
            rotate_bytes=config.archive.rotate_bytes,
        )
        stack.push_async_callback(archive.close)
        notices = NoticeLog(database, clock)
        store = SqliteStore(database, clock, notices.wake)
        queue = SqliteQueue(database, clock)
        transport = make_transport(config.fetchers)
        stack.push_async_callback(transport.aclose)
        fetcher = Fetcher(
            config=config.fetchers,
            clock=clock,
            random=Random(),
            transport=transport,
            states=SqliteHostStates(database, clock),
            robots_cache=MemoryRobotsCache(clock),
        )
        fetch = FetchThroughClient(fetcher.perform, config.fetchers.limits.redirects)
        ids = await open_ids(folder.path / "snowflake", stack)
        images = await open_images(folder.path / "images", fetch, clock, config, stack)
        parts = Parts(
            queue=queue,
            store=store,
            archive=archive,
            fetcher=fetch,
            pictures=images.pictures,
            extractor=ExtractBesideLoop(config.extract.inline_bytes, PictureCounter()),
            ids=ids.generator,
            clock=clock,
        )
        services = Services(
            config=config,
            clock=clock,
            queue=queue,
            dead_letters=queue,
            lookups=store,
            marks=store,
            archive=archive,
            subscriptions=notices,
            fetcher=fetcher,
            fetch_direct=fetch.direct,
            telemetry=telemetry,
            ready=lambda: _missing(ids.generator),
            more_routes=(*ids.routes, *images.routes),
        )
        schedulers = _schedulers(parts, config, telemetry)
        telemetry.ask(lambda: _gauges(fetcher, schedulers, queue))
        tune_collector()  # last: what was built until here lives as long as the process
        yield Product(
            services, schedulers, fetcher, queue, RetentionSweeper(database, archive, clock, config.retention)
        )


def _schedulers(parts: Parts, config: Config, telemetry: Telemetry) -> tuple[Scheduler, ...]:
    """All share one table of what is in flight, so that equal URLs meet, whichever of them took the event."""
    in_flight = InFlight()
    event = compose(url_steps(parts, in_flight, config.schedulers), parts.clock, telemetry.stage)
    picture = compose(picture_steps(parts, config.schedulers), parts.clock, telemetry.stage)
    return tuple(
        Scheduler(parts, config.schedulers, event=event, picture=picture) for _ in range(config.schedulers.count)
    )


async def _missing(generator: Generator) -> Mapping[str, str]:
    """Embedded, there is nothing outside this process to wait for; but a lost worker id ends the ids for good."""
    return {} if generator.ended is None else {"ids": f"{generator.ended}; start this process anew"}


async def _gauges(
    fetcher: Fetcher, schedulers: tuple[Scheduler, ...], queue: SqliteQueue
) -> Mapping[str, tuple[str, float]]:
    lengths = await queue.lengths()
    return {
        "messages_ready": ("Messages waiting or being worked on.", lengths.ready),
        "messages_deferred": ("Messages put off until a later time.", lengths.deferred),
        "dead_letters": ("Messages that were given up.", lengths.dead),
        "messages_in_flight": ("Messages being worked on.", sum(one.in_flight for one in schedulers)),
        "domain_queues": ("Domains with a queue in memory.", len(fetcher.queues)),
        "requests_waiting": ("Requests waiting for their domain's turn.", fetcher.queues.waiting),
        "requests_in_flight": ("Requests under way.", fetcher.queues.in_flight),
        "vultures_queues_freed": ("Idle queues evicted since the start.", fetcher.vultures.eaten.queues),
        "vultures_hosts_freed": ("Robots entries evicted since the start.", fetcher.vultures.eaten.hosts),
    }
