"""robots.txt rules that were fetched lately: parsed ones of this process, and copies that all fetchers share. Pure.

Filled and asked by `gate.py`, swept by the vultures. The host cache is bounded, the least recently used entry goes
first, and losing an entry costs one more request for a robots.txt and nothing else. A shared cache can be filled by
strangers or half-written, so reading a copy gives the rules or None.
"""

from dataclasses import dataclass

import msgspec
from cachetools import LRUCache

from fetchers.model import Ended
from fetchers.robots.rules import RobotsTxt


@dataclass(frozen=True, slots=True)
class HostEntry:
    """The rules of one origin until `expires` (epoch seconds), or the ending that its pages take instead."""

    rules: RobotsTxt | None
    expires: float
    ended: Ended | None = None


class HostCache:
    """Origin → `HostEntry`, at most `most` of them."""

    def __init__(self, most: int = 100_000) -> None:
        self._entries: LRUCache[str, HostEntry] = LRUCache(most)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, origin: str, now: float) -> HostEntry | None:
        """The entry, where it is not over its time."""
        entry = self._entries.get(origin)
        return None if entry is None or entry.expires <= now else entry

    def put(self, origin: str, entry: HostEntry) -> None:
        self._entries[origin] = entry

    def evict_expired(self, now: float) -> int:
        """Drop what is over its time; returns how many."""
        expired = [origin for origin, entry in self._entries.items() if entry.expires <= now]
        for origin in expired:
            del self._entries[origin]
        return len(expired)

    def evict_oldest(self, share: float) -> int:
        """Drop that share of the entries, the least recently used first; returns how many."""
        count = int(len(self._entries) * share)
        for _ in range(count):
            self._entries.popitem()
        return count


FORM = 1
"""Raised when the form changes, so that an older fetcher passes a newer one's entries over, and the other way round."""


class RobotsCopy(msgspec.Struct, array_like=True, frozen=True):
    """`fetched_at` and `fresh_until` in epoch seconds; `rules` as `RobotsTxt.to_bytes` gives them."""

    form: int
    fetched_at: float
    fresh_until: float
    rules: bytes


_decode = msgspec.msgpack.Decoder(RobotsCopy).decode
_encode = msgspec.msgpack.Encoder().encode


def copy_to_bytes(rules: RobotsTxt, fetched_at: float, fresh_until: float) -> bytes:
    """A copy for the shared cache. `fetched_at` and `fresh_until` in epoch seconds."""
    return _encode(RobotsCopy(FORM, fetched_at, fresh_until, rules.to_bytes()))


def copy_from_bytes(data: bytes) -> tuple[RobotsTxt, RobotsCopy] | None:
    """None for whatever is no such copy."""
    try:
        copy = _decode(data)
        if copy.form != FORM or not copy.fetched_at <= copy.fresh_until:
            return None
        return RobotsTxt.from_bytes(copy.rules), copy
    except (ValueError, RecursionError):
        return None
