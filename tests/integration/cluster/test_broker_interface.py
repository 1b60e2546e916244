"""The broker as other programs see it: plain AMQP by `pika`, the names as `docs/reference/broker.md` has them, and
schedulers that take whatever lies in the queue."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pika  # type: ignore[import-untyped]
import pytest

from groundwork.clock import SystemClock
from schedulers.config import SchedulersConfig
from schedulers.model import Change
from schedulers.notice import Notice
from schedulers.pipeline import Pipeline
from schedulers.ports import FlowPorts
from schedulers.scheduler import Scheduler
from snowflake import Generator
from spiderduck.content.warc import WarcArchive
from spiderduck.database.sqlite import Database
from spiderduck.pictures.archived import ArchivedAnswers
from spiderduck.queues.kombu import KombuQueue
from spiderduck.queues.topology import Topology
from spiderduck.settings.broker import BrokerConfig
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.kombu_announcer import KombuAnnouncer
from spiderduck.telemetry import Telemetry
from tests.integration.cluster.brokers import SHARERS, emptied_broker, opened_publisher, own_prefix
from tests.integration.cluster.flow import Extractor, Pictures, Web

pytestmark = pytest.mark.engine("rabbitmq")

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "broker.md"
PATIENCE = 30.0


class Announced(SqliteStore):
    """Tells the broker of what it keeps."""

    announcer: KombuAnnouncer

    async def complete(self, event_id: str, key: str, change: Change, notice: Notice) -> None:
        await super().complete(event_id, key, change, notice)
        await self.announcer.announce(notice)


@asynccontextmanager
async def running(config: BrokerConfig, folder: Path) -> AsyncIterator[KombuQueue]:
    """A scheduler at work on the broker's queue."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        _, publisher = await stack.enter_async_context(opened_publisher(config))
        queue = KombuQueue(config, publisher, clock, config.patience_seconds, SHARERS.hide)
        stack.push_async_callback(queue.close)
        archive = WarcArchive(folder / "archive", clock, software="SpiderDuck/test")
        stack.push_async_callback(archive.close)
        database = Database(folder / "store.db")
        stack.push_async_callback(database.close)
        store = Announced(database, clock, lambda: None)
        store.announcer = KombuAnnouncer(publisher, Topology(config))
        archived, ids = ArchivedAnswers(archive), Generator(worker_id=1)
        ports = FlowPorts(queue, store, archive, archived, Web(), Pictures(), Extractor(), ids, clock)
        settings = SchedulersConfig(in_flight=20)
        scheduler = Scheduler(queue, Pipeline(ports, settings, Telemetry()), clock, settings)
        task = asyncio.create_task(scheduler.run())
        try:
            yield queue
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await scheduler.drain(1.0)


@pytest.fixture
def config() -> Iterator[BrokerConfig]:
    config = own_prefix()
    yield config
    emptied_broker(config)


class Program:
    """Another program, which knows the broker and nothing of us."""

    def __init__(self, config: BrokerConfig) -> None:
        address = pika.URLParameters(config.url.rstrip("/") + "/%2F")
        self._connection = pika.BlockingConnection(address)
        self.channel = self._connection.channel()
        self.prefix = config.prefix

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def bound(self, exchange: str, key: str = "") -> str:
        """A queue of its own, bound to an exchange that it does not declare."""
        queue = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.queue_bind(queue, f"{self.prefix}.{exchange}", key)
        return str(queue)

    def publish(self, body: bytes, **properties: Any) -> None:
        """Confirmed, straight to the events queue."""
        self.channel.confirm_delivery()
        self.channel.basic_publish(
            "", f"{self.prefix}.events", body, pika.BasicProperties(delivery_mode=2, **properties), mandatory=True
        )

    def take(self, queue: str) -> tuple[Any, Any, bytes] | None:
        method, properties, body = self.channel.basic_get(queue, auto_ack=True)
        return None if method is None else (method, properties, body)


async def taken(program: Program, queue: str, count: int) -> list[tuple[Any, Any, bytes]]:
    """The next ones of a queue."""
    found: list[tuple[Any, Any, bytes]] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            if (one := program.take(queue)) is None:
                await asyncio.sleep(0.02)
            else:
                found.append(one)
    return found


async def test_another_program_subscribes_and_publishes(config: BrokerConfig, tmp_path: Path) -> None:
    """It gets every notice from the fanout, those of a domain from the topics, and its events are handled as ours."""
    async with running(config, tmp_path) as queue:
        await queue.lengths()  # the exchanges are there
        with Program(config) as program:
            every, some, updates = (
                program.bound("notices"),
                program.bound("notices.topics", "processed.test.news.#"),
                program.bound("notices.topics", "updated.#"),
            )
            program.publish(b'{"id": "e1", "text": "http://www.news.test/1 and http://other.test/"}')
            program.publish(b'{"urls": ["http://news.test/2"]}', message_id="theirs")
            told = await taken(program, every, 3)
            bodies = [json.loads(body) for _, _, body in told]
            assert {one["subject"] for one in bodies} == {
                "http://www.news.test/1",
                "http://other.test/",
                "http://news.test/2",
            }
            for (method, properties, _), body in zip(told, bodies, strict=True):
                host = body["subject"].partition("//")[2].partition("/")[0]
                assert method.routing_key == ".".join(["processed", *reversed(host.split("."))])
                assert properties.content_type == "application/json"
                assert properties.delivery_mode == 2
                assert properties.headers == {
                    "id": body["id"],
                    "type": "spiderduck.url.processed",
                    "host": host,
                    "status": "fetched",
                    "outcome": "fetched",
                }
            assert {one["event_id"] for one in bodies if "other" not in one["subject"]} == {"e1", "theirs"}
            subjects = {json.loads(body)["subject"] for _, _, body in await taken(program, some, 2)}
            assert subjects == {"http://www.news.test/1", "http://news.test/2"}
            assert program.take(some) is None
            assert program.take(updates) is None


