"""`Workers` in processes with limits. One that crashes, or takes too long and is killed, is replaced; the rest go on.

A process holds one piece of work at a time, so a crash can only ever concern that one. The time of a piece is its own:
what its process waited for a processor, and what this one stood still, is given back.
"""

import asyncio
import math
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar, cast

from groundwork.workers.budget import BUDGET_SECONDS, MemoryBudget, Places
from groundwork.workers.child import LENGTH
from groundwork.workers.interface import WorkerCrashed, WorkersBusy, WorkLimits, WorkTimedOut

T = TypeVar("T")

_START_SECONDS = 30.0
_MOST_EXTENSIONS = 10
"""A piece that had to wait for a processor may take so many times its seconds in all."""
_EXTENSION_SECONDS = 0.05
"""Less time than that is not given back."""
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_", "TZ", "TMPDIR", "LD_", "PYTHON", "VIRTUAL_ENV", "COVERAGE_")
"""What a process needs to start. Keys and passwords in the environment are none of its business."""


class WorkerProcesses(Places):
    """`Workers` on isolated processes, each with at most `memory` bytes of address space. Each is started when it is
    first needed."""

    def __init__(
        self, limits: WorkLimits, budget: MemoryBudget, *, memory: int, prepare: Callable[[], object] | None = None
    ) -> None:
        """`prepare` is run in each new process, so that what has to be loaded first takes nobody's time."""
        super().__init__(limits, budget)
        self._prepare = prepare
        self._memory = memory
        self._running: set[asyncio.subprocess.Process] = set()
        self._closed = False
        self._idle: asyncio.LifoQueue[asyncio.subprocess.Process | None] = asyncio.LifoQueue()
        for _ in range(limits.workers):
            self._idle.put_nowait(None)
        self.crashes = 0

    async def run(self, work: Callable[[], T], *, memory: int = 0) -> T:
        self._enter()
        try:
            async with self.budget.hold(memory, BUDGET_SECONDS):
                return await self._run(work)
        finally:
            self._leave()

    async def close(self) -> None:
        """End all processes at once, also those that work."""
        self._closed = True
        for process in tuple(self._running):
            await self._end(process)

    async def _run(self, work: Callable[[], T]) -> T:
        process = await self._idle.get()
        healthy: asyncio.subprocess.Process | None = None
        try:
            message = pickle.dumps(work)  # now, so that what waits is not held twice
            if process is None or process.returncode is not None:
                process = await self._start()
            good, value = await self._within_time(process, message)
            healthy = process
        except TimeoutError as error:
            raise WorkTimedOut(f"longer than {self.limits.seconds:g} s") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if self._closed:
                raise WorkersBusy("the worker processes are stopping") from error
            self.crashes += 1
            raise WorkerCrashed("the worker process died") from error
        finally:
            try:
                if healthy is None and process is not None:
                    # Also when the waiter left: the next must not read its answer. Its memory is given back
                    # only with its end, so that is waited for, even by a waiter that is cancelled.
                    await asyncio.shield(asyncio.ensure_future(self._end(process)))
            finally:
                self._idle.put_nowait(healthy)
        if good:
            return cast(T, value)
        raise cast(Exception, value)

    async def _within_time(self, process: asyncio.subprocess.Process, message: bytes) -> tuple[bool, object]:
        """Raises `TimeoutError` once the piece had its seconds, `WorkersBusy` where it did not get half of them."""
        loop, seconds = asyncio.get_running_loop(), self.limits.seconds
        exchange = asyncio.ensure_future(_exchange(process, message))
        try:
            left = seconds
            for _ in range(_MOST_EXTENSIONS):
                began, starved = loop.time(), _starved_seconds(process.pid)
                await asyncio.wait((exchange,), timeout=left)
                if exchange.done():
                    return exchange.result()
                late = max(loop.time() - began - left, 0.0)
                left = min(_starved_seconds(process.pid) - starved + late, seconds)
                if left <= _EXTENSION_SECONDS:
                    break
        finally:
            exchange.cancel()
        if left > seconds / 2:
            raise WorkersBusy("this machine is too busy for the work")
        raise TimeoutError

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        self._running.discard(process)

    async def _start(self) -> asyncio.subprocess.Process:
        if self._closed:
            raise WorkersBusy("the worker processes are stopping")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "groundwork.workers.child",
            str(self._memory),
            str(math.ceil(self.limits.seconds)),
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**_environment(os.environ), "MALLOC_ARENA_MAX": "1"},
        )
        self._running.add(process)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_START_SECONDS):
                await process.stdout.readexactly(LENGTH.size)  # ready: its start counts against no piece's time
                if self._prepare is not None:
                    await _exchange(process, pickle.dumps(self._prepare))
        except TimeoutError as error:
            await asyncio.shield(asyncio.ensure_future(self._end(process)))
            raise WorkersBusy("this machine is too busy to start a worker process") from error
        except BaseException:
            await asyncio.shield(asyncio.ensure_future(self._end(process)))
            raise
        return process


async def _exchange(process: asyncio.subprocess.Process, message: bytes) -> tuple[bool, object]:
    assert process.stdin is not None  # both are pipes: `_start` asked for them
    assert process.stdout is not None
    process.stdin.write(LENGTH.pack(len(message)))
    process.stdin.write(message)
    await process.stdin.drain()
    head = await process.stdout.readexactly(LENGTH.size)
    answer = await process.stdout.readexactly(LENGTH.unpack(head)[0])
    return cast(tuple[bool, object], pickle.loads(answer))


def _starved_seconds(pid: int) -> float:
    """How long the process has been ready to run without a processor to run on, in all; 0 where Linux does not say."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as figures:
            return int(figures.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _environment(whole: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in whole.items() if name.startswith(_ENVIRONMENT)}
