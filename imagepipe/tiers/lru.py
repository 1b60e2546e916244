"""Least-recently-used accounting with exact byte counts: one `Lru` for a tier of one pipeline, one `Shared` over all.

Pure: `now` is an argument, values are opaque. After every write the sum of the entries' sizes equals the counters, and
no counter is above its limit.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from imagepipe.config import TierLimits

T = TypeVar("T")


@dataclass(slots=True)
class Entry(Generic[T]):
    """One value with its size; `tick` orders the uses over all pipelines, `expires_at` is in the caller's time."""

    value: T
    size: int
    tick: int
    expires_at: float


class Shared(Generic[T]):
    """The limit over all pipelines' tiers of one kind."""

    def __init__(self, limits: TierLimits) -> None:
        self.limits = limits
        self.bytes = 0
        self.entries = 0
        self._tick = 0
        self._members: list[Lru[T]] = []

    def join(self, limits: TierLimits, on_evict: Callable[[str, T], None] | None = None) -> "Lru[T]":
        """A new tier under this limit. `on_evict` is told of every entry that leaves by itself, in the same call."""
        member = Lru(limits, self, on_evict)
        self._members.append(member)
        return member

    def next_tick(self) -> int:
        self._tick += 1
        return self._tick

    def make_room(self, size: int, writer: "Lru[T]") -> None:
        """Evict the least recently used over all pipelines, the writing one last."""
        while self.bytes + size > self.limits.bytes or self.entries + 1 > self.limits.entries:
            others = [member for member in self._members if member is not writer and len(member)]
            victim = min(others, key=lambda member: member.oldest_tick, default=writer)
            if not len(victim):
                return
            victim.evict_oldest()


class Lru(Generic[T]):
    """One tier of one pipeline."""

    def __init__(self, limits: TierLimits, shared: Shared[T], on_evict: Callable[[str, T], None] | None) -> None:
        self.limits = limits
        self.bytes = 0
        self._shared = shared
        self._on_evict = on_evict
        self._entries: OrderedDict[str, Entry[T]] = OrderedDict()

    @property
    def on(self) -> bool:
        """Whether there is room for anything."""
        return self.limits.bytes > 0 and self._shared.limits.bytes > 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def items(self) -> Iterator[tuple[str, Entry[T]]]:
        """A snapshot, the least recently used first."""
        return iter(list(self._entries.items()))

    @property
    def oldest_tick(self) -> int:
        return next(iter(self._entries.values())).tick

    def get(self, key: str, now: float) -> T | None:
        """The value, now the most recently used; None for absence and for an entry that is over (it is evicted)."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_at <= now:
            self._evict(key)
            return None
        entry.tick = self._shared.next_tick()
        if self.limits.sliding:
            entry.expires_at = now + self.limits.seconds
        self._entries.move_to_end(key)
        return entry.value

    def peek(self, key: str) -> T | None:
        """The value without using it, over or not."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def takes(self, size: int) -> bool:
        """Whether an entry of that size is let in at all."""
        shared = self._shared.limits
        fits = size <= self.limits.entry_bytes and size <= shared.entry_bytes
        return fits and self.limits.entries > 0 and shared.entries > 0

    def put(self, key: str, value: T, size: int, now: float) -> bool:
        """Keep it, replacing what was there without calling it evicted. False, and the old one gone, if not let in."""
        if not self.takes(size):
            self._evict(key)
            return False
        self.remove(key)
        while self._entries and (self.bytes + size > self.limits.bytes or len(self._entries) >= self.limits.entries):
            self.evict_oldest()
        self._shared.make_room(size, self)
        self._entries[key] = Entry(value, size, self._shared.next_tick(), now + self.limits.seconds)
        self._count(size, 1)
        return True

    def remove(self, key: str) -> T | None:
        """Take it out without calling it evicted; its value, or None for absence."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self._count(-entry.size, -1)
        return entry.value

    def rename(self, old: str, new: str) -> None:
        """The same entry under another key, whose own entry is taken out. Nothing where `old` is absent."""
        entry = self._entries.get(old)
        if entry is None or old == new:
            return
        self.remove(new)
        self._entries[new] = self._entries.pop(old)

    def merge(self, old: str, new: str) -> bool:
        """The bytes of `old`, which goes, count for `new`. False, and nothing changed, where either is absent."""
        if old == new or old not in self._entries or new not in self._entries:
            return False
        gone = self._entries.pop(old)
        self._entries[new].size += gone.size
        self._shared.entries -= 1
        return True

    def replace(self, key: str, change: Callable[[T], T]) -> None:
        """Another value of the same size. Not a use."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.value = change(entry.value)

    def expire(self, now: float) -> int:
        """Evict everything that is over; how many that was."""
        over = [key for key, entry in self._entries.items() if entry.expires_at <= now]
        for key in over:
            self._evict(key)
        return len(over)

    def evict_oldest(self) -> None:
        self._evict(next(iter(self._entries)))

    def _evict(self, key: str) -> None:
        entry = self._entries.get(key)
        if entry is None:
            return
        self.remove(key)
        if self._on_evict is not None:
            self._on_evict(key, entry.value)

    def _count(self, size: int, entries: int) -> None:
        self.bytes += size
        self._shared.bytes += size
        self._shared.entries += entries
