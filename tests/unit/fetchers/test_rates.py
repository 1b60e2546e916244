"""A rate that arithmetic cannot carry is refused wherever one is set, and a turn that never comes stops nobody."""

import asyncio
import math

import pytest

from fetchers.config import FetchersConfig, Queues, RateLimits
from fetchers.model import RateLimit
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import DomainSlot
from fetchers.rates import FASTEST, LARGEST_BURST, SLOWEST, wrong_limit, wrong_rate
from tests.clock import FakeClock
from tests.unit.fetchers.small_web import small_fetcher

NO_RATES = [0.0, -1.0, 5e-324, 1e-320, 1e-308, 1e-12, SLOWEST / 2, FASTEST * 2, 1e308, math.inf, -math.inf, math.nan]
NO_BURSTS = [0, -1, LARGEST_BURST + 1, 10**30, 10**400]


@pytest.mark.parametrize("per_second", NO_RATES)
def test_a_rate_out_of_bounds_is_named_with_its_bounds(per_second: float) -> None:
    assert (wrong_rate(per_second, 1) or "").startswith("per_second is ")
    for limits in (
        RateLimits(per_second=per_second),
        RateLimits(address_per_second=per_second),
        RateLimits(domains={"slow.test": RateLimit(per_second)}),
    ):
        with pytest.raises(ValueError, match=r"per_second is .* it takes a number from 0\.000001 to 1000000"):
            FetchersConfig(rate_limit=limits).validate()


@pytest.mark.parametrize("burst", NO_BURSTS)
def test_a_burst_out_of_bounds_is_named_with_its_bounds(burst: int) -> None:
    assert (wrong_rate(1.0, burst) or "").startswith("burst is ")
    assert len(wrong_rate(1.0, burst) or "") < 120
    assert (wrong_rate(1.0, 1, burst) or "").startswith("parallel is ")
    with pytest.raises(ValueError, match=r"address_burst is .* from 1 to 1000000"):
        FetchersConfig(rate_limit=RateLimits(address_burst=burst)).validate()


@pytest.mark.parametrize("ceiling", [0.0, 1.9, FASTEST * 2, -1.0, math.inf, math.nan])
def test_a_ceiling_lies_above_the_rate(ceiling: float) -> None:
    limit = RateLimit(2.0, 1, ceiling=ceiling)
    assert (wrong_limit(limit) or "").startswith("ceiling is ")
    with pytest.raises(ValueError, match=r"fast\.test\.ceiling is .* from per_second to 1000000"):
        FetchersConfig(rate_limit=RateLimits(domains={"fast.test": limit})).validate()
    assert wrong_limit(RateLimit(2.0, 1, ceiling=2.0)) is None


@pytest.mark.parametrize(("per_second", "burst"), [(SLOWEST, LARGEST_BURST), (FASTEST, 1), (1, 4), (0.5, 1)])
def test_the_bounds_themselves_will_do(per_second: float, burst: int) -> None:
    assert wrong_rate(per_second, burst, burst) is None


@pytest.mark.parametrize("per_second", NO_RATES)
async def test_no_such_rate_is_set_while_running(per_second: float) -> None:
    async with small_fetcher({}) as (fetcher, _, _):
        with pytest.raises(ValueError, match="per_second is"):
            await fetcher.set_limit("slow.test", RateLimit(per_second, 1))


@pytest.mark.parametrize("per_second", [5e-324, 1e-320, 1e-308, 1e-12])
@pytest.mark.parametrize("burst", [1, 2])
async def test_a_queue_whose_turn_cannot_be_told_leaves_the_loop_to_others(per_second: float, burst: int) -> None:
    """Whatever a slot is given, by whomever: what it says is no reason to stand still."""
    clock = FakeClock(1_900_000_000.0)
    queues = RequestQueues(clock, Queues())
    slow = queues.open("slow.test", DomainSlot(RateLimit(per_second, burst)))
    running = asyncio.ensure_future(queues.run())
    waiting = [asyncio.ensure_future(queues.turn(slow, rank=1, start_by=math.inf, deadline=math.inf)) for _ in range(4)]
    quick = queues.open("quick.test", DomainSlot(RateLimit(1000.0, 10)))
    async with asyncio.timeout(30):
        for _ in range(20):
            await asyncio.sleep(0)
        turn = await queues.turn(quick, rank=1, start_by=math.inf, deadline=math.inf)
        assert type(turn).__name__ == "Turn"
    for task in (running, *waiting):
        task.cancel()
    await asyncio.gather(running, *waiting, return_exceptions=True)


async def test_no_number_in_the_heap_is_slept_over() -> None:
    queues = RequestQueues(FakeClock(1_900_000_000.0), Queues())
    queues.dispatch = lambda: math.nan  # type: ignore[method-assign]
    running = asyncio.ensure_future(queues.run())
    async with asyncio.timeout(30):
        for _ in range(20):
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
