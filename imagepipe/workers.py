"""Work on pictures, in threads or in processes of its own, within the memory budget.

What a picture needs is read from its header where it would be decoded. A small one is done at once; one that needs more
than was granted comes back undone with the figure, and is sent again when there is room.
"""

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from groundwork.workers import interface as outcomes
from groundwork.workers.budget import MIB, MemoryBudget
from groundwork.workers.interface import WorkError, Workers, WorkLimits
from groundwork.workers.processes import WorkerProcesses
from groundwork.workers.threads import WorkerThreads
from imagepipe import errors
from imagepipe.config import ImagesConfig
from imagepipe.rendering.footprint import COPIES, probe_bytes
from imagepipe.rendering.placeholder import describe, describe_bytes
from imagepipe.rendering.probe import probe
from imagepipe.rendering.render import render_bytes, render_variant

T = TypeVar("T")

_LEAST_WORKERS = 2
"""So that a small picture need not wait for a large one, also on one core."""


class PictureWorkers:
    """`Workers` whose errors are this package's own."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    @property
    def active(self) -> int:
        return self._workers.active

    @property
    def small(self) -> int:
        return self._workers.small

    async def run(self, work: Callable[[], T], *, memory: int = 0) -> T:
        """Raises `Busy`, `RenderTimedOut`, `PictureTooLarge`, `DecoderCrashed`, and what the work raises."""
        try:
            return await self._workers.run(work, memory=memory)
        except WorkError as error:
            raise _named(error) from error

    async def close(self) -> None:
        await self._workers.close()


def _named(error: WorkError) -> errors.ImageError:
    match error:
        case outcomes.WorkersBusy():
            return errors.Busy(str(error), error.retry_after)
        case outcomes.WorkTimedOut():
            return errors.RenderTimedOut(str(error))
        case outcomes.WorkTooLarge():
            needed, most = (-(-count // MIB) for count in (error.needed, error.most))
            return errors.PictureTooLarge(f"needs about {needed} MiB to decode; at most {most} of images.memory_bytes")
        case outcomes.OutOfMemory():
            return errors.PictureTooLarge("no memory for its pixels within the process's limit")
        case outcomes.WorkerCrashed():
            return errors.DecoderCrashed("the process that decoded this picture died")
        case _:
            return errors.BrokenPicture(str(error))


def isolated_workers(config: ImagesConfig) -> PictureWorkers:
    """Processes as the configuration says: by default as many as cores, but two at least."""
    count = config.isolated_workers or max(_LEAST_WORKERS, os.cpu_count() or 1)
    limits = WorkLimits(count, config.queue, config.render_seconds)
    budget = MemoryBudget(config.memory_bytes, most_large=count - 1)
    return PictureWorkers(WorkerProcesses(limits, budget, memory=config.isolated_memory))


def threaded_workers(config: ImagesConfig, executor: Executor, count: int) -> PictureWorkers:
    """On the `count` threads of `executor`, which belong to the caller."""
    limits = WorkLimits(count, config.queue, config.render_seconds)
    return PictureWorkers(WorkerThreads(executor, limits, MemoryBudget(config.memory_bytes, most_large=count - 1)))


@dataclass(frozen=True, slots=True)
class Needs:
    """The work was not begun: it takes that many bytes."""

    memory: int


@dataclass(frozen=True, slots=True)
class Measured(Generic[T]):
    """Work on a picture, and a function that tells from the same arguments how many bytes it takes at most."""

    work: Callable[..., T]
    memory: Callable[..., int]

    def within(self, granted: int, body: bytes, *args: Any, **options: Any) -> T | Needs:
        """What the work gives, or `Needs` where it takes more than is granted."""
        needed = self.memory(body, *args, **options)
        return Needs(needed) if needed > granted else self.work(body, *args, **options)


async def run_measured(workers: Workers, measured: Measured[T], body: bytes, *args: Any, **options: Any) -> T:
    """The work's result. Raises what the work raises, and what `Workers.run` does."""
    granted = max(workers.small, COPIES * len(body))
    result = await workers.run(partial(measured.within, granted, body, *args, **options), memory=granted)
    if isinstance(result, Needs):
        return await workers.run(partial(measured.work, body, *args, **options), memory=result.memory)
    return result


RENDER = Measured(render_variant, render_bytes)
PLACEHOLDER = Measured(describe, describe_bytes)
PROBE = Measured(probe, probe_bytes)
