"""One registrable domain's queue: who waits, in which order, and the right to send that each is given in turn.

    async with Right(queues, queue, request) as right: ...

Kept by `ready_heap.py`. Requests wait in a heap: robots.txt first, then by priority, then the earliest deadline.
The domain's slot says when the next may set out, and nothing else does. A request that is written a second time (the
connection from the pool was dead) waits for a second turn of its domain, since the far end may see both.

Behind the requests that wait here stands the line: those that were sent away, each with a turn of its own to come back
for. Only the end of the line is kept, so that a line of a million costs no memory. A turn whose owner does not come is
not lost: `has_spare` lets somebody else take it.
"""

import asyncio
from typing import Protocol

from fetchers.model import HopRequest, NotMine, NotNow
from fetchers.politeness.slot import FOREVER, DomainSlot
from fetchers.politeness.troubles import Troubles
from fetchers.ports import ALWAYS, Holding

LOST = NotMine(None, "the domain goes to another fetcher")
FRONT, BACK = 0, 1
"""Ranks: a robots.txt request goes before the pages that wait for it; from `BACK` on they are priorities."""


RECENT_SHARE = 0.3
"""Weight of the latest request in the mean of how long they take."""
LONG_SHARE = 0.02
"""The same in the mean over a long time, beside which answers are slow."""
SLOWER, SLOW_SECONDS = 3.0, 1.0
"""Answers that take so many times as long as usual, and so many seconds at least, say that the domain has too much."""
KEPT_STEP = 1.5
STEADY_REQUESTS = 10
"""So many requests lie between two slowings for that reason."""


class TurnGiver(Protocol):
    """All queues (`ready_heap.py`): they give the turns, and want to know what becomes of them."""

    async def turn(
        self, queue: "DomainQueue", *, rank: int, start_by: float, deadline: float, promised: bool = False
    ) -> "TurnResult":
        """As `RequestQueues.turn`; `start_by` and `deadline` in epoch seconds."""

    def written(self, queue: "DomainQueue") -> None: ...

    def over(self, queue: "DomainQueue", since: float) -> None:
        """`since` is a reading of the monotonic clock."""


class Turn:
    """The right to send one request now. `written()` when it is on the wire; `over()` when the answer is read.

    `may_write()` is asked just before the write: while a connection was made, the domain may have gone to another
    fetcher.
    """

    __slots__ = ("_queue", "_queues", "_since", "_written")

    def __init__(self, queues: TurnGiver, queue: "DomainQueue", since: float) -> None:
        self._queues = queues
        self._queue = queue
        self._since = since
        self._written = False

    def may_write(self) -> bool:
        return self._queue.holding.holds()

    def written(self) -> None:
        """The request's head is on the wire, or the attempt failed: the domain's interval starts. Idempotent."""
        if not self._written:
            self._written = True
            self._queues.written(self._queue)

    def over(self, waited: float = 0.0) -> None:
        """For `waited` seconds the domain was not to blame."""
        self.written()
        self._queues.over(self._queue, self._since + waited)


TurnResult = Turn | NotNow | NotMine

Waiting = tuple[int, float, int, float, "asyncio.Future[TurnResult]"]
"""rank, deadline, order of arrival, start_by, and the future that the caller awaits."""


