"""Shares are counted through an outage of the broker: what went back to its queue meanwhile comes again."""

import asyncio
from collections.abc import Sequence
from typing import Any

from spiderduck.errors import HandedOutElsewhere
from spiderduck.shares.counting import QUEUE, RETRY_SECONDS, ShareCounter
from spiderduck.subscriptions.ports import Received
from tests.clock import FakeClock, settle


class OneNotice:
    """A queue whose first acknowledgement comes too late: the connection had ended."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.refused = 0
        self.closed = 0

    async def create(self, name: str, *, after: int | None = None) -> bool:
        return False

    async def open(self, name: str | None, wanted: Any, *, after: int | None = None) -> "OneNotice":
        return self

    async def receive(self, most: int) -> Sequence[Received]:
        if self.acknowledged:
            await asyncio.Event().wait()
        return [Received(7, b"{}")]

    async def poll(self, most: int) -> Sequence[Received]:
        return []

    async def ack(self, position: int) -> None:
        if not self.refused:
            self.refused += 1
            raise HandedOutElsewhere(QUEUE, position)
        self.acknowledged.append(position)

    async def close(self) -> None:
        self.closed += 1


class Nobody:
    """Takes whatever it is told."""

    def __getattr__(self, name: str) -> Any:
        async def told(*_: object) -> None:
            return None

        return self if name in ("changes", "trending", "rechecking") else told if name == "told" else lambda *_: None


async def test_counting_goes_on_when_the_broker_took_a_batch_back() -> None:
    clock, queue = FakeClock(), OneNotice()
    counter = ShareCounter(queue, Nobody(), Nobody(), clock)  # type: ignore[arg-type]
    counting = asyncio.create_task(counter.run())
    for _ in range(4):
        await settle()
        await clock.advance(RETRY_SECONDS)
    assert not counting.done(), counting
    assert (queue.refused, queue.closed, queue.acknowledged) == (1, 1, [7])
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
