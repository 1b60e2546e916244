"""CPU and speed of the cluster's adapters on this machine's engines.

    python -m tests.engines start cassandra rabbitmq -- python -m benchmarks.cluster [PAGES]

Look-ups against the bare session; a page's writes; publishing with confirms and consuming with acknowledgements.
`SPIDERDUCK_TEST_CASSANDRA_SYNC=periodic` before it gives Cassandra its usual durability.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import uuid4

import uvloop

from groundwork.clock import SystemClock
from schedulers.model import Change, Content, Message, Page, Status, UrlState
from spiderduck.queues.kombu import KombuQueue
from spiderduck.queues.kombu_link import BrokerLink
from spiderduck.queues.kombu_publisher import Publisher
from spiderduck.queues.topology import Topology
from spiderduck.settings.broker import BrokerConfig
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.cassandra_keys import key_hash
from spiderduck.stores.cassandra_migration import Migration
from spiderduck.stores.cassandra_opening import open_session
from spiderduck.stores.cassandra_statements import statements
from spiderduck.stores.sessions.ports import Session

METADATA = (
    b'{"title":"' + b"A title of usual length " * 3 + b'","description":"' + b"words and more words " * 60 + b'"}'
)
AT_ONCE = 64
BATCHES = (1, 20, 300)


def url(number: int) -> str:
    return f"http://host{number % 200}.test/articles/{number}"


def page(number: int) -> Page:
    content = Content("text/html", 60_000, "ab" * 32, "utf-8")
    return Page(number + 1, url(number), url(number), time.time(), 200, content, METADATA, b"{}")


class Measured:
    """CPU of this process and wall time of a block, told per unit."""

    def __init__(self, name: str, units: int) -> None:
        self._name = name
        self._units = units

    def __enter__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def __exit__(self, *_: object) -> None:
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        print(f"{self._name:42} {cpu / self._units * 1e6:8.0f} µs CPU {self._units / wall:10.0f} /s")


async def side_by_side(count: int, work: Callable[[int], Awaitable[object]], at_once: int = AT_ONCE) -> list[float]:
    """Run `work` so many times; returns how long each took."""
    waiting, took = iter(range(count)), []

    async def run() -> None:
        for number in waiting:
            began = time.perf_counter()
            await work(number)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(run() for _ in range(at_once)))
    return sorted(took)


async def store(pages: int, driver: str) -> None:
    """Writes, then look-ups through the store and through the bare session."""
    host, _, port = os.environ["SPIDERDUCK_TEST_CASSANDRA"].rpartition(":")
    config = CassandraConfig(hosts=(host,), port=int(port), keyspace=f"bench_{uuid4().hex[:8]}", driver=driver)
    session = await open_session(config)
    await Migration(session, config, SystemClock()).run()
    records = CassandraStore(session, config, SystemClock(), lambda identity: 1.7e9 + identity)

    async def complete(number: int) -> None:
        state = UrlState(url(number), url(number), Status.FETCHED, page_id=number + 1, checked_at=time.time())
        await records.write(url(number), Change((state,), page(number)))
        await records.finish(str(number), url(number))

    await side_by_side(500, complete)
    with Measured(f"{driver}: a page's writes", pages):
        await side_by_side(pages, complete)
    await bare(session, config, pages)
    for size in BATCHES:
        await look_ups(records, pages, size)
    await session.run(f"DROP KEYSPACE {config.keyspace}")
    await session.close()


async def bare(session: Session, config: CassandraConfig, pages: int) -> None:
    """The same two reads that a look-up needs, and nothing else."""
    asked = statements(config.keyspace)

    async def read(number: int) -> None:
        await session.execute(asked.get_url, (key_hash(url(number)),))
        await session.execute(asked.get_page, (number + 1,))

    with Measured("  bare session, URL and page", pages):
        await side_by_side(pages, read)


async def look_ups(records: CassandraStore, pages: int, size: int) -> None:
    """Batches of that size of random URLs."""
    some = random.Random(size)
    batches: Sequence[list[str]] = [
        [url(some.randrange(pages)) for _ in range(size)] for _ in range(max(20, 3 * pages // size))
    ]
    with Measured(f"  look-ups in batches of {size}, a URL", len(batches) * size):
        took = await side_by_side(len(batches), lambda number: records.known(batches[number]), max(1, AT_ONCE // size))
    print(f"{'':42} p50 {took[len(took) // 2] * 1e3:6.1f} ms   p99 {took[len(took) * 99 // 100] * 1e3:6.1f} ms")


async def broker(messages: int) -> None:
    """Events through the broker."""
    config = BrokerConfig(url=os.environ["SPIDERDUCK_TEST_RABBITMQ"], prefix=f"bench-{uuid4().hex[:8]}")
    topology = Topology(config)
    link = BrokerLink(config, "publishing", topology.declare)
    queue = KombuQueue(replace(config, prefetch=256), Publisher(link), SystemClock())
    bodies = [Message(b'{"urls":["http://a.test/"]}' + b" " * 200, str(number)) for number in range(messages)]
    with Measured("broker: an event published, confirmed", messages):
        await side_by_side(messages // 10, lambda number: queue.publish(bodies[number * 10 : number * 10 + 10]))
    with Measured("broker: an event received, acknowledged", messages // 10 * 10):
        await side_by_side(messages // 10 * 10, lambda _: take(queue), 256)
    await link.call(lambda connection: delete(topology, connection))
    await queue.close()
    await link.close()


async def take(queue: KombuQueue) -> None:
    await queue.ack(await queue.receive())


def delete(topology: Topology, connection: object) -> None:
    """Leave nothing behind."""
    channel = connection.channel()  # type: ignore[attr-defined]
    for one in (topology.events, topology.dead, *topology.deferred.values()):
        one(channel).delete()
    topology.topics(channel).delete()
    topology.fanout(channel).delete()


async def run(pages: int) -> None:
    for driver in ("acsylla", "cassandra-driver"):
        await store(pages, driver)
    await broker(pages)


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
