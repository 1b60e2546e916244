"""The contract of the `Subscriptions` port on every adapter."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

import pytest

from schedulers.model import Change
from schedulers.notice import Notice
from spiderduck.database.sqlite import Database
from spiderduck.queues.topology import Topology
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.kombu import KombuSubscriptions
from spiderduck.subscriptions.kombu_announcer import KombuAnnouncer
from spiderduck.subscriptions.ports import Filter, Received, Subscription, Subscriptions
from spiderduck.subscriptions.sqlite import NoticeLog
from tests.clock import FakeClock, settle
from tests.integration.cluster.brokers import behind_slow_link, emptied_broker, opened_publisher, own_prefix


class Opened:
    """Subscriptions, and a way to announce something."""

    def __init__(self, log: Subscriptions, tell: Callable[[Notice], Awaitable[None]]) -> None:
        self.log = log
        self._tell = tell

    async def announce(
        self, name: str, host: str = "news.test", status: str = "fetched", outcome: str = "fetched"
    ) -> None:
        await self._tell(
            Notice(name, "spiderduck.url.processed", f"http://{host}/", host, outcome, status, name.encode())
        )


OpenAll = Callable[[], AbstractAsyncContextManager[Opened]]


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("rabbitmq", marks=pytest.mark.engine("rabbitmq")),
        pytest.param("rabbitmq behind a slow link", marks=pytest.mark.engine("rabbitmq", "toxiproxy")),
    ]
)
def open_all(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenAll]:
    """Leaving the block is the end of the process."""

    @asynccontextmanager
    async def sqlite() -> AsyncIterator[Opened]:
        database, clock = Database(tmp_path / "notices.db"), FakeClock()
        log = NoticeLog(database, clock)
        store = SqliteStore(database, clock, log.wake)
        yield Opened(log, lambda told: store.complete(told.id, told.id, Change(), told))
        await database.close()

    if request.param == "sqlite":
        yield sqlite
        return
    config = own_prefix()

    @asynccontextmanager
    async def rabbitmq() -> AsyncIterator[Opened]:
        async with opened_publisher(reached) as (_, publisher):
            log = KombuSubscriptions(reached, FakeClock())
            try:
                yield Opened(log, KombuAnnouncer(publisher, Topology(reached)).announce)
            finally:
                await log.close()

    with behind_slow_link(config) if "slow" in request.param else nullcontext(config) as reached:
        yield rabbitmq
    emptied_broker(config, "team")


async def bodies(subscription: Subscription, count: int) -> list[bytes]:
    """The next `count` notices, each acknowledged."""
    found: list[bytes] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            received = await subscription.receive(count - len(found))
            found += [one.body for one in received]
            await subscription.ack(received[-1].position)
    return found


async def test_every_subscriber_gets_every_notice_in_order(open_all: OpenAll) -> None:
    async with open_all() as opened:
        first, second = await opened.log.open(None, Filter()), await opened.log.open("team", Filter())
        await opened.announce("one")
        await opened.announce("two")
        assert await bodies(first, 2) == await bodies(second, 2) == [b"one", b"two"]


async def test_a_temporary_queue_begins_now(open_all: OpenAll) -> None:
    async with open_all() as opened:
        await opened.announce("before")
        subscription = await opened.log.open(None, Filter())
        await opened.announce("after")
        assert await bodies(subscription, 1) == [b"after"]


async def test_a_temporary_queue_resumes_where_it_was(open_all: OpenAll, request: pytest.FixtureRequest) -> None:
    if "rabbitmq" in request.node.name:
        pytest.skip("a broker keeps no past for who has no queue; a named one resumes")
    async with open_all() as opened:
        subscription = await opened.log.open(None, Filter(), after=0)
        await opened.announce("one")
        await opened.announce("two")
        (first, *_) = await subscription.receive(1)
        await subscription.close()
        again = await opened.log.open(None, Filter(), after=first.position)
        assert await bodies(again, 1) == [b"two"]


async def test_a_durable_queue_collects_while_nobody_listens(open_all: OpenAll) -> None:
    async with open_all() as opened:
        await (await opened.log.open("team", Filter())).close()
        await opened.announce("while away")
    async with open_all() as opened:
        assert await bodies(await opened.log.open("team", Filter()), 1) == [b"while away"]


async def test_what_is_not_acknowledged_comes_again(open_all: OpenAll) -> None:
    async with open_all() as opened:
        subscription = await opened.log.open("team", Filter())
        await opened.announce("one")
        await opened.announce("two")
        received = await subscription.receive(10)
        await subscription.ack(received[0].position)
        await subscription.close()
    async with open_all() as opened:
        assert await bodies(await opened.log.open("team", Filter()), 1) == [b"two"]


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(domains=frozenset({"news.test"})),
        Filter(statuses=frozenset({"http_error"})),
        Filter(statuses=frozenset({"reused"})),
    ],
)
async def test_filters(open_all: OpenAll, wanted: Filter) -> None:
    async with open_all() as opened:
        subscription = await opened.log.open(None, wanted)
        await opened.announce("no", host="other.test")
        await opened.announce("nor this", host="fakenews.test")
        await opened.announce("yes", host="www.news.test", status="http_error", outcome="reused")
        assert await bodies(subscription, 1) == [b"yes"]


async def test_who_pulls_acknowledges_in_another_call(open_all: OpenAll) -> None:
    """As the API does it: open, receive, close; open, acknowledge, close."""
    async with open_all() as opened:
        pulling = await opened.log.open("team", Filter())
        await opened.announce("one")
        await opened.announce("two")
        found: list[Received] = []
        async with asyncio.timeout(5):
            while len(found) < 2:
                found += await pulling.receive(1)
        await pulling.close()
        acknowledging = await opened.log.open("team", Filter())
        await acknowledging.ack(found[0].position)
        await acknowledging.close()
        assert await bodies(await opened.log.open("team", Filter()), 1) == [b"two"]


async def test_waiting_ends_when_something_is_announced(open_all: OpenAll) -> None:
    async with open_all() as opened:
        subscription = await opened.log.open(None, Filter())
        waiting = asyncio.create_task(subscription.receive(1))
        await settle()
        assert not waiting.done()
        await opened.announce("now")
        async with asyncio.timeout(5):
            assert [one.body for one in await waiting] == [b"now"]


async def test_a_removed_queue_is_gone(open_all: OpenAll) -> None:
    async with open_all() as opened:
        await opened.log.open("team", Filter())
        await opened.announce("one")
        assert await opened.log.remove("team")
        assert not await opened.log.remove("team")
        subscription = await opened.log.open("team", Filter())
        await opened.announce("two")
        assert await bodies(subscription, 1) == [b"two"]
