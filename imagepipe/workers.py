"""Where pictures are worked on: a bounded queue in front of the threads that the caller hands in, with a time limit.

Above it the pipelines, below it `imagepipe.rendering`. The one rule: what cannot be queued is refused at once.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from imagepipe.errors import Busy, RenderTimedOut
from imagepipe.memory import give_back

T = TypeVar("T")
_TRIM_EVERY = 64  # renders; a trim takes some 100 µs


class WorkerThreads:
    """`Workers` in this process. `workers` is how many threads the executor has."""

    def __init__(self, executor: Executor, *, workers: int, queue: int, seconds: float) -> None:
        self._executor = executor
        self._room = workers + queue
        self._seconds = seconds
        self._done = 0
        self.active = 0

    async def run(self, work: Callable[[], T]) -> T:
        if self.active >= self._room:
            raise Busy(f"{self.active} renders are waiting or running", retry_after=1.0)
        self.active += 1
        loop = asyncio.get_running_loop()
        job = self._executor.submit(work)
        # Counted until the thread is free, not until the waiter has gone.
        job.add_done_callback(lambda _job: _on_loop(loop, self._finished))
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(job)
        except TimeoutError as error:
            job.cancel()
            raise RenderTimedOut(f"longer than {self._seconds:g} s") from error

    async def close(self) -> None:
        """Nothing: the threads belong to the caller."""

    def _finished(self) -> None:
        self.active -= 1
        self._done += 1
        if self._done % _TRIM_EVERY == 0:
            give_back()


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():  # at shutdown a thread may outlive the loop that would count it
        loop.call_soon_threadsafe(call)
