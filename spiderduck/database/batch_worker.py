"""Workers that take all jobs waiting for them as one batch, and answer them with one call into the loop.

The one fence between the loop and blocking code of the embedded adapters: SQLite's writer and readers and the archive
are such workers. A job's result, or its exception, always reaches whoever awaits it. How a batch comes to its worker is
a port (`HandOver`): threads in the product, virtual time in a simulation.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

Job = TypeVar("Job")

MOST_AT_ONCE = 512
"""Jobs in one batch, so that the first of them does not wait for ever while more keep coming."""

JobResult = tuple[object, BaseException | None]
Work = Callable[[Sequence[Job]], Sequence[JobResult]]
Entry = tuple[Job, "asyncio.Future[object]"]
Batch = list[Entry[Any]]
Run = Callable[[Batch], None]
"""Does the work of a batch and answers it. Blocks; one at a time."""


class Lane(Protocol):
    """Where batches wait for the `Run` that is free next."""

    def put(self, batch: Batch) -> None:
        """Hand a batch over. Returns at once; what waits there may be run together with it."""

    def end(self) -> None:
        """No more come. What was handed over is run."""

    def join(self) -> None:
        """Returns when all has been run. Blocks; called beside the loop."""


HandOver = Callable[[str, Sequence[Run], float], Lane]
"""Makes the lane to the runs of one worker, of its name, for a batch that waits so many seconds for company."""


class Threads:
    """A thread for each run. Waking one costs more than most jobs, so it takes whatever waits."""

    def __init__(self, name: str, runs: Sequence[Run], gather_seconds: float) -> None:
        self._gather_seconds = gather_seconds
        self._waiting: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, args=(run,), name=f"{name} {number}" if number else name, daemon=True)
            for number, run in enumerate(runs)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, batch: Batch) -> None:
        self._waiting.put(batch)

    def end(self) -> None:
        for _ in self._threads:
            self._waiting.put(None)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _run(self, run: Run) -> None:
        while (batch := self._waiting.get()) is not None:
            if self._gather_seconds:
                time.sleep(self._gather_seconds)
            over = self._gather(batch)
            run(batch)
            if over:
                return

    def _gather(self, batch: Batch) -> bool:
        """Add what else waits. Returns whether the end came with it."""
        while len(batch) < MOST_AT_ONCE:
            try:
                more = self._waiting.get_nowait()
            except queue.Empty:
                return False
            if more is None:
                return True
            batch += more
        return False


class BatchWorker(Generic[Job]):
    """Runs each of `works` on batches of jobs, side by side; a batch goes to whichever is free. A `work` returns one
    answer per job, in order.

    What is submitted in one turn of the loop is handed over together, at its end. With `gather_seconds`, the first job
    of a batch waits so long for others.
    """

    def __init__(
        self, name: str, *works: Work[Job], gather_seconds: float = 0.0, hand_over: HandOver = Threads
    ) -> None:
        self._submitted: Batch = []
        self._loop = asyncio.get_running_loop()
        self._lane = hand_over(name, [partial(self._answer, work) for work in works], gather_seconds)

    def submit(self, job: Job) -> "asyncio.Future[object]":
        """Hand a job over; the future holds its answer. Cancelling the future does not take the job back."""
        future: asyncio.Future[object] = self._loop.create_future()
        if not self._submitted:
            self._loop.call_soon(self._hand_over)
        self._submitted.append((job, future))
        return future

    async def close(self) -> None:
        """Finish what was submitted, then end the threads."""
        self.end()
        await asyncio.to_thread(self._lane.join)

    def end(self) -> None:
        """The same without waiting for it: for work that may hang in somebody else's library."""
        self._hand_over()
        self._lane.end()

    def _hand_over(self) -> None:
        if self._submitted:
            self._lane.put(self._submitted)
            self._submitted = []

    def _answer(self, work: Work[Job], entries: Batch) -> None:
        try:
            answers = work([job for job, _ in entries])
        except BaseException as error:  # noqa: BLE001 -- a thread has no caller: the error goes to all who wait
            answers = [(None, error)] * len(entries)
        futures = [future for _, future in entries]
        self._loop.call_soon_threadsafe(_resolve, futures, answers)


def _resolve(futures: Sequence["asyncio.Future[object]"], answers: Sequence[JobResult]) -> None:
    for future, (value, error) in zip(futures, answers, strict=True):
        if future.done():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)
