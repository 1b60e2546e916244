"""Bodies in flight share a budget of memory: who finds no room waits, and nobody waits for ever."""

import asyncio
import gc
import pickle
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from fetchers.body.budget import FREE, PORTION, BodyBudget, BodyHold, Endless
from fetchers.body.limits import BodyPlan
from fetchers.body.reading import read_body
from fetchers.body.turns import DecodeTurns
from fetchers.config import FetchersConfig, Limits
from fetchers.counters import Counters
from fetchers.exchange import exchange
from fetchers.model import Ended, HopRequest, NotNow, Response
from fetchers.urls import split
from groundwork.clock import SystemClock

LARGEST = 8 * PORTION
TOTAL = 20 * PORTION


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Watched:
    """How often the time stood still."""

    def __init__(self) -> None:
        self.stops = 0

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self.stops += 1
        yield


async def grown(budget: BodyBudget, portions: int) -> BodyHold:
    hold = budget.hold()
    try:
        await hold.grow(FREE + portions * PORTION, Endless())
    except BaseException:
        hold.release()
        raise
    return hold


async def test_short_bodies_take_nothing() -> None:
    """However many there are and however small the budget."""
    budget = BodyBudget(0, 0)
    for _ in range(1000):
        await budget.hold().grow(FREE, Endless())
    assert budget.used == 0


async def test_a_body_takes_while_it_grows_and_gives_back_when_it_has_come_and_when_it_has_ended() -> None:
    budget = BodyBudget(TOTAL, LARGEST)
    hold = budget.hold()
    await hold.grow(FREE + 1, Endless())
    assert budget.used == PORTION
    await hold.grow(FREE + PORTION + 1, Endless())
    assert budget.used == 2 * PORTION
    hold.settle(FREE + PORTION + 10)
    assert budget.used == PORTION + 10
    hold.release()
    assert budget.used == 0


async def test_a_body_is_held_until_its_last_user_has_released_it() -> None:
    budget = BodyBudget(TOTAL, LARGEST)
    hold = await grown(budget, 2)
    hold.share()
    hold.release()
    assert budget.used == 2 * PORTION
    hold.release()
    hold.release()
    assert budget.used == 0


async def test_who_finds_no_room_waits_in_turn_and_its_time_stands_still() -> None:
    """The first to wait may use the last part; the others wait for it, in the order in which they came."""
    budget = BodyBudget(TOTAL, LARGEST)
    held = [await grown(budget, 6), await grown(budget, 6)]
    order: list[int] = []
    watched = Watched()

    async def one(number: int) -> BodyHold:
        hold = budget.hold()
        await hold.grow(FREE + 2 * PORTION, watched)
        order.append(number)
        return hold

    tasks = [asyncio.create_task(one(number)) for number in range(4)]
    await settle()
    assert (order, watched.stops, budget.waiting) == ([0], 3, 3)
    await tasks[0].result().grow(FREE + LARGEST, watched)
    assert budget.used == TOTAL
    held[0].release()
    await settle()
    assert order == [0]  # the budget is beyond its common part still
    tasks[0].result().release()
    held[1].release()
    await settle()
    assert order == [0, 1, 2, 3]


async def test_a_small_one_does_not_pass_who_waits() -> None:
    budget = BodyBudget(TOTAL, LARGEST)
    held = await grown(budget, 11)
    first = asyncio.create_task(grown(budget, 4))
    second = asyncio.create_task(grown(budget, 4))
    await settle()
    third = asyncio.create_task(grown(budget, 1))
    await settle()
    assert (first.done(), second.done(), third.done()) == (True, False, False)
    held.release()
    await settle()
    assert third.done()


