"""Bodies in flight share a budget of memory: who finds no room waits, and nobody waits for ever."""

import asyncio
import gc
import pickle
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fetchers.body.budget import FREE, PORTION, BodyBudget, BodyHold
from fetchers.body.chunks import collect
from fetchers.building import Adapters, build_fetcher
from fetchers.config import FetchersConfig, FetchLimits, RateLimits
from fetchers.model import Ended, HopRequest, NotNow, Response
from fetchers.ports import AnswerHead, TransportAnswer, TransportRequest
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from tests.unit.fetchers.bodies import GivenChunks

FAST = RateLimits(per_second=1000.0, burst=1000)
LARGEST = 8 * PORTION
TOTAL = 20 * PORTION


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def grown(budget: BodyBudget, portions: int) -> BodyHold:
    hold = budget.hold()
    try:
        await hold.grow(FREE + portions * PORTION)
    except BaseException:
        hold.release()
        raise
    return hold


async def test_short_bodies_take_nothing() -> None:
    """However many there are and however small the budget."""
    budget = BodyBudget(0, 0)
    for _ in range(1000):
        await budget.hold().grow(FREE)
    assert budget.used == 0


async def test_a_body_takes_while_it_grows_and_gives_back_when_it_has_come_and_when_it_has_ended() -> None:
    budget = BodyBudget(TOTAL, LARGEST)
    hold = budget.hold()
    await hold.grow(FREE + 1)
    assert budget.used == PORTION
    await hold.grow(FREE + PORTION + 1)
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


async def test_who_finds_no_room_waits_in_turn() -> None:
    """The first to wait may use the last part; the others wait for it, in the order in which they came."""
    budget = BodyBudget(TOTAL, LARGEST)
    held = [await grown(budget, 6), await grown(budget, 6)]
    order: list[int] = []

    async def one(number: int) -> BodyHold:
        hold = budget.hold()
        await hold.grow(FREE + 2 * PORTION)
        order.append(number)
        return hold

    tasks = [asyncio.create_task(one(number)) for number in range(4)]
    await settle()
    assert (order, budget.waiting) == ([0], 3)
    await tasks[0].result().grow(FREE + LARGEST)
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
            await hold.grow(FREE + portions * PORTION)
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


async def test_a_body_without_room_is_not_read_on() -> None:
    """So that its far end waits too; what somebody takes while it comes needs no room."""
    budget = BodyBudget(0, 0)
    held = await grown(budget, 1)
    head = Response("http://a.test/", 200, (), b"", 1.0)
    chunks, hold = GivenChunks(head, [bytes(FREE)] * 10), budget.hold()
    reading = asyncio.create_task(collect(chunks, hold))
    await settle()
    assert (reading.done(), len(chunks._left)) == (False, 8)
    streamed = await GivenChunks(head, [bytes(FREE * 3)]).whole()
    assert isinstance(streamed, Response)
    assert len(streamed.body) == 3 * FREE
    held.release()
    answer = await reading
    assert isinstance(answer, Response)
    assert len(answer.body) == 10 * FREE
    assert budget.used == 9 * FREE
    hold.release()
    assert budget.used == 0


class Answers:
    """One page, and a short robots.txt."""

    @asynccontextmanager
    async def open(self, request: TransportRequest) -> AsyncIterator[TransportAnswer]:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(0 if request.parts.target == "/robots.txt" else 2):
                yield bytes(FREE)

        yield AnswerHead(200, ((b"content-type", b"text/html"),)), body()


async def ask(budget: BodyBudget, config: FetchersConfig, seconds: float) -> Response | Ended | NotNow:
    adapters = Adapters(Answers(), MemoryHostStates(), NoSharedCache())
    fetcher = build_fetcher(config, adapters, budget)
    running = asyncio.create_task(fetcher.run())
    by = time.time() + seconds
    try:
        return await fetcher.perform(HopRequest("http://a.test/", by, by))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_waiting_for_room_is_not_held_against_the_site() -> None:
    """Longer than an answer may take: it is read all the same, and the wait is no part of what it took."""
    budget = BodyBudget(0, 0)
    held = await grown(budget, 1)
    config = FetchersConfig(rate_limit=FAST, limits=FetchLimits(total_seconds=0.05))
    asking = asyncio.create_task(ask(budget, config, 60.0))
    waited = 0.3
    await asyncio.wait([asking], timeout=waited)
    assert not asking.done()
    held.release()
    answer = await asking
    assert isinstance(answer, Response)
    assert len(answer.body) == 2 * FREE
    assert answer.elapsed < waited
    assert budget.used == FREE
    answer.release()
    assert budget.used == 0


async def test_without_room_before_the_deadline_the_caller_comes_again() -> None:
    """It is no ending of the URL, for its site did nothing wrong."""
    budget = BodyBudget(0, 0)
    held = await grown(budget, 1)
    answer = await ask(budget, FetchersConfig(rate_limit=FAST, limits=FetchLimits(total_seconds=0.05)), 0.2)
    assert isinstance(answer, NotNow)
    assert "room" in answer.reason
    held.release()
    assert (budget.used, budget.waiting) == (0, 0)


async def test_an_answer_goes_to_another_process_without_its_hold() -> None:
    """Where large pages are understood."""
    hold = await grown(BodyBudget(TOTAL, LARGEST), 2)
    answer = Response("http://a.test/", 200, (), b"x", 1.0, hold=hold)
    assert pickle.loads(pickle.dumps(answer)) == Response("http://a.test/", 200, (), b"x", 1.0)
    hold.release()
