"""Partition keys, time buckets and timestamps of the Cassandra store. Pure."""

import hashlib
from datetime import UTC, datetime

MICROSECONDS = 1_000_000


def key_hash(key: str) -> bytes:
    """A URL of any length as 16 bytes: short partition keys, and no two URLs share one (2^-64 for 4 billion URLs)."""
    return hashlib.sha256(key.encode()).digest()[:16]


def month_of(moment: float) -> int:
    """Months since 1970."""
    at = datetime.fromtimestamp(moment, UTC)
    return (at.year - 1970) * 12 + at.month - 1


def hour_of(moment: float) -> int:
    """Hours since 1970."""
    return int(moment // 3600)


def microseconds(moment: float) -> int:
    """Epoch seconds as Cassandra's timestamps count."""
    return round(moment * MICROSECONDS)


class Stamps:
    """Timestamps of writes that have no Snowflake id: the clock's, and never the same twice, so that the later write
    wins."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: float) -> int:
        self._last = max(self._last + 1, microseconds(now))
        return self._last
