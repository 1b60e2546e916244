"""Politeness state of domains in memcached, so that it outlives a fetcher and moves with the domain to another.

What cannot be true is not believed. A value from the future would silence a domain for ever.
"""

import math
from collections.abc import Mapping

import msgspec

from fetchers.domain_slot import BACKOFF_LONGEST
from fetchers.memcached_ring import MemcachedRing
from fetchers.ports import Clock

LIFE_SECONDS = 2 * BACKOFF_LONGEST
"""Longer than the longest pause with its jitter."""

_decode = msgspec.msgpack.Decoder(dict[str, float]).decode
_encode = msgspec.msgpack.Encoder().encode


class MemcachedHostStates:
    """The port on a ring of servers."""

    def __init__(self, ring: MemcachedRing, clock: Clock) -> None:
        self._ring = ring
        self._clock = clock

    async def load(self, domain: str) -> Mapping[str, float] | None:
        found = await self._ring.get(f"state {domain}")
        if found is None:
            return None
        state = _read(found, self._clock.now() + LIFE_SECONDS)
        if state is None:
            self._ring.counters.unreadable += 1
        return state

    async def save(self, domain: str, state: Mapping[str, float]) -> None:
        await self._ring.set(f"state {domain}", _encode(dict(state)), LIFE_SECONDS)


def _read(data: bytes, latest: float) -> Mapping[str, float] | None:
    try:
        state = _decode(data)
    except (ValueError, RecursionError):
        return None
    if all(math.isfinite(value) and 0 <= value <= latest for value in state.values()):
        return state
    return None
