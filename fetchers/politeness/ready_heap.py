"""All domain queues of a fetcher (`queue.py`), and which of them may send next.

`fetcher.py` asks for a `Turn` here before every request. Domains with waiting requests wait in one heap by the time
they are ready, so that the next ready queue is found in O(log n). A turn is given only when the domain's slot says so,
and taken back exactly once.
"""

import asyncio
import heapq
import logging
import math
from collections.abc import Callable, Iterator
from itertools import count

from fetchers.config import Queues
from fetchers.model import NotNow, RateLimit
from fetchers.politeness.queue import FRONT, LOST, DomainQueue, Turn, TurnResult
from fetchers.politeness.slot import FOREVER, DomainSlot
from fetchers.ports import ALWAYS, Holding
from groundwork.clock import Clock

log = logging.getLogger(__name__)

STEP_SECONDS = 0.05
"""By so much the wall clock must leave the monotonic one to count as set."""
READING_SECONDS = 0.005
"""Between two readings that are further apart this process stood still: they say nothing of how the clocks differ."""
LONGEST_SLEEP = 3600.0
"""Seconds until the heap is looked at again; event loops take no time however far away."""


class RequestQueues:
    """All domain queues of this fetcher, and the one task that wakes waiting requests."""

    def __init__(self, clock: Clock, settings: Queues) -> None:
        self._clock = clock
        self._settings = settings
        self._queues: dict[str, DomainQueue] = {}
        self._ready: list[tuple[float, int, DomainQueue]] = []
        self._order = count()
        self._wake = asyncio.Event()
        self._ahead = clock.now() - clock.monotonic()
        self.waiting = 0
        self.in_flight = 0

    def now(self) -> float:
        """Epoch seconds, counted by the monotonic clock: a domain waits for the time that passes, whatever the wall
        clock does. Where that was set since the last look, the moments of all queues are moved with it.
        """
        before, wall, after = self._clock.monotonic(), self._clock.now(), self._clock.monotonic()
        step = wall - self._ahead - after
        if abs(step) >= STEP_SECONDS and after - before < READING_SECONDS:
            self._ahead += step
            self._shift(step, wall)
        return self._ahead + after

    def __len__(self) -> int:
        return len(self._queues)

    def get(self, domain: str) -> DomainQueue | None:
        return self._queues.get(domain)

    def __iter__(self) -> Iterator[DomainQueue]:
        return iter(self._queues.values())

    def paused(self) -> list[DomainQueue]:
        """Those of domains that are left alone for a while."""
        now = self.now()
        return [queue for queue in self._queues.values() if now < queue.slot.backoff_until < FOREVER]

    def open(self, domain: str, slot: DomainSlot, holding: Holding = ALWAYS) -> DomainQueue:
        """The domain's queue, made with `slot` where there was none or one whose holding has ended."""
        queue = self._queues.get(domain)
        if queue is None or queue.holding is not holding:
            if queue is not None:
                self._drop(queue)
            queue = self._queues[domain] = DomainQueue(domain, slot, holding)
        return queue

    async def turn(
        self, queue: DomainQueue, *, rank: int, start_by: float, deadline: float, promised: bool = False
    ) -> TurnResult:
        """Wait for the domain's turn. `NotNow` where it lies behind `start_by` or the queue is full: `until` is a turn
        that nobody else is promised, and whoever comes back for it (`promised`) passes those who came later. `NotMine`
        where the domain goes to another fetcher meanwhile. Cancelling the wait gives the place up.
        """
        in_line = not promised and rank != FRONT
        now = self.now()
        queue.last_used = now
        if not queue.holding.holds():
            return LOST
        if not queue.waiting and queue.ready_at(now) <= now and (not in_line or queue.has_spare(now)):
            return self._grant(queue)
        expected = queue.turn_of_next(now, at_front=rank == FRONT)
        if in_line:
            expected = max(expected, queue.line_ends)
        if expected > start_by:
            reason = queue.why_not_now(now)
            return NotNow(expected if rank == FRONT else queue.promise(expected), reason)
        full = len(queue.waiting) >= self._settings.per_domain or self.waiting >= self._settings.total
        if full and rank != FRONT:
            return NotNow(queue.promise(max(expected, now + 1.0)), f"the queue of {queue.domain} is full")
        if in_line and queue.line_ends > now:
            queue.promise(expected)
        future: asyncio.Future[TurnResult] = asyncio.get_running_loop().create_future()
        heapq.heappush(queue.waiting, (rank, deadline, next(self._order), start_by, future))
        self.waiting += 1
        self._schedule(queue, now)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and isinstance(turn := future.result(), Turn):
                turn.over()  # the turn was given in the very moment in which the caller left
            raise

    def pause(self, queue: DomainQueue) -> None:
        """The domain is backing off: whoever would wait past its `start_by` is told so at once."""
        ready = queue.slot.ready_at(self.now())
        until = queue.slot.backoff_until if ready == FOREVER else ready
        keep = [entry for entry in queue.waiting if entry[3] >= until or entry[4].done()]
        for entry in sorted(queue.waiting):
            if entry[3] < until and not entry[4].done():
                entry[4].set_result(NotNow(queue.promise(until), queue.why_not_now(self.now())))
        self.waiting -= len(queue.waiting) - len(keep)
        queue.waiting = keep
        heapq.heapify(queue.waiting)

    def resume(self, queue: DomainQueue) -> None:
        """The domain's pause is over now. Who was told to come back later comes back then, and nobody waits for it."""
        queue.slot.resume()
        queue.line_ends = 0.0
        if queue.waiting:
            self._schedule(queue, self.now())

    def written(self, queue: DomainQueue) -> None:
        now = self.now()
        queue.slot.written(now)
        if queue.waiting:
            self._schedule(queue, now)

    def over(self, queue: DomainQueue, since: float) -> None:
        now = self.now()
        queue.took(max(self._clock.monotonic() - since, 0.0), now)
        queue.in_flight -= 1
        self.in_flight -= 1
        if queue.waiting:
            self._schedule(queue, now)

    def close_lost(self) -> None:
        """Drop the queues whose holding has ended and send away who waits in them."""
        lost = [queue for queue in self._queues.values() if not queue.holding.holds()]
        for queue in lost:
            del self._queues[queue.domain]
            self._drop(queue)
        if lost:
            log.info("%d queues were handed over", len(lost))

    def _drop(self, queue: DomainQueue) -> None:
        self.waiting -= len(queue.waiting)
        for entry in queue.waiting:
            if not entry[4].done():
                entry[4].set_result(LOST)
        queue.waiting = []
        queue.scheduled_for = FOREVER

    def change_limits(self, limit_of: Callable[[str], RateLimit]) -> None:
        """The limits have changed: each queue takes its own, and who waits is given a turn by the new one."""
        now = self.now()
        for queue in self._queues.values():
            limit = limit_of(queue.domain)
            if limit != queue.slot.limit:
                queue.slot.change_limit(limit, now)
                if queue.waiting:
                    self._schedule(queue, now)

    def evict_idle(self, now: float, idle_seconds: float | None = None) -> list[DomainQueue]:
        """Take out the queues that nobody used for that long and whose slot holds nothing; return them."""
        limit = now - (self._settings.idle_seconds if idle_seconds is None else idle_seconds)
        idle = [
            queue
            for queue in self._queues.values()
            if queue.last_used < limit and not queue.waiting and not queue.in_flight and queue.slot.is_idle(now)
        ]
        for queue in idle:
            del self._queues[queue.domain]
        return idle

    async def run(self) -> None:
        """Give turns until cancelled."""
        while True:
            pause = self.dispatch()
            self._wake.clear()
            if pause is None:
                await self._wake.wait()
            elif pause > 0:
                await self._sleep_or_wake(min(pause, LONGEST_SLEEP))
            else:
                await asyncio.sleep(0)  # whatever the arithmetic says, the others on this loop get their turn

    def dispatch(self) -> float | None:
        """Give every turn that is due. Returns the seconds until the next one is, None where none is in sight."""
        now = self.now()
        while self._ready and self._ready[0][0] <= now:
            at, _, queue = heapq.heappop(self._ready)
            if at == queue.scheduled_for:
                queue.scheduled_for = FOREVER
                self._drain(queue, now)
        return max(self._ready[0][0] - now, 0.0) if self._ready else None

    def _drain(self, queue: DomainQueue, now: float) -> None:
        while queue.waiting and queue.ready_at(now) <= now:
            _, deadline, _, _, future = heapq.heappop(queue.waiting)
            self.waiting -= 1
            if future.done():
                continue
            if not queue.holding.holds():
                future.set_result(LOST)
            elif deadline <= now:
                future.set_result(NotNow(now, "its deadline passed while it waited"))
            else:
                future.set_result(self._grant(queue))
        if queue.waiting:
            self._schedule(queue, now)

    def _shift(self, seconds: float, now: float) -> None:
        log.warning("the clock was set by %+.1f s; no domain is asked sooner or later for it", seconds)
        self._ready = []
        for queue in self._queues.values():
            queue.shift(seconds)
            if queue.waiting:
                self._schedule(queue, now)
        self._wake.set()

    def _grant(self, queue: DomainQueue) -> Turn:
        queue.slot.take()
        queue.in_flight += 1
        self.in_flight += 1
        return Turn(self, queue, self._clock.monotonic())

    def _schedule(self, queue: DomainQueue, now: float) -> None:
        """Put the queue into the heap of ready times. An older entry of it stays behind and is passed over when it
        comes up.
        """
        at = queue.ready_at(now)
        if not at < FOREVER or math.isclose(at, queue.scheduled_for, rel_tol=0, abs_tol=1e-9):
            return
        queue.scheduled_for = at
        heapq.heappush(self._ready, (at, next(self._order), queue))
        if self._ready[0][2] is queue:
            self._wake.set()

    async def _sleep_or_wake(self, seconds: float) -> None:
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        waking = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()
