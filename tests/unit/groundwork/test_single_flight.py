"""Equal calls at the same moment are one call."""

import asyncio

import pytest

from groundwork.single_flight import SingleFlight
from tests.clock import settle


class Slow:
    """A call that ends when the test says so."""

    def __init__(self) -> None:
        self.calls = 0
        self.cancelled = 0
        self.end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.calls += 1
        try:
            return await asyncio.shield(self.end)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@pytest.mark.parametrize("goes_on", [False, True])
async def test_all_who_wait_have_the_one_result(goes_on: bool) -> None:
    flights: SingleFlight[str, str] = SingleFlight(goes_on=goes_on)
    call = Slow()
    waiting = [asyncio.create_task(flights.run("a", call)) for _ in range(50)]
    await settle()
    assert flights.keys() == ["a"]
    call.end.set_result("found")
    assert await asyncio.gather(*waiting) == ["found"] * 50
    assert (call.calls, len(flights)) == (1, 0)
    assert await flights.run("a", call) == "found"
    assert call.calls == 2, "what it gave is not kept"


async def test_an_error_goes_to_every_waiter() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    call = Slow()
    waiting = [asyncio.create_task(flights.run("a", call)) for _ in range(3)]
    await settle()
    call.end.set_exception(ValueError("no"))
    assert [str(found) for found in await asyncio.gather(*waiting, return_exceptions=True)] == ["no"] * 3
    assert "a" not in flights


async def test_who_leaves_disturbs_nobody() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    call = Slow()
    leaving, staying = (asyncio.create_task(flights.run("a", call)) for _ in range(2))
    await settle()
    leaving.cancel()
    await settle()
    assert (call.cancelled, staying.done()) == (0, False)
    call.end.set_result("found")
    assert await staying == "found"


async def test_the_last_who_leaves_ends_the_call() -> None:
    """And the next begins afresh, at once."""
    flights: SingleFlight[str, str] = SingleFlight()
    call = Slow()
    waiting = asyncio.create_task(flights.run("a", call))
    await settle()
    waiting.cancel()
    again = asyncio.create_task(flights.run("a", call))
    await settle()
    assert (call.calls, call.cancelled, len(flights)) == (2, 1, 1)
    call.end.set_result("found")
    assert await again == "found"


async def test_a_call_that_goes_on_serves_who_comes_later() -> None:
    """Until it is closed."""
    flights: SingleFlight[str, str] = SingleFlight(goes_on=True)
    call = Slow()
    waiting = asyncio.create_task(flights.run("a", call))
    await settle()
    waiting.cancel()
    await settle()
    later = asyncio.create_task(flights.run("a", call))
    await settle()
    assert (call.calls, call.cancelled) == (1, 0)
    await flights.close()
    assert (call.cancelled, len(flights)) == (1, 0)
    with pytest.raises(asyncio.CancelledError):
        await later
