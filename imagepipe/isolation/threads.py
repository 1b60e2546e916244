"""Where pictures are worked on: a bounded queue in front of the threads that the caller hands in, with a time limit.

Above it the pipelines, below it `imagepipe.rendering`. What cannot be queued is refused at once.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

from groundwork.memory import give_back
from imagepipe.errors import Busy, RenderTimedOut
from imagepipe.isolation.memory_budget import BUDGET_SECONDS, Grant, MemoryBudget

T = TypeVar("T")
_TRIM_EVERY = 64  # renders; a trim takes some 100 µs


class WorkerThreads:
    """`Workers` in this process. `workers` is how many threads the executor has."""

    def __init__(self, executor: Executor, *, workers: int, queue: int, seconds: float, budget: MemoryBudget) -> None:
        self._executor = executor
        self._room = workers + queue
        self._seconds = seconds
        self.budget = budget
        self._done = 0
        self.active = 0

    @property
    def small(self) -> int:
        return self.budget.small

    async def run(self, work: Callable[[], T], *, memory: int = 0) -> T:
        if self.active >= self._room:
            raise Busy(f"{self.active} renders are waiting or running", retry_after=1.0)
        self.active += 1
        try:
            grant = await self.budget.take(memory, BUDGET_SECONDS)
        except BaseException:
            self.active -= 1
            raise
        loop = asyncio.get_running_loop()
        job = self._executor.submit(work)
        # Counted until the thread is free, not until the waiter has gone.
        job.add_done_callback(lambda _job: _on_loop(loop, partial(self._finished, grant)))
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(job)
        except TimeoutError as error:
            job.cancel()
            raise RenderTimedOut(f"longer than {self._seconds:g} s") from error

    async def close(self) -> None:
        """Nothing: the threads belong to the caller."""

    def _finished(self, grant: Grant) -> None:
        self.budget.release(grant)
        self.active -= 1
        self._done += 1
        if self._done % _TRIM_EVERY == 0:
            give_back()


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():  # at shutdown a thread may outlive the loop that would count it
        loop.call_soon_threadsafe(call)
