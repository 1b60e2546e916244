"""The contract of the `EventQueue` port, and of what the API needs beside it, on every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import pytest

from schedulers.model import Delivery, Message
from schedulers.ports import EventQueue
from spiderduck.database.sqlite import Database
from spiderduck.queues.ports import DeadLetters
from spiderduck.queues.sqlite import SqliteQueue
from tests.clock import FakeClock, settle
from tests.integration.cluster.brokers import behind_slow_link, emptied_broker, opened_queue, own_prefix


class Queue(EventQueue, DeadLetters, Protocol):
    """Both sides of a queue."""


Opened = AbstractAsyncContextManager[Queue]
OpenQueue = Callable[[], Opened]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("rabbitmq", marks=pytest.mark.engine("rabbitmq")),
        pytest.param("rabbitmq quorum", marks=pytest.mark.engine("rabbitmq")),
        pytest.param("rabbitmq behind a slow link", marks=pytest.mark.engine("rabbitmq", "toxiproxy")),
    ]
)
async def open_queue(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[OpenQueue]:
    """Opens the queue over the same durable state; leaving the block is the end of the process that owned it."""

    @asynccontextmanager
    async def sqlite() -> AsyncIterator[Queue]:
        database = Database(tmp_path / "queue.db")
        queue = SqliteQueue(database, clock)
        running = asyncio.create_task(queue.run())
        try:
            yield queue
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await database.close()

    if request.param == "sqlite":
        yield sqlite
        return
    config = own_prefix(
        queue_type="quorum" if "quorum" in request.param else "classic",
        delay_unit_ms=30 if "slow" in request.param else 10,
    )
    with behind_slow_link(config) if "slow" in request.param else nullcontext(config) as reached:
        yield lambda: opened_queue(reached, clock)
    emptied_broker(config)


def message(name: str = "one") -> Message:
    return Message(f'{{"text": "{name}"}}'.encode(), name)


async def received(queue: Queue) -> Delivery:
    async with asyncio.timeout(30):
        return await queue.receive()


async def nothing_comes(queue: Queue) -> bool:
    waiting = asyncio.create_task(queue.receive())
    await queue.lengths()  # two round trips through the adapter: whatever was on its way has arrived
    await queue.lengths()
    await settle()
    came = waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return not came


async def test_what_was_published_is_received_in_order(open_queue: OpenQueue) -> None:
    async with open_queue() as queue:
        await queue.publish([message("one"), message("two")])
        assert [(await received(queue)).message.event_id for _ in range(2)] == ["one", "two"]


async def test_an_event_id_is_accepted_once(open_queue: OpenQueue, request: pytest.FixtureRequest) -> None:
    """Where the adapter can know."""
    if "rabbitmq" in request.node.name:
        pytest.skip("a broker cannot know event ids; the store's finished shares stop what is handled twice")
    async with open_queue() as queue:
        assert await queue.publish([message("one"), message("one"), message("two")]) == [True, False, True]
        assert await queue.publish([message("two")]) == [False]
        assert (await queue.lengths()).ready == 2


async def test_event_ids_count_by_kind_and_as_former_versions_remembered_them(
    open_queue: OpenQueue, request: pytest.FixtureRequest
) -> None:
    """They knew an event by its id alone."""
    if "rabbitmq" in request.node.name:
        pytest.skip("a broker cannot know event ids; the store's finished shares stop what is handled twice")
    ids = {"42": True, "tweet 42": False, "tweet 43": True, "generic 43": True, "slack 43": True, "tweet 44": True}
    async with open_queue() as queue:
        for bulk in (False, True):
            accepted = await queue.publish([message(one) for one in ids], bulk=bulk)
            assert accepted == (list(ids.values()) if not bulk else [False] * len(ids))


async def test_what_is_not_acknowledged_comes_again_after_a_restart(open_queue: OpenQueue) -> None:
    async with open_queue() as queue:
        await queue.publish([message("kept"), message("done")])
        first, second = await received(queue), await received(queue)
        await queue.ack(second)
    async with open_queue() as queue:
        again = await received(queue)
        assert again.message == first.message
        assert again.deliveries == 2
        assert await nothing_comes(queue)


async def test_acknowledging_twice_is_harmless(open_queue: OpenQueue) -> None:
    async with open_queue() as queue:
        await queue.publish([message()])
        delivery = await received(queue)
        await queue.ack(delivery)
        await queue.ack(delivery)
        assert (await queue.lengths()).ready == 0


async def test_a_receiver_that_leaves_loses_nothing(open_queue: OpenQueue) -> None:
    async with open_queue() as queue:
        leaving = asyncio.create_task(queue.receive())
        staying = asyncio.create_task(queue.receive())
        await settle()
        leaving.cancel()
        await queue.publish([message()])
        async with asyncio.timeout(30):
            assert (await staying).message == message()


async def test_errors_are_counted_durably_and_the_message_comes_later(open_queue: OpenQueue, clock: FakeClock) -> None:
    async with open_queue() as queue:
        await queue.publish([message()])
        assert await queue.retry(await received(queue), "broken") == 1
        assert await nothing_comes(queue)
        await clock.advance(60.0)
        assert (await received(queue)).errors == 1
    async with open_queue() as queue:
        assert (await received(queue)).errors == 1


async def test_a_buried_message_lies_with_its_reason_and_can_be_replayed(open_queue: OpenQueue) -> None:
    async with open_queue() as queue:
        await queue.publish([message("bad"), message("good")])
        delivery = await received(queue)
        await received(queue)
        await queue.bury(delivery, "cannot be read")
        (letter,) = await queue.dead(10)
        assert (letter.reason, letter.message) == ("cannot be read", message("bad"))
        assert (await queue.lengths()).dead == 1
        assert await queue.replay([letter.id, 999]) == 1
        again = await received(queue)
        assert (again.message, again.errors) == (message("bad"), 0)
        assert await queue.dead(10) == []


async def test_dead_letters_are_read_in_pieces(open_queue: OpenQueue, clock: FakeClock) -> None:
    async with open_queue() as queue:
        await queue.publish([message(name) for name in "abcde"])
        for _ in range(5):
            await clock.advance(1.0)
            await queue.bury(await received(queue), "why not")
        first = await queue.dead(2)
        second = await queue.dead(2, first[-1].id)
        last = await queue.dead(2, second[-1].id)
        assert [one.message.event_id for one in (*first, *second, *last)] == list("edcba")
        assert await queue.dead(2, last[-1].id) == []


async def test_replaying_without_ids_takes_all(open_queue: OpenQueue) -> None:
    async with open_queue() as queue:
        await queue.publish([message("one"), message("two")])
        for _ in range(2):
            await queue.bury(await received(queue), "why not")
        assert await queue.replay(None) == 2
        assert {(await received(queue)).message.event_id for _ in range(2)} == {"one", "two"}


async def test_a_deferred_message_comes_when_it_is_due_also_after_a_restart(
    open_queue: OpenQueue, clock: FakeClock
) -> None:
    deferred = Message(b"{}", "one", url="http://slow.test/", deferrals=2)
    async with open_queue() as queue:
        await queue.defer(deferred, clock.now() + 100.0)
        assert (await queue.lengths()).deferred == 1
        assert await nothing_comes(queue)
    async with open_queue() as queue:
        await queue.lengths()
        assert await nothing_comes(queue)
        await clock.advance(101.0)
        assert (await received(queue)).message == deferred
        async with asyncio.timeout(30):  # a quorum queue keeps it until the other one has confirmed it
            while (await queue.lengths()).deferred:
                await asyncio.sleep(0.01)


async def test_a_due_time_that_comes_sooner_is_not_slept_over(open_queue: OpenQueue, clock: FakeClock) -> None:
    async with open_queue() as queue:
        await queue.defer(message("late"), clock.now() + 1000.0)
        await queue.defer(message("soon"), clock.now() + 10.0)
        await queue.lengths()
        await clock.advance(11.0)
        assert (await received(queue)).message == message("soon")


async def test_neither_what_is_due_nor_what_is_new_waits_behind_all_of_the_other(
    open_queue: OpenQueue, clock: FakeClock, request: pytest.FixtureRequest
) -> None:
    """A process that was away for an hour finds thousands that have come due."""
    if "rabbitmq" in request.node.name:
        pytest.skip("the broker keeps one queue, in the order of arrival")
    async with open_queue() as queue:
        for number in range(600):
            await queue.defer(message(f"due-{number}"), clock.now() + 10.0 + number / 1000)
        await queue.publish([message(f"new-{number}") for number in range(600)])
    await clock.advance(3600.0)
    async with open_queue() as queue:
        await clock.advance(1.0)
        came = []
        for _ in range(1200):
            delivery = await received(queue)
            came.append(delivery.message.event_id)
            await queue.ack(delivery)
        for kind in ("due", "new"):
            own = [index for index, name in enumerate(came) if name.startswith(kind)]
            assert len(own) == len({came[index] for index in own}) == 600
            assert own[99] < 500, f"a hundred of {kind} are among the first five hundred"
        assert [name for name in came if name.startswith("due")] == [f"due-{number}" for number in range(600)]
        assert await nothing_comes(queue)


async def test_many_messages_come_through_whole(open_queue: OpenQueue) -> None:
    names = [f"event-{number}" for number in range(1500)]
    async with open_queue() as queue:
        await queue.publish([message(name) for name in names])
        came = []
        for _ in names:
            delivery = await received(queue)
            came.append(delivery.message.event_id)
            await queue.ack(delivery)
        assert came == names


async def test_a_small_request_passes_a_large_one(open_queue: OpenQueue) -> None:
    """What was published later and by itself comes after a few of the large request, not after all of it."""
    async with open_queue() as queue:
        await queue.publish([message(f"bulk-{number}") for number in range(3000)], bulk=True)
        await received(queue)
        await queue.publish([message("small")])
        before = 0
        while (delivery := await received(queue)).message.event_id != "small":
            before += 1
            await queue.ack(delivery)
        assert before < 1000


async def test_large_requests_take_turns(open_queue: OpenQueue, request: pytest.FixtureRequest) -> None:
    """The embedded queue alone: a broker gives them out in the order they came."""
    if request.node.callspec.params["open_queue"] != "sqlite":
        pytest.skip("a broker's queue is first in, first out")
    async with open_queue() as queue:
        await queue.publish([message(f"first-{number}") for number in range(2000)], bulk=True)
        await received(queue)
        assert await queue.publish([message(f"second-{number}") for number in range(300)], bulk=True) == [True] * 300
        assert (await queue.publish([message("first-7"), message("third")], bulk=True)) == [False, True]
        names = [(await received(queue)).message.event_id for _ in range(1200)]
        assert sum(name.startswith("second") for name in names) == 300
        assert [name for name in names if name.startswith("first")] == [
            f"first-{number}" for number in range(1, 1 + sum(name.startswith("first") for name in names))
        ]


async def test_a_large_request_survives_a_restart_whole(open_queue: OpenQueue) -> None:
    async with open_queue() as queue:
        await queue.publish([message(f"bulk-{number}") for number in range(700)], bulk=True)
        for _ in range(100):
            await queue.ack(await received(queue))
        assert (await queue.lengths()).ready == 600
    async with open_queue() as queue:
        names = set()
        for _ in range(600):
            names.add((delivery := await received(queue)).message.event_id)
            await queue.ack(delivery)
        assert len(names) == 600
        assert await nothing_comes(queue)
