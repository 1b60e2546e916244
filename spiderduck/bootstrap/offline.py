"""What commands open that work on the store itself, without a server: records, shares and archive.

An embedded store is locked meanwhile, so that no server runs on it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from groundwork.clock import Clock, SystemClock
from spiderduck.bootstrap.archives import SOFTWARE
from spiderduck.bootstrap.data_folder import DataFolder
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.processes import data_path
from spiderduck.bootstrap.storage import FlowStore, RecordStore
from spiderduck.config import DAY, Config
from spiderduck.content.ports import ArchiveReader
from spiderduck.content.warc import WarcArchive
from spiderduck.database.sqlite import Database
from spiderduck.shares.ports import ShareStore
from spiderduck.shares.sqlite import SqliteShares
from spiderduck.shares.trending import Trending
from spiderduck.stores.ports import Imports
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.takedowns.ports import TakedownStore
from spiderduck.takedowns.sqlite import SqliteTakedowns


@dataclass(frozen=True, slots=True)
class Offline:
    """`records` is read; `flow` is written, and announces. `folder` holds what the command keeps of its progress."""

    records: RecordStore
    flow: FlowStore
    imports: Imports
    shares: ShareStore
    archive: ArchiveReader
    takedowns: TakedownStore
    clock: Clock
    folder: Path
    database: Database | None = None

    async def records_total(self) -> int | None:
        """How many records there are; None where counting them would be a walk of its own."""
        if self.database is None:
            return None
        sql = "SELECT count(*) FROM urls"
        return int((await self.database.read(lambda connection: connection.execute(sql).fetchone()))[0])


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Offline]:
    """Raises `DataInUse` where a server runs on an embedded store, `StoreUnavailable`."""
    async with AsyncExitStack() as stack:
        folder = data_path(config)
        yield await (_cluster(config, folder, stack) if config.cassandra.hosts else _embedded(config, folder, stack))


Tell = Callable[[str, int], None]
"""What is done, and how many so far."""


async def recount_shares(config: Config, tell: Tell) -> tuple[int, int]:
    """How many pages were counted again, and how many links and domains trend."""
    async with opened(config) as offline:
        pages = await offline.shares.recount(partial(tell, "counting pages"))
        trending = Trending(offline.shares, offline.clock, config.trends.threshold)
        return pages, await trending.rebuild(partial(tell, "scoring links and domains"))


async def _embedded(config: Config, folder: Path, stack: AsyncExitStack) -> Offline:
    held, clock = DataFolder(folder), SystemClock()
    stack.callback(held.release)
    database = Database(folder / "spiderduck.db")
    stack.push_async_callback(database.close)
    store = SqliteStore(database, clock, lambda: None)
    archive, takedowns = _archive(config, folder, clock, stack), SqliteTakedowns(database)
    return Offline(store, store, store, SqliteShares(database), archive, takedowns, clock, folder, database)


async def _cluster(config: Config, folder: Path, stack: AsyncExitStack) -> Offline:
    with needed_for("cassandra.hosts"):
        from spiderduck.bootstrap.cluster import moment_of_id
        from spiderduck.queues.kombu_link import BrokerLink
        from spiderduck.queues.kombu_publisher import Publisher
        from spiderduck.queues.topology import Topology
        from spiderduck.shares.cassandra import CassandraShares
        from spiderduck.stores.announcing import AnnouncingStore
        from spiderduck.stores.cassandra import CassandraStore
        from spiderduck.stores.cassandra_opening import open_when_ready
        from spiderduck.stores.sessions.retrying import RetryingSession
        from spiderduck.subscriptions.kombu_announcer import KombuAnnouncer
        from spiderduck.takedowns.cassandra import CassandraTakedowns
    clock, topology = SystemClock(), Topology(config.broker)
    session = await open_when_ready(config.cassandra, clock)
    stack.push_async_callback(session.close)
    patient = RetryingSession(session, clock, config.cassandra.patience_seconds)
    link = BrokerLink(config.broker, "publishing", topology.declare)
    stack.push_async_callback(link.close)
    records = CassandraStore(patient, config.cassandra, clock, moment_of_id)
    flow = AnnouncingStore(records, KombuAnnouncer(Publisher(link), topology))
    shares = CassandraShares(patient, config.cassandra.keyspace, clock, config.retention.shares_days * DAY)
    takedowns = CassandraTakedowns(patient, config.cassandra.keyspace, clock)
    return Offline(records, flow, records, shares, _archive(config, folder, clock, stack), takedowns, clock, folder)


def _archive(config: Config, folder: Path, clock: Clock, stack: AsyncExitStack) -> ArchiveReader:
    if not config.archive.url:
        local = WarcArchive(folder / "archive", clock, software=SOFTWARE)
        stack.push_async_callback(local.close)
        return local
    with needed_for("archive.url"):
        from spiderduck.content.fsspec import FsspecReader
    reader = FsspecReader(config.archive, clock)
    stack.callback(reader.close)
    return reader
