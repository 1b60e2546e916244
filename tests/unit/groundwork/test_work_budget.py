"""The memory budget: who waits, who passes, who is refused."""

import asyncio

import pytest

from groundwork.workers.budget import MemoryBudget
from groundwork.workers.interface import WorkersBusy, WorkTooLarge

_TOTAL = 1600  # small: up to 100; reserved for small ones: 200


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_sum_stays_within_the_budget() -> None:
    """Many at once: never more than the total, and all have their turn."""
    budget, most, done = MemoryBudget(_TOTAL, most_large=4), 0, 0

    async def one(needed: int) -> None:
        nonlocal most, done
        async with budget.hold(needed, 5):
            most = max(most, budget.taken)
            await asyncio.sleep(0)
            done += 1

    await asyncio.gather(*(one(10 + 37 * index % 1390) for index in range(200)))
    assert (done, budget.taken) == (200, 0)
    assert most <= _TOTAL


async def test_what_never_fits_is_refused_at_once() -> None:
    """Also while others run."""
    budget = MemoryBudget(_TOTAL)
    async with budget.hold(1400, 5):
        with pytest.raises(WorkTooLarge, match=r"1401 .* 1400"):
            await budget.take(1401, 5)


async def test_small_ones_are_served_while_large_ones_run_and_wait() -> None:
    """A part of the budget is theirs."""
    budget = MemoryBudget(_TOTAL)
    running = await budget.take(1400, 5)
    waiting = asyncio.create_task(budget.take(1400, 5))
    await _settle()
    small = [await budget.take(100, 5), await budget.take(100, 5)]
    assert not waiting.done()
    for grant in (*small, running):
        budget.release(grant)
    budget.release(await waiting)
    assert budget.taken == 0


async def test_small_ones_do_not_starve_a_large_one() -> None:
    """Once it waits, new ones stay within their part, and it comes as soon as the old ones end."""
    budget = MemoryBudget(_TOTAL)
    old = [await budget.take(100, 5) for _ in range(16)]
    large = asyncio.create_task(budget.take(1400, 5))
    await _settle()
    late = [asyncio.create_task(budget.take(100, 5)) for _ in range(4)]
    for grant in old:
        budget.release(grant)
        await _settle()
    assert large.done()
    assert [task.done() for task in late].count(True) == 2
    budget.release(await large)
    await _settle()
    assert all(task.done() for task in late)


async def test_large_ones_come_in_their_order() -> None:
    """One that would fit does not pass one that waits."""
    budget, order = MemoryBudget(_TOTAL, most_large=3), []
    first = await budget.take(900, 5)

    async def one(needed: int) -> None:
        async with budget.hold(needed, 5):
            order.append(needed)

    tasks = [asyncio.create_task(one(needed)) for needed in (1000, 300)]
    await _settle()
    assert order == []
    budget.release(first)
    await asyncio.gather(*tasks)
    assert order == [1000, 300]


async def test_a_waiter_that_leaves_takes_nothing_along() -> None:
    """Nor does it keep those behind it."""
    budget = MemoryBudget(_TOTAL)
    running = await budget.take(1400, 5)
    leaving = asyncio.create_task(budget.take(1400, 5))
    behind = asyncio.create_task(budget.take(500, 5))
    await _settle()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    budget.release(running)
    budget.release(await behind)
    assert budget.taken == 0


async def test_one_that_is_cancelled_in_the_moment_of_its_grant_gives_it_back() -> None:
    """The grant is set, the waiter has not run yet."""
    budget = MemoryBudget(_TOTAL)
    running = await budget.take(1400, 5)
    waiting = asyncio.create_task(budget.take(1400, 5))
    await _settle()
    budget.release(running)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert budget.taken == 0


async def test_a_wait_has_an_end() -> None:
    """Then the request may come back later."""
    budget = MemoryBudget(_TOTAL)
    await budget.take(1400, 5)
    with pytest.raises(WorkersBusy):
        await budget.take(1400, 0)