@pytest.mark.parametrize("total", [0, LARGEST, TOTAL])
async def test_all_come_to_their_end_whatever_the_budget_is(total: int) -> None:
    """A hundred bodies that grow side by side to their largest size, more than fits: each of them does, and what is
    held never goes beyond the budget, or one body where that is less."""
    budget, most = BodyBudget(total, LARGEST), 0

    async def one() -> None:
        nonlocal most
        hold = budget.hold()
        for portions in range(1, LARGEST // PORTION + 1):
            await hold.grow(FREE + portions * PORTION, Endless())
            most = max(most, budget.used)
            await asyncio.sleep(0)
        hold.settle(FREE + LARGEST)
        await asyncio.sleep(0)
        hold.release()

    async with asyncio.timeout(20):
        await asyncio.gather(*(one() for _ in range(100)))
    assert budget.used == 0
    assert most <= max(total, LARGEST)


async def test_who_is_cancelled_leaves_the_line() -> None:
    """Before it was served and in the very moment."""
    budget = BodyBudget(TOTAL, LARGEST)
    held = await grown(budget, 12)
    first = await grown(budget, 4)
    waiting = [asyncio.create_task(grown(budget, 4)) for _ in range(3)]
    await settle()
    waiting[0].cancel()
    await settle()
    assert budget.waiting == 2
    held.release()
    first.release()
    waiting[1].cancel()
    await asyncio.gather(*waiting[:2], return_exceptions=True)
    (await waiting[2]).release()
    gc.collect()
    await settle()
    assert (budget.used, budget.waiting) == (0, 0)


async def test_what_is_forgotten_is_collected() -> None:
    """Also where it was the one that all others wait for."""
    budget = BodyBudget(0, 0)
    forgotten = await grown(budget, 3)
    waiting = asyncio.create_task(grown(budget, 3))
    await settle()
    assert not waiting.done()
    del forgotten
    gc.collect()
    await settle()
    assert waiting.done()


class Sent(httpx.AsyncByteStream):
    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            self.read += 1
            yield chunk


async def test_a_body_without_room_is_not_read_on() -> None:
    """So that its far end waits too; what somebody takes while it comes needs no room."""
    budget = BodyBudget(0, 0)
    held = await grown(budget, 1)
    stream = Sent(*[bytes(FREE)] * 10)
    hold = budget.hold()
    plan = BodyPlan(10 * FREE)
    reading = asyncio.create_task(read_body(stream, {}, plan, None, DecodeTurns(), hold, Endless()))
    await settle()
    assert (reading.done(), stream.read) == (False, 2)

    async def take(_: bytes) -> bool:
        return True

    streamed = await read_body(Sent(bytes(FREE * 3)), {}, plan, take, DecodeTurns(), budget.hold(), Endless())
    assert streamed.size == 3 * FREE
    held.release()
    assert (await reading).size == 10 * FREE
    assert budget.used == 9 * FREE
    hold.release()
    assert budget.used == 0


class Answers(httpx.AsyncBaseTransport):
    """One page, whatever is asked for."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/html"}, stream=Sent(bytes(FREE), bytes(FREE)))


class MaySend:
    def may_write(self) -> bool:
        return True

    def written(self) -> None: ...

    async def again(self) -> bool:
        return True


async def ask(hold: BodyHold, config: FetchersConfig, seconds: float) -> Response | Ended | NotNow:
    clock = SystemClock()
    request = HopRequest("http://a.test/", clock.now(), clock.now() + seconds)
    parts = split(request.url)
    return await exchange(Answers(), request, parts, config, clock, MaySend(), Counters(), hold=hold)


async def test_waiting_for_room_is_not_held_against_the_site() -> None:
    """Longer than an answer may take: it is read all the same, and the wait is no part of what it took."""
    budget = BodyBudget(0, 0)
    held, hold = await grown(budget, 1), budget.hold()
    config = FetchersConfig(limits=Limits(total_seconds=0.02))
    asking = asyncio.create_task(ask(hold, config, 60.0))
    await asyncio.wait([asking], timeout=0.1)
    assert not asking.done()
    held.release()
    answer = await asking
    assert isinstance(answer, Response)
    assert len(answer.body) == 2 * FREE
    assert answer.elapsed < hold.waited
    assert budget.used == FREE
    answer.release()
    assert budget.used == 0


async def test_without_room_before_the_deadline_the_caller_comes_again() -> None:
    """It is no ending of the URL, for its site did nothing wrong."""
    budget = BodyBudget(0, 0)
    held, hold = await grown(budget, 1), budget.hold()
    answer = await ask(hold, FetchersConfig(limits=Limits(total_seconds=0.01)), 0.05)
    assert isinstance(answer, NotNow)
    assert "room" in answer.reason
    hold.release()
    held.release()
    assert (budget.used, budget.waiting) == (0, 0)


async def test_an_answer_goes_to_another_process_without_its_hold() -> None:
    """Where large pages are understood."""
    hold = await grown(BodyBudget(TOTAL, LARGEST), 2)
    answer = Response("http://a.test/", 200, (), b"x", 1.0, hold=hold)
    assert pickle.loads(pickle.dumps(answer)) == Response("http://a.test/", 200, (), b"x", 1.0)
    hold.release()
