"""`Workers` in threads that the caller hands in: a bounded queue in front of them, and a time limit."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

from groundwork.memory import give_back
from groundwork.workers.budget import BUDGET_SECONDS, Grant, MemoryBudget, Places
from groundwork.workers.interface import WorkLimits, WorkTimedOut

T = TypeVar("T")
_TRIM_EVERY = 64  # pieces; a trim takes some 100 µs


class WorkerThreads(Places):
    """`Workers` in this process. `limits.workers` is how many threads the executor has."""

    def __init__(self, executor: Executor, limits: WorkLimits, budget: MemoryBudget) -> None:
        super().__init__(limits, budget)
        self._executor = executor
        self._done = 0

    async def run(self, work: Callable[[], T], *, memory: int = 0) -> T:
        self._enter()
        try:
            grant = await self.budget.take(memory, BUDGET_SECONDS)
        except BaseException:
            self._leave()
            raise
        loop = asyncio.get_running_loop()
        job = self._executor.submit(work)
        # Counted until the thread is free, not until the waiter has gone.
        job.add_done_callback(lambda _job: _on_loop(loop, partial(self._finished, grant)))
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await asyncio.wrap_future(job)
        except TimeoutError as error:
            job.cancel()
            raise WorkTimedOut(f"longer than {self.limits.seconds:g} s") from error

    async def close(self) -> None:
        """Nothing: the threads belong to the caller."""

    def _finished(self, grant: Grant) -> None:
        self.budget.release(grant)
        self._leave()
        self._done += 1
        if self._done % _TRIM_EVERY == 0:
            give_back()


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():  # at shutdown a thread may outlive the loop that would count it
        loop.call_soon_threadsafe(call)
