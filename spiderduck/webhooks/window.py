"""Acknowledges notices in the order in which they were taken, though their deliveries end in any order."""

import asyncio
from collections import deque
from dataclasses import dataclass

from spiderduck.subscriptions.ports import Subscription

PARALLEL = 8
"""New notices, and as many old ones, that are under way to one receiver at once."""
LONGEST_WINDOW = 200
"""Notices behind one that takes long; a broker hands out no more than 500 that are not acknowledged."""


@dataclass(slots=True)
class Entry:
    """One notice: its position in the queue, and whether its delivery was noted."""

    position: int
    is_over: bool = False


class AckWindow:
    """The notices that were taken and are not acknowledged, in their order. What is acknowledged is the part before the
    first that is still under way."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._entries: deque[Entry] = deque()
        self._busy = 0
        self._ended = asyncio.Event()

    @property
    def room(self) -> int:
        """How many more may be begun."""
        return min(PARALLEL - self._busy, LONGEST_WINDOW - len(self._entries))

    async def has_room(self) -> None:
        """Returns when another one has ended."""
        self._ended.clear()
        await self._ended.wait()

    def begin(self, position: int) -> Entry:
        """The notice at this position is under way."""
        entry = Entry(position)
        self._entries.append(entry)
        self._busy += 1
        return entry

    async def end(self, entry: Entry) -> None:
        """It is under way no more. Raises `NotHandedOut`, where the broker gives what was not acknowledged again."""
        entry.is_over = True
        self._busy -= 1
        self._ended.set()
        last = None
        while self._entries and self._entries[0].is_over:
            last = self._entries.popleft().position
        if last is not None:
            await self._subscription.ack(last)
