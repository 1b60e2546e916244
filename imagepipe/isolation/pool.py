"""`Workers` in processes with limits. One that crashes, or takes too long and is killed, is replaced; the rest go on.

The one rule: a process holds one picture at a time, so a crash can only ever concern that one.
"""

import asyncio
import os
import pickle
import sys
from collections.abc import Callable
from typing import TypeVar, cast

from imagepipe.config import ImagesConfig
from imagepipe.errors import Busy, DecoderCrashed, RenderTimedOut
from imagepipe.isolation.worker import LENGTH

T = TypeVar("T")

_START_SECONDS = 30.0


class WorkerProcesses:
    """`Workers` on isolated processes. Each is started when it is first needed."""

    def __init__(self, *, workers: int, queue: int, seconds: float, memory: int) -> None:
        self._room = workers + queue
        self._seconds = seconds
        self._memory = memory
        self._idle: asyncio.LifoQueue[asyncio.subprocess.Process | None] = asyncio.LifoQueue()
        for _ in range(workers):
            self._idle.put_nowait(None)
        self._workers = workers
        self.active = 0
        self.crashes = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Like the port says; `work` must be something that can be pickled, such as a `partial` of a function."""
        if self.active >= self._room:
            raise Busy(f"{self.active} renders are waiting or running", retry_after=1.0)
        self.active += 1
        try:
            return await self._run(pickle.dumps(work))
        finally:
            self.active -= 1

    async def close(self) -> None:
        """End all processes."""
        for _ in range(self._workers):
            await _end(await self._idle.get())

    async def _run(self, message: bytes) -> T:
        process = await self._idle.get()
        healthy: asyncio.subprocess.Process | None = None
        try:
            if process is None or process.returncode is not None:
                process = await self._start()
            async with asyncio.timeout(self._seconds):
                good, value = await _exchange(process, message)
            healthy = process
        except TimeoutError as error:
            raise RenderTimedOut(f"longer than {self._seconds:g} s") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self.crashes += 1
            raise DecoderCrashed("the process that decoded this picture died") from error
        finally:
            if healthy is None and process is not None and process.returncode is None:
                process.kill()  # also when the waiter left: the next one must not read this one's answer
            self._idle.put_nowait(healthy)
        if good:
            return cast(T, value)
        raise cast(Exception, value)

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "imagepipe.isolation.worker",
            str(self._memory),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_START_SECONDS):
                await process.stdout.readexactly(LENGTH.size)  # ready: its start counts against no picture's time
        except BaseException:
            process.kill()
            raise
        return process


async def _exchange(process: asyncio.subprocess.Process, message: bytes) -> tuple[bool, object]:
    assert process.stdin is not None  # both are pipes: `_start` asked for them
    assert process.stdout is not None
    process.stdin.write(LENGTH.pack(len(message)) + message)
    await process.stdin.drain()
    head = await process.stdout.readexactly(LENGTH.size)
    answer = await process.stdout.readexactly(LENGTH.unpack(head)[0])
    return cast(tuple[bool, object], pickle.loads(answer))


async def _end(process: asyncio.subprocess.Process | None) -> None:
    if process is None:
        return
    if process.returncode is None:
        process.kill()
    await process.wait()


def isolated_workers(config: ImagesConfig) -> WorkerProcesses:
    """As the configuration says: by default as many processes as cores."""
    return WorkerProcesses(
        workers=config.isolated_workers or os.cpu_count() or 1,
        queue=config.queue,
        seconds=config.render_seconds,
        memory=config.isolated_memory,
    )
