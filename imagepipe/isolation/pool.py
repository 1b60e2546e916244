"""`Workers` in processes with limits. One that crashes, or takes too long and is killed, is replaced; the rest go on.

A process holds one picture at a time, so a crash can only ever concern that one.
"""

import asyncio
import math
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar, cast

from imagepipe.config import ImagesConfig
from imagepipe.errors import Busy, DecoderCrashed, RenderTimedOut
from imagepipe.isolation.memory_budget import BUDGET_SECONDS, MemoryBudget
from imagepipe.isolation.worker import LENGTH

T = TypeVar("T")

_START_SECONDS = 30.0
_LEAST_WORKERS = 2
"""So that a small picture need not wait for a large one, also on one core."""

_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_", "TZ", "TMPDIR", "LD_", "PYTHON", "VIRTUAL_ENV", "COVERAGE_")
"""What a process needs to start. Keys and passwords in the environment are none of a decoder's business."""


class WorkerProcesses:
    """`Workers` on isolated processes. Each is started when it is first needed."""

    def __init__(
        self,
        *,
        workers: int,
        queue: int,
        seconds: float,
        memory: int,
        budget: MemoryBudget,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        """`prepare` is run in each new process, so that what has to be loaded first takes nobody's time."""
        self._prepare = prepare
        self._room = workers + queue
        self._seconds = seconds
        self._memory = memory
        self.budget = budget
        self._running: set[asyncio.subprocess.Process] = set()
        self._closed = False
        self._idle: asyncio.LifoQueue[asyncio.subprocess.Process | None] = asyncio.LifoQueue()
        for _ in range(workers):
            self._idle.put_nowait(None)
        self.active = 0
        self.crashes = 0

    @property
    def small(self) -> int:
        return self.budget.small

    async def run(self, work: Callable[[], T], *, memory: int = 0) -> T:
        """Like the port says; `work` must be something that can be pickled, such as a `partial` of a function."""
        if self.active >= self._room:
            raise Busy(f"{self.active} renders are waiting or running", retry_after=1.0)
        self.active += 1
        try:
            async with self.budget.hold(memory, BUDGET_SECONDS):
                return await self._run(work)
        finally:
            self.active -= 1

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
            async with asyncio.timeout(self._seconds):
                good, value = await _exchange(process, message)
            healthy = process
        except TimeoutError as error:
            raise RenderTimedOut(f"longer than {self._seconds:g} s") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if self._closed:
                raise Busy("the pictures' processes are ending", retry_after=1.0) from error
            self.crashes += 1
            raise DecoderCrashed("the process that decoded this picture died") from error
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

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        self._running.discard(process)

    async def _start(self) -> asyncio.subprocess.Process:
        if self._closed:
            raise Busy("the pictures' processes are ending", retry_after=1.0)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "imagepipe.isolation.worker",
            str(self._memory),
            str(math.ceil(self._seconds)),
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**_environment(os.environ), "MALLOC_ARENA_MAX": "1"},
        )
        self._running.add(process)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_START_SECONDS):
                await process.stdout.readexactly(LENGTH.size)  # ready: its start counts against no picture's time
                if self._prepare is not None:
                    await _exchange(process, pickle.dumps(self._prepare))
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


def _environment(whole: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in whole.items() if name.startswith(_ENVIRONMENT)}


def isolated_workers(config: ImagesConfig) -> WorkerProcesses:
    """As the configuration says: by default as many processes as cores, but two at least."""
    workers = config.isolated_workers or max(_LEAST_WORKERS, os.cpu_count() or 1)
    return WorkerProcesses(
        workers=workers,
        queue=config.queue,
        seconds=config.render_seconds,
        memory=config.isolated_memory,
        budget=MemoryBudget(config.memory_bytes, most_large=workers - 1),
    )
