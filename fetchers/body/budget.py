"""The memory that bodies in flight are held in, decoded, from their first byte until their URL has ended.

One budget per fetcher. `chunks.py` takes from it while a body is put together; whoever was given the `Response` gives
it back (`Response.release`). Who must wait does not read on, so that its far end waits as well, and is not blamed.

It cannot come to a standstill. The last part of the budget, as large as the largest body, is for one body at a time:
the one that has waited longest. That one always gets what it needs until it has ended, and then the next one does.
"""

import asyncio
from collections import deque
from contextlib import suppress

from fetchers.config import FetchLimits

FREE = 64 * 1024
"""Bytes of each body that take nothing: most pages are no longer."""
PORTION = 256 * 1024
"""A body takes so many bytes at once."""


class BodyBudget:
    """`total` bytes, of which `reserve` are for one body at a time."""

    def __init__(self, total: int, reserve: int) -> None:
        self._shared = max(total - reserve, 0)
        self.used = 0
        self._first: object = None  # the ticket of a hold, so that a forgotten one can be collected
        self._waiting: deque[tuple[BodyHold, int, asyncio.Future[None]]] = deque()

    @property
    def waiting(self) -> int:
        """How many bodies wait for room."""
        return len(self._waiting)

    @classmethod
    def of(cls, limits: FetchLimits) -> "BodyBudget":
        """As the settings say."""
        return cls(limits.bodies_bytes, max(limits.page_bytes, limits.picture_bytes))

    def hold(self, seconds: float | None = None) -> "BodyHold":
        """For one body, which holds nothing yet, and waits for room until `seconds` from now."""
        return BodyHold(self, seconds)

    async def take(self, hold: "BodyHold", size: int) -> None:
        """Returns when `hold` has `size` bytes more; first come, first served. Raises TimeoutError."""
        if hold.ticket is self._first or (not self._waiting and self.used + size <= self._shared):
            self._grant(hold, size)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (hold, size, future)
        self._waiting.append(entry)
        self._serve()
        if future.done():
            return
        try:
            async with asyncio.timeout_at(hold.until):
                await future
        except BaseException:
            if entry in self._waiting:
                self._waiting.remove(entry)
                self._serve()
            raise

    def give_back(self, ticket: object, size: int, over: bool) -> None:
        """`over`: the body is in flight no more."""
        self.used -= size
        if over and ticket is self._first:
            self._first = None
        self._serve()

    def _grant(self, hold: "BodyHold", size: int) -> None:
        self.used += size
        hold.taken += size

    def _serve(self) -> None:
        while self._waiting:
            hold, size, future = self._waiting[0]
            if self.used + size > self._shared:
                if self._first is not None:
                    return
                self._first = hold.ticket
            self._waiting.popleft()
            self._grant(hold, size)  # also where its waiter was cancelled just now, who gives all back at its end
            if not future.done():
                future.set_result(None)


class BodyHold:
    """What one body holds, for one or several who use it."""

    def __init__(self, budget: BodyBudget, seconds: float | None = None) -> None:
        self.ticket = object()
        self.taken = 0
        self._budget = budget
        self._users = 1
        self._loop = asyncio.get_running_loop()
        self.until = None if seconds is None else self._loop.time() + seconds

    async def grow(self, size: int) -> None:
        """Returns when the body may be `size` bytes long. Raises TimeoutError where there is no room in time."""
        missing = size - FREE - self.taken
        if missing > 0:
            await self._budget.take(self, -(-missing // PORTION) * PORTION)

    def settle(self, size: int) -> None:
        """The body has come and is `size` bytes long."""
        beyond = max(size - FREE, 0)
        if beyond < self.taken:
            rest, self.taken = self.taken - beyond, beyond
            self._budget.give_back(self.ticket, rest, not beyond)

    def share(self) -> None:
        """One more uses the body, and will `release` it."""
        self._users += 1

    def release(self) -> None:
        """Whoever calls it uses the body no more."""
        self._users -= 1
        if self._users == 0:
            size, self.taken = self.taken, 0
            self._budget.give_back(self.ticket, size, True)

    def __reduce__(self) -> tuple[object, ...]:
        """A copy in another process holds nothing here: it is None."""
        return _nothing, ()

    def __del__(self) -> None:
        """For users who forget it, or were cancelled before they had it. Garbage is collected in any thread."""
        if self.taken:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._budget.give_back, self.ticket, self.taken, True)


def _nothing() -> None:
    return None
