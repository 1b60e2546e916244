"""A clock that a test moves by hand."""

import asyncio
import heapq
from itertools import count


class FakeClock:
    """`advance` moves time and wakes, in order, whoever slept until then."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self._now = now
        self._stepped = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> float:
        return self._now + self._stepped

    def step(self, seconds: float) -> None:
        """Set the wall clock, as an administrator does: no time passes."""
        self._stepped += seconds

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, step by step, so that who wakes sees the moment it asked for."""
        goal = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= goal:
            at, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not future.done():
                future.set_result(None)
            await settle()
        self._now = goal
        await settle()


async def settle(rounds: int = 20) -> None:
    """Let everything that can run, run."""
    for _ in range(rounds):
        await asyncio.sleep(0)
