"""Renders in turn: one client's many do not hold up another's few."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from imagepipe.errors import Busy
from imagepipe.limiter import FairLimiter, FairLimits
from imagepipe.variants.turns import Turns
from imagepipe.workers import Measured

T = TypeVar("T")
CHEAP = Measured(lambda body: body, lambda body: 0)


class OneAtATime:
    """Workers that do one piece after the other, each when the test says."""

    small = 1

    def __init__(self) -> None:
        self.active = 0
        self.done: list[bytes] = []
        self._free = asyncio.Lock()
        self._steps = asyncio.Semaphore(0)

    async def run(self, work: Callable[[], T], *, memory: int = 0) -> T:
        self.active += 1
        async with self._free:
            await self._steps.acquire()
            result = work()
            assert isinstance(result, bytes)
            self.done.append(result)
        self.active -= 1
        return result

    async def close(self) -> None:
        """Nothing."""

    async def step(self, count: int = 1) -> None:
        for _ in range(count):
            self._steps.release()
            for _ in range(20):
                await asyncio.sleep(0)


def _turns(workers: OneAtATime, per_client: int = 2, waiting: int = 60) -> Turns:
    return Turns(workers, FairLimiter(FairLimits(1000, 1000, per_client, waiting, 2)))


async def test_a_newcomer_waits_for_a_few_renders_and_not_for_a_queue() -> None:
    workers = OneAtATime()
    turns = _turns(workers)
    greedy = [asyncio.create_task(turns.run("greedy", CHEAP, b"g%d" % number)) for number in range(30)]
    await asyncio.sleep(0.0)
    await workers.step()
    modest = asyncio.create_task(turns.run("modest", CHEAP, b"m"))
    await workers.step(3)
    assert workers.done.index(b"m") <= 3
    assert await modest == b"m"
    await workers.step(30)
    assert [await task for task in greedy] == [b"g%d" % number for number in range(30)]


async def test_clients_take_turns() -> None:
    workers = OneAtATime()
    turns = _turns(workers, per_client=1)
    tasks = [
        asyncio.create_task(turns.run(client, CHEAP, client.encode())) for client in ("a", "a", "a", "b", "b", "c")
    ]
    await asyncio.sleep(0)
    await workers.step(6)
    assert b"".join(workers.done) == b"abcaba"
    await asyncio.gather(*tasks)


async def test_one_client_has_a_few_of_the_workers_and_half_of_the_queue() -> None:
    workers = OneAtATime()
    turns = _turns(workers, waiting=10)
    tasks = [asyncio.create_task(turns.run("greedy", CHEAP, b"g")) for _ in range(40)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert workers.active == 2
    await workers.step(40)
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in ended] == [bytes] * 7 + [Busy] * 33


async def test_our_own_work_has_no_share() -> None:
    workers = OneAtATime()
    turns = _turns(workers)
    tasks = [asyncio.create_task(turns.run("", CHEAP, b"own")) for _ in range(9)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert workers.active == 9
    await workers.step(9)
    await asyncio.gather(*tasks)


async def test_work_that_fails_gives_its_place_back() -> None:
    def fail(body: bytes) -> bytes:
        raise ValueError(body)

    workers = OneAtATime()
    turns = _turns(workers, per_client=1)
    for _ in range(3):
        task = asyncio.create_task(turns.run("a", Measured(fail, lambda body: 0), b"x"))
        await asyncio.sleep(0)
        await workers.step()
        with pytest.raises(ValueError, match="x"):
            await task
