"""Whose turn it is: order, waiting, fullness, cancellation."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from fetchers.config import Queues
from fetchers.model import HopRequest, NotMine, NotNow, RateLimit, Response
from fetchers.politeness.queue import BACK, FRONT, DomainQueue, Turn
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import DomainSlot
from fetchers.stores.memory import MemoryHostStates
from tests.chaos.cluster.verdict import too_many
from tests.clock import FakeClock, settle
from tests.unit.fetchers.small_web import SLOW, small_fetcher

LONG = 10_000.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def queues(clock: FakeClock) -> AsyncIterator[RequestQueues]:
    queues = RequestQueues(clock, Queues(per_domain=5, total=8))
    running = asyncio.create_task(queues.run())
    yield queues
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def opened(queues: RequestQueues, clock: FakeClock, domain: str = "a.test", burst: int = 1) -> DomainQueue:
    return queues.open(domain, DomainSlot(RateLimit(1.0, burst)))


def ask(
    queues: RequestQueues,
    queue: DomainQueue,
    clock: FakeClock,
    *,
    rank: int = BACK,
    wait: float = LONG,
    deadline: float = LONG,
) -> "asyncio.Task[Turn | NotNow | NotMine]":
    now = clock.now()
    return asyncio.create_task(queues.turn(queue, rank=rank, start_by=now + wait, deadline=now + deadline))


async def test_turns_come_at_the_rate(queues: RequestQueues, clock: FakeClock) -> None:
    queue = opened(queues, clock)
    asked = [ask(queues, queue, clock) for _ in range(3)]
    await settle()
    given = []
    for _ in range(3):
        given.append(sum(one.done() for one in asked))
        for one in asked:
            if one.done() and isinstance(turn := one.result(), Turn):
                turn.over()
        await clock.advance(1.0)
    assert given == [1, 2, 3]


async def test_robots_goes_first_and_then_the_earliest_deadline(queues: RequestQueues, clock: FakeClock) -> None:
    queue = opened(queues, clock)
    first = await ask(queues, queue, clock)
    assert isinstance(first, Turn)
    late = ask(queues, queue, clock, deadline=900.0)
    early = ask(queues, queue, clock, deadline=500.0)
    robots = ask(queues, queue, clock, rank=FRONT, deadline=900.0)
    await settle()
    first.over()
    order = []
    for _ in range(3):
        await clock.advance(1.0)
        for name, one in (("late", late), ("early", early), ("robots", robots)):
            if one.done() and name not in order:
                order.append(name)
                turn = one.result()
                assert isinstance(turn, Turn)
                turn.over()
    assert order == ["robots", "early", "late"]


async def test_a_turn_too_far_off_is_answered_with_when(queues: RequestQueues, clock: FakeClock) -> None:
    queue = opened(queues, clock)
    turn = await ask(queues, queue, clock)
    assert isinstance(turn, Turn)
    turn.over()
    waiting = [ask(queues, queue, clock) for _ in range(4)]
    await settle()
    answer = await ask(queues, queue, clock, wait=2.0)
    assert isinstance(answer, NotNow)
    assert answer.until == pytest.approx(clock.now() + 5.0)
    for one in waiting:
        one.cancel()


async def test_a_full_queue_says_until_when(queues: RequestQueues, clock: FakeClock) -> None:
    queue = opened(queues, clock)
    asked = [ask(queues, queue, clock) for _ in range(8)]
    await settle()
    refused = [one.result() for one in asked if one.done() and isinstance(one.result(), NotNow)]
    assert len(refused) == 2, "one has its turn, five wait, two find the queue full"
    assert queues.waiting == 5
    for one in asked:
        one.cancel()


async def test_a_pause_sends_away_who_cannot_wait_that_long(queues: RequestQueues, clock: FakeClock) -> None:
    queue = opened(queues, clock)
    turn = await ask(queues, queue, clock)
    assert isinstance(turn, Turn)
    turn.over()
    patient, hasty = ask(queues, queue, clock, wait=3600.0), ask(queues, queue, clock, wait=30.0)
    await settle()
    queue.slot.trouble(clock.now(), Random(1))
    queues.pause(queue)
    await settle()
    assert isinstance(hasty.result(), NotNow)
    assert not patient.done()
    await clock.advance(100.0)
    assert isinstance(patient.result(), Turn)


async def test_who_leaves_gives_its_place_up(queues: RequestQueues, clock: FakeClock) -> None:
    queue = opened(queues, clock)
    first = await ask(queues, queue, clock)
    assert isinstance(first, Turn)
    first.over()
    leaving, staying = ask(queues, queue, clock), ask(queues, queue, clock)
    await settle()
    leaving.cancel()
    await clock.advance(1.0)
    assert isinstance(staying.result(), Turn)


async def test_parallel_requests_are_capped(queues: RequestQueues, clock: FakeClock) -> None:
    queue = queues.open("b.test", DomainSlot(RateLimit(1000.0, 1000, parallel=2)))
    asked = [ask(queues, queue, clock) for _ in range(3)]
    await clock.advance(1.0)
    assert [one.done() for one in asked] == [True, True, False]
    turn = asked[0].result()
    assert isinstance(turn, Turn)
    turn.over()
    await clock.advance(0.1)
    assert asked[2].done()


async def test_idle_queues_are_evicted_and_busy_ones_stay(queues: RequestQueues, clock: FakeClock) -> None:
    idle, paused = opened(queues, clock), opened(queues, clock, "b.test")
    for queue in (idle, paused):
        turn = await ask(queues, queue, clock)
        assert isinstance(turn, Turn)
        turn.over()
    paused.slot.trouble(clock.now(), Random(1), retry_after=86_400.0)
    await clock.advance(1_000.0)
    assert [queue.domain for queue in queues.evict_idle(clock.now())] == ["a.test"]
    assert queues.get("b.test") is paused


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
async def test_a_clock_that_is_set_lets_nobody_out_sooner_or_later(
    queues: RequestQueues, clock: FakeClock, step: float
) -> None:
    """Bucket, pauses, promises and who waits go by the time that passes."""
    slow = queues.open("slow.test", DomainSlot(RateLimit(0.1, 2)))
    paused = queues.open("paused.test", DomainSlot(RateLimit(1.0, 1)))
    paused.slot.trouble(clock.now(), Random(1))
    rest = paused.slot.backoff_until - clock.now()
    given: list[float] = []

    async def one() -> None:
        turn = await ask(queues, slow, clock)
        assert isinstance(turn, Turn)
        given.append(clock.monotonic())
        turn.over()

    began = clock.monotonic()
    asking = [asyncio.create_task(one()) for _ in range(5)]
    await clock.advance(5.0)
    clock.step(step)
    assert paused.ready_at(queues.now()) - clock.now() == pytest.approx(rest - 5.0)
    await clock.advance(100.0)
    await asyncio.gather(*asking)
    assert [moment - began for moment in given] == pytest.approx([0.0, 0.0, 10.0, 20.0, 30.0])
    assert slow._usual_seconds < 1.0


class StarvedClock(FakeClock):
    """A clock of a process that gets no processor for `pause` seconds after it read the time, whenever it is set."""

    pause = 0.0

    def now(self) -> float:
        read = super().now()
        self._now += self.pause
        return read


@pytest.mark.parametrize("step", [-0.4, -0.06, 0.06, 0.4])
async def test_small_corrections_and_pauses_of_the_process_let_no_request_go_early(step: float) -> None:
    """Burst + rate × t holds by the time that passes, also for a process that is starved between two looks."""
    clock = StarvedClock()
    queues = RequestQueues(clock, Queues())
    running = asyncio.create_task(queues.run())
    queue = queues.open("a.test", DomainSlot(RateLimit(1.0, 2)))
    sent: list[float] = []

    async def one() -> None:
        turn = await ask(queues, queue, clock)
        assert isinstance(turn, Turn)
        sent.append(clock.monotonic())
        turn.written()
        turn.over()

    asking = [asyncio.create_task(one()) for _ in range(40)]
    for number in range(100):
        await clock.advance(0.37)
        if number % 5 == 0:
            clock.step(step)
        clock.pause = 0.6 if number % 7 == 0 else 0.0
        queues.now()
        clock.pause = 0.0
    running.cancel()
    for task in asking:
        task.cancel()
    assert len(sent) > 30
    assert too_many(sent, 1.0, 2, 0.001) is None


async def test_a_domain_met_after_the_clock_was_set_back_waits_no_longer_than_any_new_one() -> None:
    """What was saved, or when we began, may lie in the future then."""
    clock, states = FakeClock(), MemoryHostStates()
    slot = DomainSlot(RateLimit(1.0, 4))
    slot.take()
    slot.written(clock.now() + 3600.0)
    await states.save("known.test", slot.snapshot())
    async with small_fetcher({}, SLOW, clock=clock, states=states) as (fetcher, web, _):
        clock.step(-7200.0)
        for url in ("http://known.test/", "http://new.test/"):
            now = clock.now()
            asking = asyncio.create_task(fetcher.perform(HopRequest(url, now + 60.0, now + 60.0)))
            await clock.advance(10.0)
            assert isinstance(await asking, Response)
        assert len(web.arrivals) == 4
