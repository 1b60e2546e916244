"""The schedulers on real engines, with a web that answers at once: what an outage does to events is seen here."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fetchers.model import FetchResult, HopRequest, Response
from groundwork.clock import SystemClock
from schedulers.config import SchedulersConfig
from schedulers.metadata import Metadata, extract_metadata
from schedulers.model import Delivery, Message
from schedulers.pipeline import Pipeline
from schedulers.ports import FlowPorts, Knows, MetadataStore
from schedulers.scheduler import Scheduler
from snowflake import Generator, decode
from spiderduck.content.warc import WarcArchive
from spiderduck.pictures.archived import ArchivedAnswers
from spiderduck.queues.kombu import KombuQueue
from spiderduck.queues.topology import Topology
from spiderduck.settings.broker import BrokerConfig
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.announcing import AnnouncingStore
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.sessions.ports import Row, Session, Statement, Value, Write
from spiderduck.stores.sessions.retrying import RetryingSession
from spiderduck.subscriptions.kombu_announcer import KombuAnnouncer
from spiderduck.telemetry import Telemetry
from tests.integration.cluster.brokers import opened_publisher


class Web:
    """Every URL is a page; each fetch is counted."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        assert request.purpose == "page", "these pages have no pictures"
        url = request.url
        self.fetched.append(url)
        await asyncio.sleep(0)
        body = f"<title>{url}</title>".encode()
        return FetchResult(url, (), Response(url, 200, (("content-type", "text/html"),), body, SystemClock().now()))


class Pictures:
    async def take(self, url: str, response: Response) -> None:
        return None


class Extractor:
    async def extract(self, response: Response) -> Metadata:
        return extract_metadata(response.body, url=response.url, content_type="text/html")


class CountedSession:
    """Counts what goes over the wire."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.sent: list[str] = []

    async def execute(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        self.sent.append(statement.cql)
        return await self._session.execute(statement, values)

    async def batch(self, writes: Sequence[Write]) -> None:
        tables = "+".join(statement.cql.partition(".")[2].split()[0] for statement, _ in writes)
        self.sent.append(f"BATCH .{tables}")
        await self._session.batch(writes)

    async def run(self, cql: str) -> None:
        await self._session.run(cql)

    async def close(self) -> None:
        await self._session.close()


class WatchedQueue(KombuQueue):
    """Remembers what was acknowledged."""

    acknowledged: list[str]
    another: asyncio.Event

    async def ack(self, delivery: Delivery) -> None:
        self.acknowledged.append(delivery.message.event_id)
        self.another.set()
        await super().ack(delivery)


@dataclass
class Flow:
    """A scheduler at work."""

    queue: WatchedQueue
    records: CassandraStore
    store: MetadataStore
    scheduler: Scheduler
    web: Web = field(default_factory=Web)

    async def send(self, names: Sequence[str]) -> None:
        await self.queue.publish(
            [Message(f'{{"id": "{name}", "urls": ["{url_of(name)}"]}}'.encode(), name) for name in names]
        )

    async def acknowledged(self, count: int, seconds: float = 60.0) -> None:
        """Wait until so many different events were acknowledged."""
        async with asyncio.timeout(seconds):
            while len(set(self.queue.acknowledged)) < count:
                self.queue.another.clear()
                await self.queue.another.wait()


def url_of(name: str) -> str:
    return f"http://{name}.test/"


@asynccontextmanager
async def running_flow(
    session: Session, cassandra: CassandraConfig, broker: BrokerConfig, folder: Path, in_flight: int = 20
) -> AsyncIterator[Flow]:
    """Made as the product makes it: a patient session, one publisher for queue and notices."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        _, publisher = await stack.enter_async_context(opened_publisher(broker))
        queue = WatchedQueue(replace(broker, prefetch=in_flight), publisher, clock)
        queue.acknowledged, queue.another = [], asyncio.Event()
        stack.push_async_callback(queue.close)
        archive = WarcArchive(folder, clock, software="SpiderDuck/test")
        stack.push_async_callback(archive.close)
        records = CassandraStore(
            RetryingSession(session, clock, cassandra.patience_seconds), cassandra, clock, moment_of_snowflake
        )
        store = AnnouncingStore(records, KombuAnnouncer(publisher, Topology(broker)))
        flow = Flow(queue, records, store, None)  # type: ignore[arg-type]
        config = SchedulersConfig(in_flight=in_flight)
        archived, ids = ArchivedAnswers(archive), Generator(worker_id=1)
        ports = FlowPorts(queue, store, archive, archived, flow.web, Pictures(), Extractor(), ids, clock)
        pipeline = Pipeline(ports, config, Telemetry())
        flow.scheduler = Scheduler(queue, pipeline, clock, config)
        running = asyncio.create_task(flow.scheduler.run())
        try:
            yield flow
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await flow.scheduler.drain(1.0)


def moment_of_snowflake(identity: int) -> float:
    """Epoch seconds of a Snowflake id."""
    return decode(identity).time.timestamp()
