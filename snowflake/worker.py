"""The pure core: one worker's sequence, given the clock's reading. `minting.py` is its thread-safe shell.

What it hands out is larger than everything before. It knows no clock, no lock and no lease: the caller says what time
it is and hears what to do by the answer (ids, none yet, or `ClockMovedBack`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from snowflake.errors import BadConfiguration, ClockMovedBack
from snowflake.layout import Layout, check_below

BRIDGE_LIMIT_MS = 1000  # ids of all workers stay sorted within one second, which is what "k-sorted" promises
_EMPTY = range(0)


@dataclass(frozen=True, slots=True)
class Sequences:
    """The sequence numbers of each tick: `count` of them (None: all) from `first` on. `random_below(n)` draws the one
    that a tick begins with."""

    first: int = 0
    count: int | None = None
    random_below: Callable[[int], int] | None = None


class Worker:
    """`next` and `stop` bound the ids of the open tick that are left; the shell takes single ids by advancing
    `next`."""

    __slots__ = (
        "_bridge",
        "_datacenter_id",
        "_first",
        "_layout",
        "_narrow_stop",
        "_narrow_until",
        "_random_below",
        "_stop_sequence",
        "_usual_bridge",
        "_worker_id",
        "next",
        "stop",
        "tick",
    )

    def __init__(
        self,
        layout: Layout,
        datacenter_id: int,
        worker_id: int,
        *,
        floor_ms: int | None = None,
        bridge_ms: int = 0,
        sequences: Sequences | None = None,
    ) -> None:
        """`floor_ms`: no id carries this time or an earlier one. `sequences`: all, from 0 on, by default."""
        sequences = sequences or Sequences()
        check_below("datacenter_id", datacenter_id, layout.datacenters)
        check_below("worker_id", worker_id, layout.workers)
        if not 0 <= bridge_ms <= BRIDGE_LIMIT_MS:
            raise BadConfiguration.of("bridge_ms", bridge_ms, f"from 0 to {BRIDGE_LIMIT_MS}", BRIDGE_LIMIT_MS)
        self._layout = layout
        self._datacenter_id = datacenter_id
        self._worker_id = worker_id
        self._bridge = self._usual_bridge = bridge_ms // layout.unit_ms
        self._random_below = sequences.random_below
        self._first = sequences.first
        self._stop_sequence = layout.sequences if sequences.count is None else sequences.first + sequences.count
        self._narrow_stop = self._stop_sequence
        self._narrow_until = -1
        self.tick = -1 if floor_ms is None or floor_ms < layout.epoch_ms else layout.tick(floor_ms)
        self.next = self.stop = 0  # nothing is left of the tick before the first

    @property
    def tick_ms(self) -> int:
        """The time that the last id carries."""
        return self._layout.tick_ms(self.tick)

    def due_ms(self, now_ms: int) -> int:
        """The time that the next id will carry; later than `now_ms` where the open tick is used up. Changes nothing.

        Raises `ClockMovedBack` before any look at the sequence, which stays as it is.
        """
        return self._layout.tick_ms(self._due(self._layout.tick(now_ms)))

    def take(self, now_ms: int, count: int) -> range:
        """Up to `count` ids, fewer where the tick ends, none where the next tick must be waited for (`due_ms`)."""
        now = self._layout.tick(now_ms)
        due = self._due(now)
        if due > self.tick:
            # Behind the open tick the clock is being bridged: logical time runs ahead of it, up to the bound.
            if due > now + (self._bridge if now < self.tick else 0):
                return _EMPTY
            self._open(due)
        first = self.next
        self.next = min(first + count, self.stop)
        return range(first, self.next)

    def narrow(self, stop_sequence: int, until_ms: int) -> None:
        """Leave the sequence numbers from `stop_sequence` on to others in every later tick up to `until_ms`."""
        self._narrow_stop = stop_sequence
        self._narrow_until = max(self._narrow_until, self._layout.tick(until_ms))

    def bridge(self, milliseconds: int) -> None:
        """Bridge a clock that is so far behind, whatever the settings allow, until it has caught up."""
        self._bridge = max(self._bridge, milliseconds // self._layout.unit_ms + 1)

    def _due(self, now: int) -> int:
        if now > self.tick:
            self._bridge = self._usual_bridge
            return now
        behind = self.tick - now
        if behind > self._bridge:
            raise ClockMovedBack(behind * self._layout.unit_ms)
        return self.tick if self.next < self.stop else self.tick + 1

    def _open(self, tick: int) -> None:
        stop = self._narrow_stop if tick <= self._narrow_until else self._stop_sequence
        first = self._first
        if self._random_below is not None and not self._busy(tick):
            # A quarter is random enough for any modulus that people shard by, and leaves three quarters for a burst.
            first += self._random_below(max(1, (stop - first) // 4))
        base = self._layout.encode(tick, self._datacenter_id, self._worker_id, 0)
        self.tick, self.next, self.stop = tick, base + first, base + stop

    def _busy(self, tick: int) -> bool:
        """The tick before was used up: now every number is needed."""
        return tick == self.tick + 1 and self.next >= self.stop > 0
