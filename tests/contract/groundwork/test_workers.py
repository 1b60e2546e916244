"""The `Workers` port: threads and isolated processes keep the same promises."""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import pytest

from groundwork.workers import processes as worker_processes
from groundwork.workers.budget import MIB, MemoryBudget
from groundwork.workers.interface import (
    OutOfMemory,
    WorkerCrashed,
    Workers,
    WorkersBusy,
    WorkFailed,
    WorkLimits,
    WorkTimedOut,
    WorkTooLarge,
)
from groundwork.workers.processes import WorkerProcesses
from groundwork.workers.threads import WorkerThreads

LIMITS = WorkLimits(workers=1, queue=1, seconds=10)


def _budget() -> MemoryBudget:
    return MemoryBudget(512 * MIB)


class Refused(Exception):
    """An expected ending of somebody's work."""

    code = "refused"


def refuse(text: str) -> None:
    raise Refused(text)


@pytest.fixture
async def processes() -> AsyncIterator[WorkerProcesses]:
    pool = WorkerProcesses(LIMITS, _budget(), memory=400 * MIB)
    yield pool
    await pool.close()


@pytest.fixture(params=["threads", "processes"])
async def workers(request: pytest.FixtureRequest, processes: WorkerProcesses) -> AsyncIterator[Workers]:
    if request.param == "processes":
        yield processes
        return
    with ThreadPoolExecutor(1) as executor:
        yield WorkerThreads(executor, LIMITS, _budget())


async def test_work_is_done(workers: Workers) -> None:
    """The result comes back, and the place with it."""
    assert await workers.run(partial(pow, 2, 10)) == 1024
    for _ in range(100):
        await asyncio.sleep(0)
    assert workers.active == 0


async def test_expected_errors_come_back_as_themselves(workers: Workers) -> None:
    """With class and text."""
    with pytest.raises(Refused, match="not this one"):
        await workers.run(partial(refuse, "not this one"))


async def test_more_than_the_queue_holds_is_refused(workers: Workers) -> None:
    """At once, with a moment to come back; the others are served."""
    results = await asyncio.gather(*(workers.run(partial(pow, 2, 3)) for _ in range(3)), return_exceptions=True)
    assert results[:2] == [8, 8]
    assert isinstance(results[2], WorkersBusy)
    assert results[2].retryable
    assert results[2].retry_after > 0


async def test_what_the_budget_never_has_is_refused(workers: Workers) -> None:
    with pytest.raises(WorkTooLarge) as refused:
        await workers.run(partial(pow, 2, 3), memory=513 * MIB)
    assert refused.value.needed == 513 * MIB
    assert await workers.run(partial(pow, 2, 3), memory=100 * MIB) == 8


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


async def test_too_long_is_ended(processes: WorkerProcesses) -> None:
    """The process is killed, and a new one serves."""
    await processes.run(partial(pow, 1, 1))
    processes.limits = replace(LIMITS, seconds=0.5)
    with pytest.raises(WorkTimedOut):
        await processes.run(partial(time.sleep, 60))
    processes.limits = LIMITS
    assert await processes.run(partial(pow, 2, 2)) == 4


async def test_time_in_which_this_process_stood_still_is_given_back(processes: WorkerProcesses) -> None:
    """The answer that came meanwhile is read."""
    await processes.run(partial(pow, 1, 1))
    processes.limits = replace(LIMITS, seconds=0.5)
    working = asyncio.create_task(processes.run(partial(pow, 2, 3)))
    for _ in range(5):
        await asyncio.sleep(0)
    time.sleep(1.0)  # noqa: ASYNC251  the whole process, as a pause of its machine does
    assert await working == 8


@pytest.mark.parametrize("starved", [10.0, 0.0])
async def test_time_without_a_processor_is_given_back(processes: WorkerProcesses, starved: float) -> None:
    """As long as there is some every time; what never got any is busy, and no word about the work."""
    await processes.run(partial(pow, 1, 1))
    processes.limits = replace(LIMITS, seconds=0.2)
    told = itertools.count(0.0, starved)
    with patch.object(worker_processes, "_starved_seconds", lambda pid: next(told)):
        if starved:
            await processes.run(partial(time.sleep, 0.3))
        with pytest.raises(WorkersBusy if starved else WorkTimedOut):
            await processes.run(partial(time.sleep, 60))


async def test_a_process_that_does_not_start_in_time_says_nothing_of_its_work(processes: WorkerProcesses) -> None:
    with patch.object(worker_processes, "_START_SECONDS", 0.0), pytest.raises(WorkersBusy):
        await processes.run(partial(pow, 2, 2))
    assert await processes.run(partial(pow, 2, 2)) == 4


async def test_a_crash_concerns_one_piece(processes: WorkerProcesses) -> None:
    """The process dies, its work gets a named error, the next is served."""
    with pytest.raises(WorkerCrashed):
        await processes.run(os.abort)
    assert await processes.run(partial(pow, 2, 2)) == 4
    assert processes.crashes == 1


async def test_memory_is_limited(processes: WorkerProcesses) -> None:
    """What wants more than the process may have is refused; the process lives."""
    with pytest.raises(OutOfMemory):
        await processes.run(partial(bytes, 2_000_000_000))
    assert await processes.run(partial(pow, 2, 2)) == 4
    assert processes.crashes == 0


async def test_surprises_are_one_named_error(processes: WorkerProcesses) -> None:
    """Whatever a library raises; its class may not even be known here. So is a result that cannot travel."""
    with pytest.raises(WorkFailed, match="ZeroDivisionError"):
        await processes.run(partial(divmod, 1, 0))
    with pytest.raises(WorkFailed):
        await processes.run(partial(memoryview, b""))
    assert await processes.run(partial(pow, 2, 2)) == 4
    assert processes.crashes == 0


async def test_a_process_is_prepared_before_its_first_piece() -> None:
    """So that what is loaded first takes nobody's time."""
    pool = WorkerProcesses(LIMITS, _budget(), memory=400 * MIB, prepare=partial(sys.setrecursionlimit, 777))
    try:
        assert await pool.run(sys.getrecursionlimit) == 777
    finally:
        await pool.close()


async def test_after_the_end_nothing_is_begun(processes: WorkerProcesses) -> None:
    await processes.close()
    with pytest.raises(WorkersBusy, match="stopping"):
        await processes.run(partial(pow, 2, 2))
