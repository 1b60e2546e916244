"""What the fetcher needs from outside. Each port has one contract suite in `tests/contract`, run on every adapter."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from fetchers.model import HopRequest, HopResult


class Clock(Protocol):
    """Time. The only source of it in this package, so that a test or a simulation can be its master."""

    def now(self) -> float:
        """Epoch seconds (UTC). May step when the machine's clock is set."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Wait. Cancellation ends it at once."""


class HostStateStore(Protocol):
    """Where the politeness state of a domain outlives an eviction, a restart and a move to another owner.

    Losing it is safe (a domain then waits one interval), so an adapter that cannot answer returns nothing and says so in
    its metrics instead of raising.
    """

    async def load(self, domain: str) -> Mapping[str, float] | None:
        """The state saved last; None where there is none or the store does not answer."""

    async def save(self, domain: str, state: Mapping[str, float]) -> None:
        """Keep `state`, replacing what was there. Returns when it is kept as durably as the adapter promises."""


class RobotsCache(Protocol):
    """robots.txt verdicts shared by all fetchers. A cache: it may forget anything at any time."""

    async def get(self, origin: str) -> bytes | None:
        """What was put for that origin and is not over its time; None for absence and for a cache out of order."""

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        """Keep it for so long at the most. A cache out of order forgets it; nothing is raised."""


PerformHop = Callable[[HopRequest], Awaitable[HopResult]]
"""Performs one hop wherever its domain's queue lives: the fetcher in this process, or the one that owns it."""
