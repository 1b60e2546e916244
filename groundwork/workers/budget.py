"""Bytes and places that all work of a process may take together; who must wait queues.

A large piece never keeps the small ones waiting: a part of the budget is reserved for them, and a worker too. The small
ones never starve a large one: while one waits, they stay within what is reserved for them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from groundwork.workers.interface import WorkersBusy, WorkLimits, WorkTooLarge

_RESERVED_SHARE = 8
_SMALL_SHARE = 16
MIB = 1024 * 1024
BUDGET_SECONDS = 30.0
"""How long a piece waits for memory before whoever asked is told to come back."""


@dataclass(slots=True)
class Grant:
    """Bytes taken from a budget, to be released once."""

    taken: int
    large: bool


@dataclass(slots=True)
class _Lane:
    """Work of one kind: what waits, in order, and what the granted pieces take."""

    waiting: deque[tuple[Grant, asyncio.Future[None]]] = field(default_factory=deque)
    taken: int = 0
    running: int = 0


class MemoryBudget:
    """`total` bytes. A piece is large beyond a sixteenth of it; of these at most `most_large` run at a time.

    To be used from one event loop.
    """

    def __init__(self, total: int, *, most_large: int = 1) -> None:
        self.total = total
        self._reserved = total // _RESERVED_SHARE
        self._most_large = max(1, most_large)
        self._small, self._large = _Lane(), _Lane()

    @property
    def taken(self) -> int:
        """Bytes granted at the moment."""
        return self._small.taken + self._large.taken

    @property
    def small(self) -> int:
        """Bytes up to which a piece is small."""
        return self.total // _SMALL_SHARE

    @property
    def largest(self) -> int:
        """Bytes that one piece may take."""
        return self.total - self._reserved

    def check(self, needed: int) -> None:
        """Raise `WorkTooLarge` for a piece that the budget never has room for."""
        if needed > self.largest:
            raise WorkTooLarge(needed, self.largest)

    async def take(self, needed: int, seconds: float) -> Grant:
        """Wait for that many bytes, at most `seconds`.

        Raises `WorkTooLarge` at once where the budget never has as many, and `WorkersBusy` after the time.
        """
        self.check(needed)
        grant = Grant(needed, needed > self.small)
        lane = self._lane(grant)
        if not lane.waiting and self._fits(grant):
            self._count(grant)
            return grant
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (grant, granted)
        lane.waiting.append(place)
        try:
            async with asyncio.timeout(seconds):
                await granted
        except BaseException as error:
            self._leave(lane, place)
            if isinstance(error, TimeoutError):
                raise WorkersBusy(f"{-(-self.taken // MIB)} MiB of memory are taken by other work") from error
            raise
        return grant

    def release(self, grant: Grant) -> None:
        """Give back what was granted, and let in who waits."""
        lane = self._lane(grant)
        lane.taken -= grant.taken
        lane.running -= 1
        self._let_in()

    @asynccontextmanager
    async def hold(self, needed: int, seconds: float) -> AsyncIterator[None]:
        """`take` and `release` around a block."""
        grant = await self.take(needed, seconds)
        try:
            yield
        finally:
            self.release(grant)

    def _lane(self, grant: Grant) -> _Lane:
        return self._large if grant.large else self._small

    def _fits(self, grant: Grant) -> bool:
        if self.taken + grant.taken > self.total:
            return False
        if grant.large:
            return self._large.running < self._most_large and self._large.taken + grant.taken <= self.largest
        return not self._large.waiting or self._small.taken + grant.taken <= self._reserved

    def _count(self, grant: Grant) -> None:
        lane = self._lane(grant)
        lane.taken += grant.taken
        lane.running += 1

    def _let_in(self) -> None:
        for lane in (self._large, self._small):
            while lane.waiting and self._fits(lane.waiting[0][0]):
                grant, granted = lane.waiting.popleft()
                if not granted.done():  # done: cancelled, and about to leave
                    self._count(grant)
                    granted.set_result(None)

    def _leave(self, lane: _Lane, place: tuple[Grant, asyncio.Future[None]]) -> None:
        grant, granted = place
        if granted.done() and not granted.cancelled():
            self.release(grant)  # granted in the moment in which the waiter was cancelled
            return
        if place in lane.waiting:
            lane.waiting.remove(place)
        self._let_in()  # those behind it may fit


class Places:
    """`active` pieces wait or run, of as many as the limits have workers and places in the queue."""

    def __init__(self, limits: WorkLimits, budget: MemoryBudget) -> None:
        self.limits = limits
        self.budget = budget
        self.active = 0

    @property
    def small(self) -> int:
        """Bytes that a piece may take without being large."""
        return self.budget.small

    def _enter(self) -> None:
        """Take a place. Raises `WorkersBusy` where there is none."""
        if self.active >= self.limits.workers + self.limits.queue:
            raise WorkersBusy(f"{self.active} pieces of work are waiting or running")
        self.active += 1

    def _leave(self) -> None:
        self.active -= 1
