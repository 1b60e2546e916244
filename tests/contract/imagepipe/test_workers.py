"""The `Workers` port: threads and isolated processes keep the same promises."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from imagepipe.errors import BrokenPicture, Busy, DecoderCrashed, PictureTooLarge, RenderTimedOut
from imagepipe.isolation.memory_budget import MemoryBudget
from imagepipe.isolation.pool import WorkerProcesses
from imagepipe.isolation.threads import WorkerThreads
from imagepipe.model import Variant
from imagepipe.ports import Workers
from imagepipe.rendering.render import render_variant
from tests.unit.imagepipe.pictures import encode, quarters


def _budget() -> MemoryBudget:
    return MemoryBudget(512 * 1024 * 1024)


@pytest.fixture(params=["threads", "processes"])
async def workers(request: pytest.FixtureRequest) -> AsyncIterator[Workers]:
    if request.param == "threads":
        with ThreadPoolExecutor(1) as executor:
            yield WorkerThreads(executor, workers=1, queue=1, seconds=5, budget=_budget())
    else:
        pool = WorkerProcesses(workers=1, queue=1, seconds=5, memory=1024 * 1024 * 1024, budget=_budget())
        yield pool
        await pool.close()


async def test_work_is_done(workers: Workers) -> None:
    """The result comes back."""
    work = partial(render_variant, encode(quarters(), "PNG"), Variant(width=10, format="jpeg"))
    assert (await workers.run(work)).width == 10
    assert workers.active == 0


async def test_errors_come_back_as_themselves(workers: Workers) -> None:
    """With class and text."""
    with pytest.raises(BrokenPicture, match="PNG"):
        await workers.run(partial(render_variant, encode(quarters(), "PNG")[:45], Variant()))


async def test_more_than_the_queue_holds_is_refused(workers: Workers) -> None:
    """At once, with a moment to come back; the others are served."""
    work = partial(render_variant, encode(quarters(), "PNG"), Variant())
    results = await asyncio.gather(*(workers.run(work) for _ in range(3)), return_exceptions=True)
    assert [isinstance(result, Busy) for result in results] == [False, False, True]


async def test_a_waiter_that_leaves_does_no_harm(workers: Workers) -> None:
    """The next one gets its own answer."""
    task = asyncio.create_task(workers.run(partial(pow, 2, 3)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(2000):
        if workers.active == 0:
            break
        await asyncio.sleep(0.001)
    assert await workers.run(partial(pow, 2, 4)) == 16


async def test_too_long_is_ended() -> None:
    """A thread's waiter is let go; a process is killed, and a new one serves."""
    pool = WorkerProcesses(workers=1, queue=1, seconds=1.5, memory=1024 * 1024 * 1024, budget=_budget())
    try:
        await pool.run(partial(pow, 1, 1))
        with pytest.raises(RenderTimedOut):
            await pool.run(partial(time.sleep, 60))
        pool._seconds = 10
        assert await pool.run(partial(pow, 2, 2)) == 4
    finally:
        await pool.close()


async def test_a_crash_concerns_one_picture() -> None:
    """The process dies, its picture gets a named error, the next picture is served."""
    pool = WorkerProcesses(workers=1, queue=1, seconds=10, memory=1024 * 1024 * 1024, budget=_budget())
    try:
        with pytest.raises(DecoderCrashed):
            await pool.run(os.abort)
        assert await pool.run(partial(pow, 2, 2)) == 4
        assert pool.crashes == 1
    finally:
        await pool.close()


async def test_memory_is_limited() -> None:
    """What wants more than the process may have is refused; the process lives."""
    pool = WorkerProcesses(workers=1, queue=1, seconds=10, memory=400 * 1024 * 1024, budget=_budget())
    try:
        with pytest.raises(PictureTooLarge):
            await pool.run(partial(bytes, 2_000_000_000))
        assert await pool.run(partial(pow, 2, 2)) == 4
        assert pool.crashes == 0
    finally:
        await pool.close()
