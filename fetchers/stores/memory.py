"""Stores of this process alone, for a fetcher without memcached and ZooKeeper. They do not outlive the process.

Beside the robots gate's host cache, which holds parsed rules for a day, the memory cache holds compact copies for as
long as a stale one may still be of use. It is bounded in bytes, the least recently used copy goes first.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from cachetools import LRUCache, TLRUCache

from fetchers.model import KeptPoliteness, RateLimit
from groundwork.clock import Clock


class NoSharedCache:
    """Forgets everything at once, as the port allows."""

    async def get(self, origin: str) -> bytes | None:
        return None

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        return None


_Kept = tuple[float, bytes]
"""The seconds for which it is kept, and the value."""


class MemoryRobotsCache:
    """At most `most_bytes` of values."""

    def __init__(self, clock: Clock, most_bytes: int = 32 * 1024 * 1024) -> None:
        self._values: TLRUCache[str, _Kept, float] = TLRUCache(most_bytes, _until, clock.monotonic, _size)

    async def get(self, origin: str) -> bytes | None:
        found = self._values.get(origin)
        return None if found is None else found[1]

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        self._values.pop(origin, None)
        with suppress(ValueError):  # larger than the whole: not kept
            self._values[origin] = (seconds, value)


def _until(_origin: str, kept: _Kept, now: float) -> float:
    return now + kept[0]


def _size(kept: _Kept) -> int:
    return len(kept[1])


MOST_STATES = 100_000


class MemoryHostStates:
    """Politeness state of domains; outlives an eviction of their queues."""

    def __init__(self) -> None:
        self._states: LRUCache[str, KeptPoliteness] = LRUCache(MOST_STATES)

    async def load(self, domain: str) -> KeptPoliteness | None:
        return self._states.get(domain)

    async def save(self, domain: str, state: KeptPoliteness) -> None:
        self._states[domain] = state


class MemoryLimitStore:
    """Rate limits set while running."""

    def __init__(self) -> None:
        self._limits: dict[str, RateLimit] = {}
        self._callback: Callable[[], None] = lambda: None

    def current(self) -> Mapping[str, RateLimit]:
        return self._limits

    async def put(self, name: str, limit: RateLimit | None) -> None:
        changed = {key: value for key, value in self._limits.items() if key != name}
        if limit is not None:
            changed[name] = limit
        self._limits = changed
        self._callback()

    def on_change(self, callback: Callable[[], None]) -> None:
        self._callback = callback
