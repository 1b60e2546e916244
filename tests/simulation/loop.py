"""An event loop in virtual time. When nobody can run, its time jumps to the next timer.

What runs belongs to a simulated process, which can be killed: nothing of it ever runs again, not even the `finally` of
its coroutines, as when a machine loses its power. Only `finish` lets the dead run to their end, so that Python can tidy
up when everything has been looked at.
"""

import asyncio
import contextvars
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any

from spiderduck.database.batch_worker import Batch, Run

EPOCH = 1_800_000_000.0
"""Seconds: what the wall clocks show when the loop's time is 0."""
process: contextvars.ContextVar[str] = contextvars.ContextVar("process", default="")
"""To which simulated process the code belongs that runs now."""


class Stalled(Exception):
    """Everybody waits for somebody else, and no timer will change that."""


class VirtualLoop(asyncio.BaseEventLoop):
    """`random` says how long threads take."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._virtual = 0.0
        self._random = random
        self._selector = self  # asked how long nothing will happen
        self._dead: set[str] = set()
        self._grave: deque[asyncio.Handle] = deque()
        self._kept: list[object] = []

    # What BaseEventLoop asks of a loop ---------------------------------------------------------------------------

    def time(self) -> float:
        return self._virtual

    def select(self, timeout: float | None) -> Sequence[object]:
        if timeout is None:
            raise Stalled("nothing is left to run, and somebody waits")
        if timeout > 0:
            self._virtual = max(self._virtual, self._scheduled[0].when())
        return ()

    def _process_events(self, _: object) -> None: ...

    def _write_to_self(self) -> None: ...

    def close(self) -> None:
        self._selector = None
        super().close()

    # Threads ---------------------------------------------------------------------------

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        """Somewhat later, and in one piece: nobody else runs meanwhile."""
        future: asyncio.Future[Any] = self.create_future()

        def run() -> None:
            if future.done():
                return
            try:
                future.set_result(func(*args))
            except Exception as error:  # noqa: BLE001 -- it is handed to whoever awaits the call
                future.set_exception(error)

        self.call_later(self.thread_seconds(), run)
        return future

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> asyncio.Handle:
        """What a thread did is known a moment later: in between its process can die."""
        return self.call_later(self.thread_seconds(), callback, *args, context=context)

    def thread_seconds(self) -> float:
        return self._random.expovariate(1000.0)

    # Processes ---------------------------------------------------------------------------

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run `work` as the process `name`."""
        context = contextvars.copy_context()
        context.run(process.set, name)
        return self.create_task(work, context=context)

    def kill(self, name: str) -> None:
        """Nothing of that process runs any more."""
        self._dead.add(name)
        self._kept.append((asyncio.all_tasks(self), self._scheduled))  # or they would be closed, `finally` and all
        ready = list(self._ready)
        self._ready.clear()
        for handle in ready:
            (self._grave if self._is_dead(handle) else self._ready).append(handle)
        self._scheduled = [timer for timer in self._scheduled if not self._is_dead(timer)]
        heapq.heapify(self._scheduled)

    def is_dead(self, name: str) -> bool:
        return name in self._dead

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        handle = super().call_soon(callback, *args, context=context)
        if self._dead and self._is_dead(handle):
            self._ready.pop()
            self._grave.append(handle)
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        if self._dead and (process.get() if context is None else context.get(process)) in self._dead:
            return events.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def _is_dead(self, handle: asyncio.Handle) -> bool:
        return handle._context.get(process) in self._dead  # type: ignore[attr-defined]

    def finish(self) -> None:
        """End every task, the dead ones too, and close."""
        self._dead.clear()
        self._ready.extend(self._grave)
        self._grave.clear()
        self.set_exception_handler(lambda loop, context: None)  # what the dead say is of no interest
        while tasks := asyncio.all_tasks(self):
            for task in tasks:
                task.cancel()
            self.run_until_complete(asyncio.wait(tasks, timeout=3600.0))
        self._kept.clear()
        self.run_until_complete(self.shutdown_asyncgens())
        self.close()


class VirtualClock:
    """The `Clock` port. `ahead`: by so many seconds the wall clock of this machine is wrong."""

    def __init__(self, loop: VirtualLoop, ahead: float = 0.0) -> None:
        self._loop = loop
        self._ahead = EPOCH + ahead

    def now(self) -> float:
        return self._loop.time() + self._ahead

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VirtualThreads:
    """The `HandOver` port: a batch is run in one piece when its time has come, with whatever came until then."""

    def __init__(self, name: str, runs: Sequence[Run], gather_seconds: float) -> None:
        self._loop: VirtualLoop = asyncio.get_running_loop()  # type: ignore[assignment]
        self._free = deque(runs)
        self._gather_seconds = gather_seconds
        self._waiting: Batch = []

    def put(self, batch: Batch) -> None:
        self._waiting += batch
        self._begin()

    def end(self) -> None: ...

    def join(self) -> None: ...

    def _begin(self) -> None:
        if self._waiting and self._free:
            self._loop.call_later(self._gather_seconds + self._loop.thread_seconds(), self._run, self._free.popleft())

    def _run(self, run: Run) -> None:
        batch, self._waiting = self._waiting, []
        if batch:
            run(batch)
        self._free.append(run)
        self._begin()
