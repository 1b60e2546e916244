"""The thread-safe shell around one `Worker`: lock, clock, waiting, and the lease's permit. `generator.py` wraps it.

    next_id ─► inside the open tick: one comparison, one addition ─► id
            └► elsewhere: due later than the permit? renew it (no lock) ─► Worker.take ─► ids, or sleep (no lock)

No id carries a time that the lease has not permitted. That alone keeps two holders of one worker id apart, because the
second starts beyond every permit of the first. Nothing sleeps or does I/O while it holds the lock.
"""

import os
import threading
import weakref
from collections.abc import Callable
from functools import cache

from snowflake.clock import ClockSteps
from snowflake.config import GeneratorConfig
from snowflake.errors import ClockJumpedForward, ClockMovedBack, LeaseLost, SnowflakeError, WorkerIdTaken
from snowflake.grants import Grant, fit, last_until, running
from snowflake.layout import Layout
from snowflake.ports import Clock, Lease
from snowflake.worker import Worker

NS_PER_MS = 1_000_000
BRIDGED_MARGIN_MS = 60_000
"""Logical time may run so far ahead of where it stood when the clock was set back."""


class Mint:
    """One per worker id and process. Also the lease's `Holder`. `renewals`, `refusals` and `waits` count slow paths."""

    def __init__(self, worker: Worker, layout: Layout, lease: Lease, clock: Clock, most_step_ms: int) -> None:
        self._worker = worker
        self._layout = layout
        self._lease = lease
        self._clock = clock
        self._time_ns = clock.time_ns
        self._steps = ClockSteps(most_step_ms, *self._readings())
        self._error: SnowflakeError | None = None
        self._limit_ms = -1
        # The open tick in nanoseconds of the wall clock; empty while nothing may be taken without a closer look.
        self._opens_ns = self._closes_ns = 0
        self._grants = tuple(lease.grants)
        if self._grants:
            worker.narrow(min(one.first for one in self._grants), last_until(self._grants))
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self.renewals = self.refusals = self.waits = 0
        _watch_forks().add(self)
        lease.attach(self)

    @property
    def belongs_here(self) -> bool:
        """False in a process forked from the one that made it."""
        return self._pid == os.getpid()

    @property
    def error(self) -> SnowflakeError | None:
        """Why nothing will be minted any more."""
        return self._error

    def next_id(self) -> int:
        """One id. Sleeps into the next tick where this one is used up; otherwise as `Generator.next_id` says."""
        # The pure core, inlined: inside the open tick the next id is the last one plus one. The tests hold it to
        # `take`.
        with self._lock:
            worker = self._worker
            id = worker.next
            if id < worker.stop and self._opens_ns <= self._time_ns() < self._closes_ns:
                worker.next = id + 1
                return id
        while not (ids := self.take(1)):
            self._sleep()
        return ids.start

    def take(self, count: int, since_ms: int | None = None) -> range:
        """Up to `count` ids of one tick; none where the next must be waited for. Never sleeps.

        `since_ms`: ticks that went by unused since then may still be used, in their order."""
        while True:
            with self._lock:
                if self._error is not None:
                    raise self._error
                now_ms = self._time_ns() // NS_PER_MS
                used_ms = now_ms if since_ms is None else self._oldest_unused(since_ms, now_ms)
                due_ms = self._due(used_ms)
                if due_ms <= self._limit_ms:
                    ids = self._worker.take(used_ms, count)
                    self._open_window(now_ms)
                    return ids
            self._renew(max(now_ms, due_ms))

    def reserve(self, count: int) -> list[range]:
        """`count` ids as ranges: one lock and one reading of the clock for each tick.

        Where the machine woke us too late, the ticks that passed during this very call are used all the same: their ids
        carry a time between its beginning and its end, and a crowded machine still gives all 4096 of each."""
        ranges = []
        since_ms = self._time_ns() // NS_PER_MS
        while count > 0:
            ids = self.take(count, since_ms)
            if ids:
                ranges.append(ids)
                count -= len(ids)
            elif count:
                self._sleep()
        return ranges

    def seconds_to_next_tick(self) -> float:
        """How long to wait when `take` gave nothing."""
        unit_ns = self._layout.unit_ms * NS_PER_MS
        return (unit_ns - (self._time_ns() - self._layout.epoch_ms * NS_PER_MS) % unit_ns) / 1e9

    def grant(self, *, own: int, count: int, from_ms: int, length_ms: int) -> Grant | None:
        """A range lease from `from_ms` on, or from the next tick where that lies behind; None where no share is free.

        Blocks until it is durable. Nothing else ever mints inside it, not even after a crash.
        """
        with self._renewing:
            with self._lock:
                if self._error is not None:
                    raise self._error
                now_ms = self._time_ns() // NS_PER_MS
                self._due(now_ms)
                # The tick after the open one is the first of which nothing can have been taken.
                start = max(from_ms, self._layout.tick_ms(max(self._worker.tick, self._layout.tick(now_ms)) + 1))
                until = start + length_ms - 1
                live = running(self._grants, now_ms)
                grant = fit(live, own=own, sequences=self._layout.sequences, count=count, from_ms=start, until_ms=until)
                if grant is None:
                    return None
                self._grants = (*live, grant)
                self._worker.narrow(min(own, *(one.first for one in self._grants)), last_until(self._grants))
            try:
                self._lease.record_grants(self._grants)
            except BaseException:
                # Nobody was told of it, so that it is free again, whether or not it reached the record.
                self._grants = live
                raise
        return grant

    # The lease's side: see `ports.Holder`.

    def last_used_ms(self) -> int:
        return self._worker.tick_ms

    def check_clock(self) -> None:
        self._steps.check(*self._readings())

    def permit(self, until_ms: int) -> None:
        with self._lock:
            if self._error is None:
                self._limit_ms = max(self._limit_ms, until_ms)

    def stop(self, error: SnowflakeError) -> None:
        with self._lock:
            self._error = self._error or error
            self._limit_ms = -1
            self._opens_ns = self._closes_ns = 0

    def close(self, error: SnowflakeError) -> None:
        """Mint no more and give the worker id back."""
        self.stop(error)
        self._lease.release(self._worker.tick_ms)

    def forget_after_fork(self) -> None:
        """In a forked child: the worker id stays with the parent. Locks may have been held by threads that are gone."""
        self._lock, self._renewing = threading.Lock(), threading.Lock()
        self.stop(
            LeaseLost("this process was forked; the worker id belongs to its parent: make a generator after the fork")
        )
        self._lease.release(0)

    def _due(self, now_ms: int) -> int:
        try:
            return self._worker.due_ms(now_ms)
        except ClockMovedBack as error:
            self.refusals += 1
            if not self._steps.is_back_for_good(self._readings()[1]):
                raise
            # The clock was set right. Ids go on in logical time, which stands nearly still until it has caught up.
            self._worker.bridge(error.milliseconds + BRIDGED_MARGIN_MS)
            return self._worker.due_ms(now_ms)

    def _oldest_unused(self, since_ms: int, now_ms: int) -> int:
        last_ms = self._worker.tick_ms
        return min(now_ms, last_ms + self._layout.unit_ms) if last_ms >= since_ms else now_ms

    def _open_window(self, now_ms: int) -> None:
        tick = self._layout.tick(now_ms)
        if tick == self._worker.tick:
            self._opens_ns = self._layout.tick_ms(tick) * NS_PER_MS
            self._closes_ns = self._opens_ns + self._layout.unit_ms * NS_PER_MS
        else:  # the clock is being bridged: every id takes the long way
            self._opens_ns = self._closes_ns = 0

    def _renew(self, due_ms: int) -> None:
        with self._renewing:
            if due_ms <= self._limit_ms:
                return  # another thread was here first
            try:
                self.check_clock()
            except ClockJumpedForward:
                self.refusals += 1
                raise
            try:
                limit = self._lease.extend(due_ms)
            except LeaseLost as error:
                self.stop(error)
                raise
            self.renewals += 1
            self.permit(limit)

    def _readings(self) -> tuple[int, int]:
        return self._time_ns() // NS_PER_MS, self._clock.elapsed_ns() // NS_PER_MS

    def _sleep(self) -> None:
        self.waits += 1
        self._clock.sleep(self.seconds_to_next_tick())


@cache
def _watch_forks() -> "weakref.WeakSet[Mint]":
    """All of this process. A forked child shares their state but not their right to it."""
    mints: weakref.WeakSet[Mint] = weakref.WeakSet()

    def in_child() -> None:
        for mint in tuple(mints):
            mint.forget_after_fork()

    os.register_at_fork(after_in_child=in_child)
    return mints


_lock = threading.Lock()
_mints: dict[tuple[int, int], tuple[GeneratorConfig, Mint]] = {}


def shared_mint(lease: Lease, config: GeneratorConfig, make: Callable[[], Mint]) -> Mint:
    """Raises `WorkerIdTaken` where the same worker id is in use with other settings, for the two could collide."""
    key = (lease.datacenter_id, lease.worker_id)
    with _lock:
        known = _mints.get(key)
        if known is not None and known[1].belongs_here:
            if known[0] != config:
                raise WorkerIdTaken(
                    f"worker {key[1]} of datacenter {key[0]} mints in this process with other settings ({known[0]}); "
                    "use the same, or another worker id"
                )
            return known[1]
        mint = make()
        _mints[key] = (config, mint)
        return mint