BAD: dict[str, tuple[bytes, dict[str, Any]]] = {
    "no JSON": (b"hello", {}),
    "nothing": (b"", {}),
    "half of it": (b'{"text": "http://a.test/', {}),
    "no UTF-8": (b'{"text": "\xff\xfe"}', {"content_encoding": "utf-8", "content_type": "application/json"}),
    "an encoding of nobody": (b"\x00\x01\x02", {"content_encoding": "no-such-encoding"}),
    "compressed": (b"\x1f\x8b\x08\x00\x00", {"headers": {"compression": "application/x-gzip"}}),
    "a pickle": (b"\x80\x04K\x01.", {"content_type": "application/x-python-serialize", "content_encoding": "binary"}),
    "deep": (b"[" * 100_000, {}),
    "an array": (b'[{"text": "x"}]', {}),
    "wrong types": (b'{"text": 5, "urls": "x"}', {}),
    "headers of ours, wrong": (
        b"{}",
        {"headers": {"event_id": "x", "kind": "nonsense", "deferrals": "many", "errors": -3, "due": "soon"}},
    ),
    "headers of other types": (b"!", {"headers": {"event_id": [1, 2], "kind": {"a": 1}, "url": 7, "deliveries": True}}),
}


async def test_what_nobody_can_read_is_a_dead_letter_with_its_reason(config: BrokerConfig, tmp_path: Path) -> None:
    """Each of them, whole; what is good among them is handled, and nothing is lost."""
    async with running(config, tmp_path) as queue:
        await queue.lengths()
        with Program(config) as program:
            every = program.bound("notices")
            for number, (body, properties) in enumerate(BAD.values()):
                program.publish(body, **properties)
                program.publish(b'{"urls": ["http://good.test/%d"]}' % number)
            told = await taken(program, every, len(BAD))
            assert len({json.loads(body)["subject"] for _, _, body in told}) == len(BAD)
            letters = []
            async with asyncio.timeout(PATIENCE):
                while len(letters) < len(BAD):
                    letters = list(await queue.dead(100))
                    await asyncio.sleep(0.05)
            assert sorted(one.message.body for one in letters) == sorted(body for body, _ in BAD.values())
            assert all(one.reason for one in letters)
            method, properties, _ = program.take(f"{config.prefix}.dead") or (None, None, b"")
            assert method is not None
            assert {"reason", "dead_at", "event_id", "kind"} <= set(properties.headers)


@pytest.mark.parametrize("due", [2**62, 2**31, -1, True, "tomorrow"])
async def test_no_due_time_puts_a_message_off_for_ever(config: BrokerConfig, tmp_path: Path, due: Any) -> None:
    """Only our own processes put off, and never by more than the longest step."""
    async with running(config, tmp_path) as queue:
        await queue.lengths()
        with Program(config) as program:
            every = program.bound("notices")
            program.publish(b'{"urls": ["http://due.test/"]}', headers={"event_id": "e", "due": due})
            ((_, _, body),) = await taken(program, every, 1)
    assert json.loads(body)["subject"] == "http://due.test/"


async def test_what_is_published_before_a_kill_is_handled_after_it(config: BrokerConfig, tmp_path: Path) -> None:
    """Confirmed means durable: a scheduler that goes in the middle gives back what it did not finish."""
    urls = {f"http://host{number}.test/" for number in range(60)}
    with Program(config) as program:
        async with running(config, tmp_path / "first") as queue:
            await queue.lengths()
            every = program.bound("notices")
            for url in urls:
                program.publish(json.dumps({"id": url, "urls": [url]}).encode())
            await taken(program, every, 1)
        async with running(config, tmp_path / "second"):
            seen = {json.loads(body)["subject"] for _, _, body in await taken(program, every, 1)}
            async with asyncio.timeout(PATIENCE):
                while len(seen) < len(urls) - 1:
                    if (one := program.take(every)) is not None:
                        seen.add(json.loads(one[2])["subject"])
                    else:
                        await asyncio.sleep(0.02)


def test_the_page_names_what_is_there(config: BrokerConfig) -> None:
    """Every exchange and queue of the topology stands in the documentation, and no other."""
    topology = Topology(BrokerConfig(prefix="spiderduck"))
    ours = {
        topology.events.name,
        topology.bulk.name,
        topology.dead.name,
        topology.topics.name,
        topology.fanout.name,
        topology.registry.name,
        topology.registry_lock.name,
        "spiderduck.deferred.N",
        "spiderduck.notices.to.NAME",
        "spiderduck.notices.now.ID",
    }
    assert set(re.findall(r"^\| `(spiderduck\.[\w.]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == ours
