"""Equal URLs meet, and nobody waits in a circle."""

import asyncio

from schedulers.in_flight import InFlight
from tests.clock import settle


async def test_the_second_waits_for_the_first() -> None:
    in_flight, order = InFlight(), []
    first_may_end = asyncio.Event()

    async def first() -> None:
        async with in_flight.hold("a"):
            order.append("first begins")
            await first_may_end.wait()
            order.append("first ends")

    async def second() -> None:
        async with in_flight.hold("a"):
            order.append("second begins")

    tasks = [asyncio.create_task(first()), asyncio.create_task(second())]
    await settle()
    first_may_end.set()
    await asyncio.gather(*tasks)
    assert order == ["first begins", "first ends", "second begins"]
    assert len(in_flight) == 0


async def test_two_chains_that_lead_to_one_another_do_not_wait_for_ever() -> None:
    """a redirects to b and b to a, both shared at the same moment."""
    in_flight = InFlight()

    async def chain(start: str, target: str) -> None:
        async with in_flight.hold(start) as flight:
            await settle()
            await in_flight.join(flight, target)

    async with asyncio.timeout(30):
        await asyncio.gather(chain("a", "b"), chain("b", "a"))
    assert len(in_flight) == 0


async def test_a_joined_target_is_held_too() -> None:
    in_flight, order = InFlight(), []

    async def short_link() -> None:
        async with in_flight.hold("short") as flight:
            await in_flight.join(flight, "article")
            await settle()
            order.append("fetched")

    async def article() -> None:
        async with in_flight.hold("article"):
            order.append("reused")

    one = asyncio.create_task(short_link())
    await settle(2)
    two = asyncio.create_task(article())
    await asyncio.gather(one, two)
    assert order == ["fetched", "reused"]


async def test_a_waiter_that_is_cancelled_holds_nothing() -> None:
    in_flight = InFlight()
    async with in_flight.hold("a"):
        waiting = asyncio.create_task(_hold(in_flight, "a"))
        await settle()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert len(in_flight) == 0


async def _hold(in_flight: InFlight, key: str) -> None:
    async with in_flight.hold(key):
        await settle()
