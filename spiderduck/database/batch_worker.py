"""A thread that takes all jobs waiting for it as one batch, and answers them with one call into the loop.

The one fence between the loop and blocking code of the embedded adapters: SQLite's writer and readers and the archive
are such workers. Its one rule: a job's result, or its exception, always reaches whoever awaits it.
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

Answer = tuple[object, BaseException | None]


class BatchWorker(Generic[Job]):
    """Runs `work` on batches of jobs in a thread of its own. `work` returns one answer per job, in order.

    With `gather_seconds`, the first job of a batch waits so long for others.
    """

    def __init__(
        self, name: str, work: Callable[[Sequence[Job]], Sequence[Answer]], *, gather_seconds: float = 0.0
    ) -> None:
        self._work = work
        self._gather_seconds = gather_seconds
        self._jobs: queue.SimpleQueue[tuple[Job, asyncio.Future[object]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> "asyncio.Future[object]":
        """Hand a job over; the future holds its answer. Cancelling the future does not take the job back."""
        future: asyncio.Future[object] = self._loop.create_future()
        self._jobs.put((job, future))
        return future

    async def close(self) -> None:
        """Finish what was submitted, then end the thread."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def end(self) -> None:
        """The same without waiting for it: for work that may hang in somebody else's library."""
        self._jobs.put(None)

    def _run(self) -> None:
        over = False
        while not over:
            first = self._jobs.get()
            if self._gather_seconds and first is not None:
                time.sleep(self._gather_seconds)
            batch = [first]
            while len(batch) < MOST_AT_ONCE and batch[-1] is not None:
                try:
                    batch.append(self._jobs.get_nowait())
                except queue.Empty:
                    break
            over = batch[-1] is None
            entries = [entry for entry in batch if entry is not None]
            if entries:
                self._answer(entries)

    def _answer(self, entries: list[tuple[Job, "asyncio.Future[object]"]]) -> None:
        try:
            answers = self._work([job for job, _ in entries])
        except BaseException as error:  # noqa: BLE001 -- a thread has no caller: the error goes to all who wait
            answers = [(None, error)] * len(entries)
        futures = [future for _, future in entries]
        self._loop.call_soon_threadsafe(_resolve, futures, answers)


def _resolve(futures: Sequence["asyncio.Future[object]"], answers: Sequence[Answer]) -> None:
    for future, (value, error) in zip(futures, answers, strict=True):
        if future.done():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)
