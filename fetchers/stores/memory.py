"""Stores of this process alone, for a fetcher without memcached and ZooKeeper. They do not outlive the process.

Beside the robots gate's host cache, which holds parsed rules for a day, the memory cache holds compact copies for as
long as a stale one may still be of use. It is bounded in bytes, the least recently used copy goes first.
"""

from collections import OrderedDict
from collections.abc import Mapping

from groundwork.clock import Clock


class NoSharedCache:
    """Forgets everything at once, as the port allows."""

    async def get(self, origin: str) -> bytes | None:
        return None

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        return None


class MemoryRobotsCache:
    """At most `most_bytes` of values."""

    def __init__(self, clock: Clock, most_bytes: int = 32 * 1024 * 1024) -> None:
        self._clock = clock
        self._most_bytes = most_bytes
        self._bytes = 0
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, origin: str) -> bytes | None:
        found = self._values.get(origin)
        if found is None:
            return None
        if found[0] <= self._clock.monotonic():
            self._forget(origin)
            return None
        self._values.move_to_end(origin)
        return found[1]

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        self._forget(origin)
        if len(value) > self._most_bytes:
            return
        self._values[origin] = (self._clock.monotonic() + seconds, value)
        self._bytes += len(value)
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._values)))

    def _forget(self, origin: str) -> None:
        found = self._values.pop(origin, None)
        if found is not None:
            self._bytes -= len(found[1])


class MemoryHostStates:
    """Politeness state of domains; outlives an eviction of their queues."""

    def __init__(self) -> None:
        self._states: dict[str, Mapping[str, float]] = {}

    async def load(self, domain: str) -> Mapping[str, float] | None:
        return self._states.get(domain)

    async def save(self, domain: str, state: Mapping[str, float]) -> None:
        self._states[domain] = dict(state)
