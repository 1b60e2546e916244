"""What the hand-over of batches promises, by threads and in virtual time."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from spiderduck.database.batch_worker import BatchWorker, HandOver, JobResult, Threads
from tests.simulation.loop import VirtualLoop, VirtualThreads


def _real() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _virtual() -> asyncio.AbstractEventLoop:
    return VirtualLoop(Random(1))


@pytest.mark.parametrize(("make_loop", "hand_over"), [(_real, Threads), (_virtual, VirtualThreads)])
def test_every_job_is_answered_and_what_was_submitted_together_is_run_together(
    make_loop: "type[asyncio.AbstractEventLoop]", hand_over: HandOver
) -> None:
    """In the order submitted, an error to its own job alone; what was handed over before the end is run."""
    batches: list[list[int]] = []

    def work(jobs: Sequence[int]) -> Sequence[JobResult]:
        batches.append(list(jobs))
        return [(job * 2, None) if job else (None, ZeroDivisionError()) for job in jobs]

    async def use() -> list[object]:
        worker: BatchWorker[int] = BatchWorker("test", work, hand_over=hand_over)
        answers = await asyncio.gather(*(worker.submit(job) for job in (1, 0, 3)), return_exceptions=True)
        last = worker.submit(4)
        await worker.close()
        return [*answers, await last]

    loop = make_loop()
    answers = loop.run_until_complete(use())
    loop.close()
    assert [answers[0], *answers[2:]] == [2, 6, 8]
    assert isinstance(answers[1], ZeroDivisionError)
    assert batches == [[1, 0, 3], [4]]
