"""A statement under way: its deadline, and the second copy of a slow read."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from spiderduck.errors import StoreUnavailable
from spiderduck.stores.sessions.hedging import MOST_SAVED, Hedging

NEVER, SOON = 60.0, 0.001


class Driver:
    """Every `send` waits for an answer of its own."""

    def __init__(self) -> None:
        self.sent: list[asyncio.Future[str]] = []
        self.given_up = 0
        self.another = asyncio.Event()

    @property
    def send(self) -> Callable[[], Coroutine[Any, Any, str]]:
        return self._send

    async def _send(self) -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.sent.append(answer)
        self.another.set()
        try:
            return await answer
        except asyncio.CancelledError:
            self.given_up += 1
            raise

    async def until(self, copies: int) -> None:
        while len(self.sent) < copies:
            self.another.clear()
            await self.another.wait()


async def test_an_answer_that_never_comes_is_waited_for_until_the_deadline() -> None:
    """A driver that lost the request must not hold an event for ever."""
    driver = Driver()
    with pytest.raises(StoreUnavailable, match="in time"):
        await Hedging(SOON, NEVER, 1).once(driver.send)
    with pytest.raises(StoreUnavailable, match="in time"):
        await Hedging(SOON, SOON, 1).read(driver.send)
    await asyncio.sleep(0)
    assert driver.given_up == len(driver.sent), "nothing is left waiting"


async def test_a_slow_read_is_asked_again_and_the_first_answer_counts() -> None:
    driver = Driver()
    reading = asyncio.create_task(Hedging(NEVER, SOON, 1).read(driver.send))
    await driver.until(2)
    driver.sent[1].set_result("second")
    assert await reading == "second"
    await asyncio.sleep(0)
    assert (len(driver.sent), driver.given_up) == (2, 1)


async def test_a_copy_that_fails_leaves_the_other_to_answer() -> None:
    driver = Driver()
    reading = asyncio.create_task(Hedging(NEVER, SOON, 1).read(driver.send))
    await driver.until(2)
    driver.sent[0].set_exception(ConnectionResetError("gone"))
    await asyncio.sleep(0)
    assert not reading.done()
    driver.sent[1].set_exception(ConnectionResetError("gone too"))
    with pytest.raises(ConnectionResetError, match="gone too"):
        await reading


async def test_writes_are_sent_once() -> None:
    driver = Driver()
    writing = asyncio.create_task(Hedging(NEVER, SOON, 1).once(driver.send))
    reading = asyncio.create_task(Hedging(NEVER, SOON, 1).read(driver.send))
    await driver.until(3)
    assert len(driver.sent) == 3, "one write, two copies of the read"
    driver.sent[0].set_result("written")
    driver.sent[1].set_result("read")
    assert (await writing, await reading) == ("written", "read")


async def test_a_cluster_that_is_slow_altogether_is_not_asked_twice_for_each() -> None:
    """Copies stay a tenth of the reads, above a small saving for a hiccup."""
    driver, asking, reads = Driver(), Hedging(NEVER, SOON, 1), 100
    reading = [asyncio.create_task(asking.read(driver.send)) for _ in range(reads)]
    most = reads + int(MOST_SAVED)
    await driver.until(most)
    for _ in range(5):
        await asyncio.sleep(2 * SOON)
    assert len(driver.sent) == most
    for answer in driver.sent:
        answer.set_result("late")
    assert await asyncio.gather(*reading) == ["late"] * reads


async def test_who_gives_up_leaves_nothing_behind() -> None:
    driver = Driver()
    reading = asyncio.create_task(Hedging(NEVER, SOON, 1).read(driver.send))
    await driver.until(2)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.sleep(0)
    assert driver.given_up == 2
