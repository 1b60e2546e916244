"""Limits on calls, kept in this process: a token bucket for each key, and pauses for whoever sends wrong keys.

Pure: time is an argument. Both tables are bounded.
"""

import math
from dataclasses import dataclass

from cachetools import LRUCache

MOST_SOURCES = 4096
FREE_FAILURES = 10
"""A person mistypes, a program retries a few times with the key of yesterday."""
LONGEST_PAUSE = 60.0
FORGOTTEN_AFTER = 600.0
LOG_PERIOD = 60.0
LONGEST_TOLD = 1e12
"""Seconds, the time in which the largest bucket fills at the slowest rate."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` calls of a key at once, `per_second` on average; 0 a second is no limit. `wrong_keys` of one address are
    looked at before it has to wait; 0: it never has to."""

    per_second: float
    burst: int
    wrong_keys: int = FREE_FAILURES


@dataclass(frozen=True, slots=True)
class Admission:
    """What became of a call: `wait` seconds until one is allowed (0: this one is), and what is left.

    `headers` are those of draft-ietf-httpapi-ratelimit-headers: a quota of `burst` in the seconds that fill a bucket.
    """

    rate: Rate
    left: int
    full_in: float
    wait: float

    @property
    def headers(self) -> dict[str, str]:
        window = max(1, math.ceil(_bounded(self.rate.burst / self.rate.per_second)))
        return {
            "ratelimit-policy": f'"key";q={self.rate.burst};w={window}',
            "ratelimit": f'"key";r={self.left};t={math.ceil(self.full_in)}',
        }


class Buckets:
    """One token bucket for each key, by its digest. As many as there are keys; those of revoked keys are dropped when
    they have been full for long."""

    def __init__(self, most: int = MOST_SOURCES) -> None:
        self._buckets: LRUCache[str, tuple[float, float]] = LRUCache(most)

    def take(self, key: str, rate: Rate, now: float) -> Admission:
        """A token of `key`'s bucket, if one is there."""
        tokens, at = self._buckets.get(key, (float(rate.burst), now))
        tokens = min(float(rate.burst), tokens + max(0.0, now - at) * rate.per_second)
        wait = 0.0 if tokens >= 1 else _bounded((1 - tokens) / rate.per_second)
        if not wait:
            tokens -= 1
        self._buckets[key] = (tokens, now)
        return Admission(rate, int(tokens), _bounded((rate.burst - tokens) / rate.per_second), wait)


def _bounded(seconds: float) -> float:
    return min(seconds, LONGEST_TOLD)


@dataclass(slots=True)
class _Source:
    failures: int = 0
    failed_at: float = 0.0
    closed_until: float = 0.0
    logged_at: float = -math.inf
    unlogged: int = 0


class FailedCalls:
    """Who sent wrong keys, by `client_group`: after `free` of them each one more closes the door for twice as long; 0:
    it never closes.

    It closes for wrong keys only. Whoever shares the address (a NAT) still comes in with a key that is known.
    """

    def __init__(self, free: int = FREE_FAILURES, most: int = MOST_SOURCES) -> None:
        self._free = free
        self._sources: LRUCache[str, _Source] = LRUCache(most)

    def wait(self, source: str, now: float) -> float:
        """Seconds until the next wrong key from there is looked at; 0: at once."""
        found = self._sources.get(source)
        return 0.0 if found is None else max(0.0, found.closed_until - now)

    def failed(self, source: str, now: float) -> None:
        """One more wrong key that was looked at."""
        found = self._source(source, now)
        found.failures += 1
        found.failed_at = now
        if self._free and (beyond := found.failures - self._free) > 0:
            found.closed_until = now + min(LONGEST_PAUSE, 2.0 ** min(beyond - 1, 30))

    def to_log(self, source: str, now: float) -> int | None:
        """How many calls a log line should tell of, once per source and period; None: not now."""
        found = self._source(source, now)
        found.unlogged += 1
        if now - found.logged_at < LOG_PERIOD:
            return None
        told, found.unlogged, found.logged_at = found.unlogged, 0, now
        return told

    def _source(self, source: str, now: float) -> _Source:
        found = self._sources.get(source)
        if found is None:
            found = self._sources[source] = _Source()
        elif now - found.failed_at > FORGOTTEN_AFTER:
            found.failures = 0
        return found
