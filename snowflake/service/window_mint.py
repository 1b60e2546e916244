"""Mints from range leases at native speed, with the caller's own clock. Thread-safe; no I/O. Fed by `client.py`.

    own clock ─► no further than half a second from what the servers' clocks must show ─► into the window ─► Worker.take

A lease is never used past its time, and that is judged by the time that passed since it was asked for, not by a wall
clock that anybody may set.
"""

import threading
from collections import deque
from dataclasses import dataclass

from snowflake.errors import NoRangeLease
from snowflake.layout import Layout
from snowflake.ports import Clock
from snowflake.worker import BRIDGE_LIMIT_MS, Sequences, Worker

NEAR_MS = 500  # ids of all workers stay sorted within a second when no clock is further off than half of it
_NS_PER_MS = 1_000_000
_EMPTY = range(0)


@dataclass(frozen=True, slots=True)
class Window:
    """A lease as it was granted. `server_ms` was the server's clock when ours had counted at most `asked_ns`."""

    layout: Layout
    datacenter_id: int
    worker_id: int
    first_sequence: int
    sequences: int
    from_ms: int
    until_ms: int
    server_ms: int
    asked_ns: int

    def server_now_ms(self, elapsed_ns: int) -> int:
        """Never earlier than the server's clock shows: the time under way is counted in full."""
        return self.server_ms + (elapsed_ns - self.asked_ns) // _NS_PER_MS


class WindowMint:
    """Windows are used in the order in which they were added."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._time_ns = clock.time_ns
        self._windows: deque[Window] = deque()
        self._worker: Worker | None = None
        self._last_ms = -1
        # The ids of the open tick and the tick's bounds on our own clock, as in `minting.py`.
        self._next = self._stop = 0
        self._opens_ns = self._closes_ns = 0
        self._lock = threading.Lock()

    def add(self, window: Window) -> None:
        with self._lock:
            self._windows.append(window)

    def in_hand_ms(self) -> int:
        """For how long ids are certain without another lease; 0 when there are none."""
        with self._lock:
            elapsed_ns = self._clock.elapsed_ns()
            return max(
                (window.until_ms + 1 - window.server_now_ms(elapsed_ns) for window in self._windows),
                default=0,
            )

    def end_ms(self) -> int:
        """The first moment after all windows; 0 when there are none."""
        with self._lock:
            return max((window.until_ms + 1 for window in self._windows), default=0)

    def next_id(self) -> int:
        """One id. Sleeps up to a tick where the share of this one is used up. Raises `NoRangeLease`."""
        with self._lock:
            id = self._next
            if id < self._stop and self._opens_ns <= self._time_ns() < self._closes_ns:
                self._next = id + 1
                return id
        while not (ids := self.take(1)):
            self._clock.sleep(self._seconds_to_next_tick())
        return ids.start

    def reserve(self, count: int) -> list[range]:
        """`count` ids as ranges; sleeps between ticks. Raises `NoRangeLease`; what was taken until then is not used."""
        ranges = []
        while count > 0:
            if ids := self.take(count):
                ranges.append(ids)
                count -= len(ids)
            else:
                self._clock.sleep(self._seconds_to_next_tick())
        return ranges

    def take(self, count: int) -> range:
        """Up to `count` ids of one tick; none where the next must be waited for. Raises `NoRangeLease`."""
        with self._lock:
            self._hand_back()
            now_ms = self._time_ns() // _NS_PER_MS
            elapsed_ns = self._clock.elapsed_ns()
            while self._windows:
                window = self._windows[0]
                own_ms = self._own_ms(window, now_ms, elapsed_ns)
                worker = self._worker = self._worker or self._make_worker(window)
                if own_ms is None or worker.due_ms(own_ms) > window.until_ms:
                    self._drop()
                    continue
                ids = worker.take(own_ms, count)
                if ids:
                    self._last_ms = worker.tick_ms
                    self._open_window(worker, window, now_ms)
                return ids
            raise NoRangeLease("no range lease is valid now; the client is asking its servers for one")

    def _own_ms(self, window: Window, now_ms: int, elapsed_ns: int) -> int | None:
        """The time to mint with; None when the window is over. Raises `NoRangeLease` before it has begun."""
        server_ms = window.server_now_ms(elapsed_ns)
        if server_ms > window.until_ms or self._last_ms >= window.until_ms:
            return None
        own_ms = min(max(now_ms, server_ms - NEAR_MS), server_ms + NEAR_MS)
        if own_ms > window.until_ms and len(self._windows) > 1:
            return None
        if own_ms < window.from_ms - NEAR_MS:
            raise NoRangeLease(f"the next range lease begins in {window.from_ms - server_ms} ms")
        return min(max(own_ms, window.from_ms), window.until_ms)

    def _make_worker(self, window: Window) -> Worker:
        return Worker(
            window.layout,
            window.datacenter_id,
            window.worker_id,
            floor_ms=max(self._last_ms, window.from_ms - 1),
            bridge_ms=BRIDGE_LIMIT_MS,
            sequences=Sequences(window.first_sequence, window.sequences),
        )

    def _open_window(self, worker: Worker, window: Window, now_ms: int) -> None:
        self._next, self._stop = worker.next, worker.stop
        tick_ms, unit_ms = worker.tick_ms, window.layout.unit_ms
        if tick_ms <= now_ms < tick_ms + unit_ms:
            self._opens_ns, self._closes_ns = tick_ms * _NS_PER_MS, (tick_ms + unit_ms) * _NS_PER_MS
        else:
            self._opens_ns = self._closes_ns = 0

    def _hand_back(self) -> None:
        """What `next_id` took by itself."""
        if self._worker is not None and self._stop:
            self._worker.next = self._next

    def _drop(self) -> None:
        self._windows.popleft()
        self._worker = None
        self._next = self._stop = self._opens_ns = self._closes_ns = 0

    def _seconds_to_next_tick(self) -> float:
        unit_ns = (self._windows[0].layout.unit_ms if self._windows else 1) * _NS_PER_MS
        return (unit_ns - self._time_ns() % unit_ns) / 1e9
