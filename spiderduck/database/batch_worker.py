"""Threads that take all jobs waiting for them as one batch, and answer them with one call into the loop.

The one fence between the loop and blocking code of the embedded adapters: SQLite's writer and readers and the archive
are such workers. A job's result, or its exception, always reaches whoever awaits it.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Job = TypeVar("Job")

MOST_AT_ONCE = 512
"""Jobs in one batch, so that the first of them does not wait for ever while more keep coming."""

JobResult = tuple[object, BaseException | None]
Work = Callable[[Sequence[Job]], Sequence[JobResult]]
Entry = tuple[Job, "asyncio.Future[object]"]


class BatchWorker(Generic[Job]):
    """Runs each of `works` on batches of jobs in a thread of its own; a batch goes to whichever is free. A `work`
    returns one answer per job, in order.

    What is submitted in one turn of the loop is handed over together, at its end: waking a thread costs more than most
    jobs. With `gather_seconds`, the first job of a batch waits so long for others.
    """

    def __init__(self, name: str, *works: Work[Job], gather_seconds: float = 0.0) -> None:
        self._gather_seconds = gather_seconds
        self._submitted: list[Entry[Job]] = []
        self._handed_over: queue.SimpleQueue[list[Entry[Job]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=f"{name} {number}" if number else name, daemon=True)
            for number, work in enumerate(works)
        ]
        for thread in self._threads:
            thread.start()

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
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def end(self) -> None:
        """The same without waiting for it: for work that may hang in somebody else's library."""
        self._hand_over()
        for _ in self._threads:
            self._handed_over.put(None)

    def _hand_over(self) -> None:
        if self._submitted:
            self._handed_over.put(self._submitted)
            self._submitted = []

    def _run(self, work: Work[Job]) -> None:
        while (batch := self._handed_over.get()) is not None:
            if self._gather_seconds:
                time.sleep(self._gather_seconds)
            over = self._gather(batch)
            self._answer(work, batch)
            if over:
                return

    def _gather(self, batch: list[Entry[Job]]) -> bool:
        """Add what else waits. Returns whether the end came with it."""
        while len(batch) < MOST_AT_ONCE:
            try:
                more = self._handed_over.get_nowait()
            except queue.Empty:
                return False
            if more is None:
                return True
            batch += more
        return False

    def _answer(self, work: Work[Job], entries: Sequence[Entry[Job]]) -> None:
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
