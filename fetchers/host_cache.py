"""What this fetcher knows of each origin: its robots.txt, and for how long.

Filled and asked by `gates/robots.py`, swept by `vultures.py`. It is bounded, the least recently used entry goes first,
and losing an entry costs one more request for a robots.txt and nothing else.
"""

from collections import OrderedDict
from dataclasses import dataclass

from fetchers.model import Ended
from fetchers.robots_txt import RobotsTxt


@dataclass(frozen=True, slots=True)
class HostEntry:
    """The rules of one origin until `expires` (epoch seconds), or the ending that its pages take instead."""

    rules: RobotsTxt | None
    expires: float
    ended: Ended | None = None


class HostCache:
    """Origin → `HostEntry`, at most `most` of them."""

    def __init__(self, most: int = 100_000) -> None:
        self._entries: OrderedDict[str, HostEntry] = OrderedDict()
        self._most = most

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, origin: str, now: float) -> HostEntry | None:
        """The entry, where it is not over its time."""
        entry = self._entries.get(origin)
        if entry is None or entry.expires <= now:
            return None
        self._entries.move_to_end(origin)
        return entry

    def put(self, origin: str, entry: HostEntry) -> None:
        self._entries[origin] = entry
        self._entries.move_to_end(origin)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

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
            self._entries.popitem(last=False)
        return count