class DomainQueue:
    """One domain's waiting requests and politeness state."""

    __slots__ = (
        "_long_seconds",
        "_steady",
        "_usual_seconds",
        "domain",
        "holding",
        "in_flight",
        "kept_pace",
        "last_used",
        "line_ends",
        "scheduled_for",
        "slot",
        "troubles",
        "waiting",
    )

    def __init__(self, domain: str, slot: DomainSlot, holding: Holding = ALWAYS) -> None:
        self.domain = domain
        self.slot = slot
        self.holding = holding
        self.waiting: list[Waiting] = []
        self.in_flight = 0
        self.last_used = 0.0
        self.scheduled_for = FOREVER
        self.line_ends = 0.0
        self.troubles: Troubles | None = None  # few domains have any
        self.kept_pace = slot.pace
        self._usual_seconds = 0.0
        self._long_seconds = 0.0
        self._steady = 0

    def ready_at(self, now: float) -> float:
        """When the next request may set out; `FOREVER` while that hangs on one that is under way."""
        if self.in_flight >= self.slot.limit.most_parallel:
            return FOREVER
        return self.slot.ready_at(now)

    def turn_of_next(self, now: float, *, at_front: bool = False) -> float:
        """When a request that came now would set out: those ahead of it each take one spacing."""
        ready = self.slot.ready_at(now)
        start = max(now, self.slot.backoff_until if ready == FOREVER else ready)
        return start if at_front else start + len(self.waiting) * self.spacing()

    def spacing(self) -> float:
        """Seconds between two requests of a long queue: by the limit, or by the answers where these are slower."""
        return max(self.slot.spacing(), self._usual_seconds / self.slot.limit.most_parallel)

    def took(self, seconds: float, now: float) -> None:
        """A request was under way for so long."""
        self._usual_seconds += RECENT_SHARE * (seconds - self._usual_seconds)
        self._long_seconds += (LONG_SHARE if self._long_seconds else 1.0) * (seconds - self._long_seconds)
        self._steady += 1
        if self._steady >= STEADY_REQUESTS and self._usual_seconds > max(SLOWER * self._long_seconds, SLOW_SECONDS):
            self._steady = 0
            self.slot.slow_down(now)

    @property
    def has_learnt(self) -> bool:
        """Whether the pace is another one than the next queue of the domain would begin with; small steps do not
        count, so that a fetch costs no write."""
        pace, kept = self.slot.pace, self.kept_pace
        return pace != kept and (pace == 1.0 or not kept / KEPT_STEP < pace < kept * KEPT_STEP)

    def has_spare(self, now: float) -> bool:
        """Whether a turn is free beside the next one, which belongs to the line."""
        return self.line_ends <= now or self.ready_at(now) + self.slot.spacing() <= now

    def shift(self, seconds: float) -> None:
        """The clock was set by so much."""
        self.slot.shift(seconds)
        self.line_ends += seconds
        self.last_used += seconds
        self.scheduled_for = FOREVER
        self.waiting = [
            (rank, deadline + seconds, order, start_by + seconds, future)
            for rank, deadline, order, start_by, future in self.waiting
        ]

    def why_not_now(self, now: float) -> str:
        """What the next request waits for, for a person."""
        if now < self.slot.backoff_until < FOREVER:
            return f"{self.domain} is paused, since {self.slot.pause_reason or 'it asked for a pause some time ago'}"
        return f"it waits for its domain's turn, since {self.domain} is asked no more often than its limit allows"

    def promise(self, at: float) -> float:
        """A turn of its own, not before `at`, for somebody who goes away: the end of the line."""
        turn = max(at, self.line_ends)
        self.line_ends = turn + self.spacing()
        return turn


class NoTurn:
    """The right of a request that waits for no turn. What Right says of times is 0 here."""

    __slots__ = ("idle_seconds", "waited")

    def __init__(self) -> None:
        self.idle_seconds = self.waited = 0.0

    def may_write(self) -> bool:
        return True

    def written(self) -> None:
        """No interval begins."""

    async def again(self) -> bool:
        return True


class Right:
    """A request's right to send (the `RightToSend` port): waited for on entering, given back at the end.

    `idle_seconds`: what of the time so far the domain was not to blame for.
    `waited`: seconds until the turn came."""

    __slots__ = ("_queue", "_queues", "_request", "_turn", "idle_seconds", "waited")

    def __init__(self, queues: TurnGiver, queue: DomainQueue, request: HopRequest) -> None:
        self.idle_seconds = self.waited = 0.0
        self._queues = queues
        self._queue = queue
        self._request = request
        self._turn: Turn | None = None

    async def __aenter__(self) -> "Right | NotNow | NotMine":
        """The right, once it is there, or why there is none."""
        request = self._request
        turn = await self._queues.turn(
            self._queue,
            rank=FRONT if request.purpose == "robots" else BACK + request.priority,
            start_by=request.start_by,
            deadline=request.deadline,
            promised=request.promised,
        )
        if not isinstance(turn, Turn):
            return turn
        self._turn = turn
        return self

    async def __aexit__(self, *_: object) -> None:
        self.give_back()

    def may_write(self) -> bool:
        return self._turn is not None and self._turn.may_write()

    def written(self) -> None:
        if self._turn is not None:
            self._turn.written()

    async def again(self) -> bool:
        """In front of the others."""
        self.give_back()
        by = self._request.deadline
        turn = await self._queues.turn(self._queue, rank=FRONT, start_by=by, deadline=by)
        if not isinstance(turn, Turn):
            return False
        self._turn = turn
        return True

    def give_back(self) -> None:
        """The request is over, however it ended. May be called twice."""
        if self._turn is not None:
            self._turn.over(self.idle_seconds)
            self._turn = None
