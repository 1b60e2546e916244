"""The contract of the `Subscriptions` port on every adapter."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

import pytest

from schedulers.model import Change
from schedulers.notice import Notice
from spiderduck.database.sqlite import Database
from spiderduck.errors import HandedOutElsewhere, NoPast, NotHandedOut, ReadElsewhere, TooManyQueues, UnknownQueue
from spiderduck.queues.topology import Topology
from spiderduck.settings.broker import BrokerConfig, QueuesConfig
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.kombu import KombuSubscriptions
from spiderduck.subscriptions.kombu_announcer import KombuAnnouncer
from spiderduck.subscriptions.kombu_line import PREFETCH
from spiderduck.subscriptions.ports import BATCH_BYTES, Filter, Received, Subscription, Subscriptions
from spiderduck.subscriptions.sqlite import NoticeLog
from tests.clock import FakeClock, settle
from tests.integration.cluster.brokers import behind_slow_link, emptied_broker, opened_publisher, own_prefix

LIMITS = QueuesConfig(most=3, unused_days=10.0)


class Opened:
    """Subscriptions, and a way to announce something."""

    def __init__(self, log: Subscriptions, clock: FakeClock, tell: Callable[[Notice], Awaitable[None]]) -> None:
        self.log = log
        self.clock = clock
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

    clock = FakeClock(1_700_000_000.0)

    @asynccontextmanager
    async def sqlite() -> AsyncIterator[Opened]:
        database = Database(tmp_path / "notices.db")
        log = NoticeLog(database, clock, LIMITS)
        store = SqliteStore(database, clock, log.wake)
        yield Opened(log, clock, lambda told: store.complete(told.id, told.id, Change(), told))
        await database.close()

    if request.param == "sqlite":
        yield sqlite
        return
    config = own_prefix()

    @asynccontextmanager
    async def rabbitmq() -> AsyncIterator[Opened]:
        async with opened_publisher(reached) as (_, publisher):
            log = KombuSubscriptions(reached, clock, LIMITS)
            try:
                yield Opened(log, clock, KombuAnnouncer(publisher, Topology(reached)).announce)
            finally:
                await log.close()

    with behind_slow_link(config) if "slow" in request.param else nullcontext(config) as reached:
        yield rabbitmq
    emptied_broker(config, "team", "other", "third", "fourth")


async def bodies(subscription: Subscription, count: int) -> list[bytes]:
    """The next `count` notices, each acknowledged."""
    found: list[bytes] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            received = await subscription.receive(count - len(found))
            found += [one.body for one in received]
            await subscription.ack(received[-1].position)
    return found


async def test_every_subscriber_gets_every_notice_in_order(open_all: OpenAll) -> None:
    async with open_all() as opened:
        await opened.log.create("team")
        first, second = await opened.log.open(None, Filter()), await opened.log.open("team", Filter())
        await opened.announce("one")
        await opened.announce("two")
        assert await bodies(first, 2) == await bodies(second, 2) == [b"one", b"two"]


async def test_a_batch_has_a_size_and_nothing_is_left_out(open_all: OpenAll) -> None:
    """However many notices are asked for: a subscriber that does not read holds one batch."""
    async with open_all() as opened:
        await opened.log.create("team")
        sent = [f"{number}{'x' * (BATCH_BYTES // 4)}" for number in range(9)]
        for name in sent:
            await opened.announce(name)
        subscription = await opened.log.open("team", Filter())
        got: list[bytes] = []
        async with asyncio.timeout(20):
            while len(got) < len(sent):
                batch = await subscription.receive(100)
                assert len(batch) <= 4
                got += [one.body for one in batch]
        assert got == [name.encode() for name in sent]


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
        assert await opened.log.create("team")
        await opened.announce("while away")
    async with open_all() as opened:
        assert await bodies(await opened.log.open("team", Filter()), 1) == [b"while away"]


async def test_what_is_not_acknowledged_comes_again(open_all: OpenAll) -> None:
    async with open_all() as opened:
        await opened.log.create("team")
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
async def test_a_subscriber_gets_only_what_its_filter_names(open_all: OpenAll, wanted: Filter) -> None:
    async with open_all() as opened:
        subscription = await opened.log.open(None, wanted)
        await opened.announce("no", host="other.test")
        await opened.announce("nor this", host="fakenews.test")
        await opened.announce("yes", host="www.news.test", status="http_error", outcome="reused")
        assert await bodies(subscription, 1) == [b"yes"]


async def test_a_subscriber_may_ask_for_verdicts(open_all: OpenAll) -> None:
    async with open_all() as opened:
        subscription = await opened.log.open(None, Filter(verdicts=frozenset({"block", "warn"})))
        for told in ("no JSON", "{}", '{"data":{"verdict":null}}', '{"data":{"verdict":{"verdict":"no_match"}}}'):
            await opened.announce(told)
        blocked = '{"data":{"url":"http://a.test/","verdict":{"verdict":"block","signals":["x"]}}}'
        await opened.announce(blocked)
        assert await bodies(subscription, 1) == [blocked.encode()]


async def test_who_pulls_acknowledges_in_another_call(open_all: OpenAll) -> None:
    """As the API does it: open, receive, close; open, acknowledge, close."""
    async with open_all() as opened:
        await opened.log.create("team")
        pulling = await opened.log.open("team", Filter())
        await opened.announce("one")
        await opened.announce("two")
        found: list[Received] = []
        async with asyncio.timeout(30):
            while len(found) < 2:
                found += await pulling.receive(1)
        await pulling.close()
        acknowledging = await opened.log.open("team", Filter())
        await acknowledging.ack(found[0].position)
        await acknowledging.close()
        assert await bodies(await opened.log.open("team", Filter()), 1) == [b"two"]


@asynccontextmanager
async def process(config: BrokerConfig, now: float) -> AsyncIterator[KombuSubscriptions]:
    """What one API process has of the queues."""
    subscriptions = KombuSubscriptions(config, FakeClock(now), LIMITS)
    try:
        yield subscriptions
    finally:
        await subscriptions.close()


@pytest.mark.engine("rabbitmq")
@pytest.mark.parametrize("asked_before", [True, False], ids=["older process", "younger process"])
async def test_who_acknowledges_at_another_process_is_told_and_loses_nothing(asked_before: bool) -> None:
    """Of several API processes on one broker only the one that handed a notice out can have it acknowledged."""
    config = own_prefix()
    began, other_began = (1_700_000_100.0, 1_700_000_000.0) if asked_before else (1_700_000_000.0, 1_700_000_100.0)
    async with process(config, other_began) as there:
        async with process(config, began) as here, opened_publisher(config) as (_, publisher):
            await here.create("team")
            pulling = await here.open("team", Filter())
            told = Notice("one", "processed", "http://a.test/", "a.test", "fetched", "fetched", b"one")
            await KombuAnnouncer(publisher, Topology(config)).announce(told)
            async with asyncio.timeout(30):
                (first,) = await pulling.receive(1)
            elsewhere = await there.open("team", Filter())
            with pytest.raises(HandedOutElsewhere, match="pull once more"):
                await elsewhere.ack(first.position)
            resumed = await there.open("team", Filter(), after=first.position)
        async with asyncio.timeout(30):
            (again,) = await resumed.receive(1)
        assert again.body == first.body
        await elsewhere.ack(again.position)
    emptied_broker(config, "team")


async def test_waiting_ends_when_something_is_announced(open_all: OpenAll) -> None:
    async with open_all() as opened:
        subscription = await opened.log.open(None, Filter())
        waiting = asyncio.create_task(subscription.receive(1))
        await settle()
        assert not waiting.done()
        await opened.announce("now")
        async with asyncio.timeout(30):
            assert [one.body for one in await waiting] == [b"now"]


async def test_a_removed_queue_is_gone(open_all: OpenAll) -> None:
    """Also for who listens to it."""
    async with open_all() as opened:
        await opened.log.create("team")
        listening = await opened.log.open("team", Filter())
        await opened.announce("one")
        assert await opened.log.remove("team")
        assert not await opened.log.remove("team")
        with pytest.raises(UnknownQueue):
            await received_of(listening, 2)
        await opened.log.create("team")
        subscription = await opened.log.open("team", Filter())
        await opened.announce("two")
        assert await bodies(subscription, 1) == [b"two"]


async def test_only_create_makes_a_queue(open_all: OpenAll) -> None:
    """Opening, acknowledging and removing one that is not there do not, and whoever tries is told."""
    async with open_all() as opened:
        for _ in range(2):
            with pytest.raises(UnknownQueue, match="no queue team"):
                await opened.log.open("team", Filter())
        assert not await opened.log.remove("team")
        assert await opened.log.queues() == []
        assert await opened.log.create("team")
        assert not await opened.log.create("team")
        assert [one.name for one in await opened.log.queues()] == ["team"]


async def test_there_is_a_limit_to_the_number_of_queues(open_all: OpenAll) -> None:
    """One that is there counts once; one that is removed makes room."""
    async with open_all() as opened:
        for name in ("team", "other", "third", "third"):
            await opened.log.create(name)
        with pytest.raises(TooManyQueues, match=r"queues\.most"):
            await opened.log.create("fourth")
        await opened.log.remove("other")
        assert await opened.log.create("fourth")
        assert [one.name for one in await opened.log.queues()] == ["fourth", "team", "third"]


async def test_a_queue_of_our_own_parts_is_not_listed_and_takes_nobodys_place(open_all: OpenAll) -> None:
    """But works like any other, and needs no room among the others."""
    async with open_all() as opened:
        for name in ("team", "other", "third", "@ours"):
            await opened.log.create(name)
        assert [one.name for one in await opened.log.queues()] == ["other", "team", "third"]
        await opened.log.remove("other")
        assert await opened.log.create("fourth")
        await opened.announce("a")
        ours = await opened.log.open("@ours", Filter())
        (received,) = await ours.receive(10)
        assert received.body == b"a"
        await ours.ack(received.position)
        await ours.close()
        with pytest.raises(TooManyQueues):
            await opened.log.create("fifth")


async def test_a_queue_that_nobody_uses_expires(open_all: OpenAll) -> None:
    """One that somebody listens to does not, however quiet it is."""
    async with open_all() as opened:
        await opened.log.create("team")
        await opened.log.create("other")
        listening = await opened.log.open("other", Filter())
        assert {one.expires_at for one in await opened.log.queues()} == {opened.clock.now() + 10 * 86_400.0}
        await opened.clock.advance(11 * 86_400.0)
        await opened.log.expire()
        assert [one.name for one in await opened.log.queues()] == ["other"]
        with pytest.raises(UnknownQueue):
            await opened.log.open("team", Filter())
        await listening.close()


async def test_the_list_says_what_waits(open_all: OpenAll) -> None:
    async with open_all() as opened:
        await opened.log.create("team")
        for name in ("one", "two", "three"):
            await opened.announce(name)
        subscription = await opened.log.open("team", Filter())
        assert len(await bodies(subscription, 1)) == 1
        async with asyncio.timeout(30):
            while (found := (await opened.log.queues())[0]).lag != 2:
                await asyncio.sleep(0.01)
        assert found.created_at == opened.clock.now()
        assert found.oldest_at in (None, opened.clock.now())


async def test_what_was_not_handed_out_cannot_be_acknowledged(open_all: OpenAll) -> None:
    """Nor anything by trying; what was acknowledged before may be acknowledged again."""
    async with open_all() as opened:
        await opened.log.create("team")
        subscription = await opened.log.open("team", Filter())
        for name in ("one", "two"):
            await opened.announce(name)
        (first, *_) = await received_of(subscription, 1)
        for ahead in (first.position + 1, first.position + 1000, 2**63 - 1):
            with pytest.raises(NotHandedOut, match="was not handed out"):
                await subscription.ack(ahead)
        for behind in (first.position, first.position, first.position - 1, 0):
            await subscription.ack(behind)
        assert await bodies(subscription, 1) == [b"two"]


async def test_a_reader_that_comes_back_acknowledges_what_it_got(open_all: OpenAll) -> None:
    """As an EventSource does, with the id of the last notice that reached it. Until then nothing is."""
    async with open_all() as opened:
        await opened.log.create("team")
        reading = await opened.log.open("team", Filter())
        for name in ("one", "two", "three"):
            await opened.announce(name)
        got = await received_of(reading, 3)
        await reading.close()
        again = await opened.log.open("team", Filter())
        assert [one.body for one in await received_of(again, 3)] == [b"one", b"two", b"three"]
        await again.close()
        resumed = await opened.log.open("team", Filter(), after=got[1].position)
        assert resumed.reset is None
        assert [one.body for one in await received_of(resumed, 1)] == [b"three"]


async def test_a_position_ahead_loses_nothing_of_a_durable_queue(open_all: OpenAll) -> None:
    """It acknowledges nothing, and the view says where it begins."""
    async with open_all() as opened:
        await opened.log.create("team")
        await opened.announce("one")
        resumed = await opened.log.open("team", Filter(), after=2**62)
        assert resumed.reset is not None
        (one,) = await received_of(resumed, 1)
        assert (one.body, one.position > resumed.reset) == (b"one", True)


async def test_a_position_ahead_resumes_a_temporary_queue_at_the_end(open_all: OpenAll) -> None:
    """And the view says so; what follows comes."""
    async with open_all() as opened:
        await opened.announce("before")
        resumed = await opened.log.open(None, Filter(), after=2**62)
        assert resumed.reset is not None
        await opened.announce("after")
        (one,) = await received_of(resumed, 1)
        assert (one.body, one.position > resumed.reset) == (b"after", True)


async def test_two_readers_of_a_queue_share_what_is_acknowledged(open_all: OpenAll) -> None:
    """Both get what is not acknowledged, in order; what one acknowledges does not come to either again."""
    async with open_all() as opened:
        await opened.log.create("team")
        left, right = await opened.log.open("team", Filter()), await opened.log.open("team", Filter())
        for name in ("one", "two", "three"):
            await opened.announce(name)
        got, same = await received_of(left, 3), await received_of(right, 3)
        assert [one.body for one in got] == [one.body for one in same] == [b"one", b"two", b"three"]
        await left.ack(got[1].position)
        await right.ack(same[0].position)  # behind the other: changes nothing
        await left.close()
        await right.close()
        again = await opened.log.open("team", Filter(), after=same[0].position)
        assert [one.body for one in await received_of(again, 1)] == [b"three"]


async def test_a_filter_acknowledges_nothing_that_was_handed_out(open_all: OpenAll) -> None:
    """What it leaves out behind a notice that nobody confirmed does not confirm that one."""
    async with open_all() as opened:
        await opened.log.create("team")
        reading = await opened.log.open("team", Filter(domains=frozenset({"news.test"})))
        await opened.announce("wanted")
        assert [one.body for one in await received_of(reading, 1)] == [b"wanted"]
        waiting = asyncio.create_task(reading.receive(1))
        await opened.announce("not wanted", host="other.test")
        await opened.announce("wanted too")
        async with asyncio.timeout(30):
            assert [one.body for one in await waiting] == [b"wanted too"]
        await reading.close()
        again = await opened.log.open("team", Filter(domains=frozenset({"news.test"})))
        assert [one.body for one in await received_of(again, 2)] == [b"wanted", b"wanted too"]


async def test_a_queue_can_begin_in_the_past(open_all: OpenAll, request: pytest.FixtureRequest) -> None:
    """Where the notices are a log; a broker says that it has none."""
    async with open_all() as opened:
        await opened.announce("before")
        if "rabbitmq" in request.node.name:
            with pytest.raises(NoPast):
                await opened.log.create("team", after=0)
            return
        await opened.log.create("team", after=0)
        assert await bodies(await opened.log.open("team", Filter()), 1) == [b"before"]


async def received_of(subscription: Subscription, count: int) -> list[Received]:
    """The next `count` notices, none acknowledged."""
    found: list[Received] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            found += await subscription.receive(count - len(found))
    return found


async def test_a_reader_that_confirms_nothing_is_told_when_no_more_comes(
    open_all: OpenAll, request: pytest.FixtureRequest
) -> None:
    """A broker hands out so many at once; the stream ends then, and who comes back confirms. A log goes on."""
    if "slow" in request.node.name:
        pytest.skip("the same as without the link, and slow")
    is_broker = "rabbitmq" in request.node.name
    async with open_all() as opened:
        await opened.log.create("team")
        subscription = await opened.log.open("team", Filter())
        for number in range(PREFETCH + 1):
            await opened.announce(f"n{number}")
        got = await received_of(subscription, PREFETCH)
        assert subscription.stalled == is_broker
        await subscription.ack(got[-1].position)
        assert not subscription.stalled
        assert [one.body for one in await received_of(subscription, 1)] == [b"n%d" % PREFETCH]


async def test_processes_that_make_queues_at_once_keep_one_list(
    open_all: OpenAll, request: pytest.FixtureRequest
) -> None:
    """The limit holds for all of them together."""
    if "rabbitmq" not in request.node.name:
        pytest.skip("an embedded log has one process")
    names = ("team", "other", "third", "fourth")
    async with open_all() as one, open_all() as two:
        makers = [(one, two)[number % 2].log.create(name) for number, name in enumerate(names)]
        made = await asyncio.gather(*makers, return_exceptions=True)
        assert sorted(type(result).__name__ for result in made) == ["TooManyQueues", "bool", "bool", "bool"]
        assert [state.name for state in await one.log.queues()] == [state.name for state in await two.log.queues()]


async def test_a_queue_for_one_reader_goes_to_the_next_when_that_ends(
    open_all: OpenAll, request: pytest.FixtureRequest
) -> None:
    """Nobody reads beside it; what it did not acknowledge comes to the next one."""
    if "rabbitmq" not in request.node.name:
        pytest.skip("an embedded log has one process")
    async with open_all() as two:
        async with open_all() as one:
            await one.log.create("team")
            subscription = await one.log.open("team", Filter(), alone=True)
            for _ in range(2):
                with pytest.raises(ReadElsewhere, match="team"):
                    await two.log.open("team", Filter(), alone=True)
            await one.announce("n1")
            await one.announce("n2")
            assert await bodies(subscription, 1) == [b"n1"]
        assert await bodies(await two.log.open("team", Filter(), alone=True), 1) == [b"n2"]


@pytest.mark.engine("rabbitmq")
@pytest.mark.parametrize(
    "limits", [QueuesConfig(most_notices=3), QueuesConfig(most_bytes=3 * 1000 + 500)], ids=["notices", "bytes"]
)
async def test_a_queue_that_nobody_reads_loses_its_oldest(limits: QueuesConfig) -> None:
    """So that a subscriber who stays away cannot fill the broker's disk."""
    config = own_prefix()
    subscriptions = KombuSubscriptions(config, FakeClock(1_700_000_000.0), limits)
    async with opened_publisher(config) as (_, publisher):
        await subscriptions.create("team")
        announcer = KombuAnnouncer(publisher, Topology(config))
        sent = [f"{number}{'x' * 999}".encode() for number in range(20)]
        for number, body in enumerate(sent):
            await announcer.announce(
                Notice(str(number), "processed", "http://a.test/", "a.test", "fetched", "fetched", body)
            )
        assert await bodies(await subscriptions.open("team", Filter()), 3) == sent[-3:]
    await subscriptions.close()
    emptied_broker(config, "team")
