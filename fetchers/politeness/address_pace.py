"""A looser limit per server address: many names can live on one server, and their queues do not know of one another.

Awaited by the transport before each request. Generous, since a content network serves thousands of sites from one
address. It delays and never refuses; the request's own deadline ends who would wait too long.
"""

from cachetools import LRUCache

from fetchers.model import RateLimit
from groundwork.clock import Clock

MOST_ADDRESSES = 100_000


class AddressPace:
    """Keeps, for each address, the moment up to which its turns are given away (generic cell rate algorithm)."""

    def __init__(self, clock: Clock, limit: RateLimit, most: int = MOST_ADDRESSES) -> None:
        self._clock = clock
        self._interval = limit.interval
        self._tolerance = (limit.burst - 1) * limit.interval
        self._given_until: LRUCache[str, float] = LRUCache(most)

    def __len__(self) -> int:
        return len(self._given_until)

    async def __call__(self, address: str) -> None:
        """Returns when one more request may go to `address`. Cancelled, the turn is lost."""
        wait = self.reserve(address, self._clock.monotonic())
        if wait > 0:
            await self._clock.sleep(wait)

    def reserve(self, address: str, now: float) -> float:
        """Take the next turn; returns the seconds until it comes."""
        start = max(self._given_until.get(address, 0.0), now)
        self._given_until[address] = start + self._interval
        return max(start - self._tolerance - now, 0.0)
