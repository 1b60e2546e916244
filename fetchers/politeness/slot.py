"""When may the next request to a domain start? Pure arithmetic of one domain's politeness: no clock, no loop, no I/O.

Used by `ready_heap.py`, which owns one slot per domain. In any window of t seconds the domain sees at most burst +
rate × t requests, whatever the order of calls. The rate is the limit's `per_second`, or its `ceiling` where it has one.

Three clocks are kept apart, so that none hides another: the token bucket, the back-off, and `Crawl-delay`.

The bucket is the generic cell rate algorithm (ITU-T I.371): `_tat` is the theoretical arrival time, and a request
conforms when `_tat - tolerance <= now`. A token counts from the moment a request is *written* to the socket; one that
is still resolving or connecting counts as if it were written now. So a slow connect cannot squeeze two arrivals
together, and the bound holds at the far end: with n unwritten requests, max(now, tat) + n × interval never exceeds now
+ tolerance + interval, and a write leaves that sum as it is.
"""

import math
from random import Random

from fetchers.model import KeptPoliteness, RateLimit

BACKOFF_FIRST = 60.0
BACKOFF_LONGEST = 86_400.0
FORGIVEN_AFTER = 1_800.0
"""Seconds: the first pause after trouble, doubled each time up to a day, forgotten after half an hour without trouble.
"""

SLOWEST_PACE = 1 / 16
PACE_STEP = 0.02
"""Multiplicative decrease, additive increase (Chiu and Jain, 1989) of the share of its limit that a domain gets: a
domain that asks for rest is asked half as often afterwards, and as often as before after some fifty good answers.
Where its limit has a ceiling it rises beyond that. Below 1 it spaces requests, above 1 the bucket fills faster."""

MOST_DELAYS = 16
"""Origins of one domain whose own delay is remembered; beyond that the quickest ones are forgotten."""

FOREVER = math.inf


class DomainSlot:
    """The politeness state of one domain. Every method takes `now` (epoch seconds); calls may come in any order."""

    __slots__ = (
        "_backoff_step",
        "_delays",
        "_last_trouble",
        "_last_written",
        "_tat",
        "backoff_until",
        "crawl_delay",
        "limit",
        "pace",
        "pause_reason",
        "unwritten",
    )

    def __init__(self, limit: RateLimit, full_at: float = 0.0) -> None:
        """The bucket is full at `full_at`: 0 for a domain that certainly had no request of ours lately."""
        self.limit = limit
        self.unwritten = 0
        self.backoff_until = 0.0
        self.crawl_delay = 0.0
        self.pace = 1.0
        self.pause_reason = ""
        self._tat = full_at
        self._last_written = 0.0
        self._backoff_step = 0.0
        self._last_trouble = 0.0
        self._delays: dict[str, float] | None = None

    @classmethod
    def starting_empty(cls, limit: RateLimit, now: float) -> "DomainSlot":
        """A slot whose past is unknown: it waits one interval, and the bucket begins empty."""
        slot = cls(limit, full_at=now + limit.burst * limit.interval)
        slot._last_written = now
        return slot

    def ready_at(self, now: float) -> float:
        """The earliest moment for the next request; `FOREVER` while that hangs on a request not written yet."""
        interval = self._interval
        ahead = self.unwritten * interval
        tolerance = (self.limit.burst - 1) * interval
        # The hair's breadth forgives rounding: n × interval is compared with a product made in another order.
        if ahead > tolerance * (1 + 1e-9):
            return FOREVER
        ready = max(self._tat + ahead - tolerance, self.backoff_until)
        if self.crawl_delay:
            if self.unwritten:
                return FOREVER
            ready = max(ready, self._last_written + self.crawl_delay)
        if self.pace < 1.0:
            if self.unwritten:
                return FOREVER
            ready = max(ready, self._last_written + interval / self.pace)
        return ready

    @property
    def _interval(self) -> float:
        """In which one token comes."""
        return self.limit.interval / self.pace if self.pace > 1.0 else self.limit.interval

    def slow_down(self, now: float) -> None:
        """The domain can take less than it gets: half of the pace so far."""
        self._change_pace(max(self.pace / 2, SLOWEST_PACE), now)

    def speed_up(self, now: float) -> None:
        """An answer came as it should: a little more of the limit is used again, up to its ceiling, or all of it."""
        if self.pace < self.limit.most_pace:
            self._change_pace(min(self.pace + PACE_STEP, self.limit.most_pace), now)

    def _change_pace(self, pace: float, now: float) -> None:
        """The tokens that are there stay, and only the next ones come faster or slower. So whatever the paces, no more
        come in a window than at the fastest of them."""
        before = self._interval
        self.pace = pace
        if self._tat > now:
            self._tat = now + (self._tat - now) * self._interval / before

    def ask_for_delay(self, origin: str, seconds: float) -> None:
        """The robots.txt of one of the domain's origins asks for that `Crawl-delay` (0: for none). The slowest holds
        for the whole domain, so that no origin is asked sooner than it wants.
        """
        delays = self._delays or {}
        delays.pop(origin, None)
        if seconds:
            delays[origin] = seconds
            if len(delays) > MOST_DELAYS:
                del delays[min(delays, key=delays.__getitem__)]
        self._delays = delays or None
        self.crawl_delay = max(delays.values(), default=0.0)

    def spacing(self) -> float:
        """Seconds between two requests of a long queue."""
        return max(self.limit.interval / self.pace, self.crawl_delay)

    def take(self) -> None:
        """A request sets out."""
        self.unwritten += 1

    def written(self, now: float) -> None:
        """It was written to the socket, or failed before: from now the interval runs."""
        self.unwritten -= 1
        self._tat = max(now, self._tat) + self._interval
        self._last_written = max(now, self._last_written)

    def pause_until(self, moment: float) -> None:
        """The domain said when it wants to be asked again (`RateLimit`). No trouble, so it doubles nothing."""
        self.backoff_until = max(self.backoff_until, moment)

    def resume(self) -> None:
        """Somebody who is answerable for it ends the pause. The next trouble pauses for twice as long all the same."""
        self.backoff_until = 0.0
        self.pause_reason = ""

    def change_limit(self, limit: RateLimit, now: float) -> None:
        """Another limit from now on. The bucket keeps the tokens it has, as far as the new one holds as many."""
        used = max(self._tat - now, 0.0) / self._interval
        left = min(self.limit.burst - used, float(limit.burst))
        self.limit = limit
        self.pace = min(self.pace, limit.most_pace)
        self._tat = now + (limit.burst - left) * self._interval

    def trouble(self, now: float, random: Random, retry_after: float | None = None) -> None:
        """The domain asked for a pause (429, 503) or could not be reached. A longer `Retry-After` (seconds) is
        obeyed.
        """
        if now < self.backoff_until and self._backoff_step:
            pause = self._backoff_step  # answers to requests that set out before the pause began do not double it again
        else:
            pause = min(self._backoff_step * 2, BACKOFF_LONGEST) if self._backoff_step else BACKOFF_FIRST
        self._backoff_step = pause
        self._last_trouble = now
        wait = pause * (1 + 0.25 * random.random())
        if retry_after is not None:
            wait = max(wait, min(retry_after, BACKOFF_LONGEST))
        self.backoff_until = max(self.backoff_until, now + wait)

    def success(self, now: float) -> None:
        """A useful answer came; after half an hour without trouble the doubling starts again from the first step."""
        if self._backoff_step and now - max(self._last_trouble, self.backoff_until) >= FORGIVEN_AFTER:
            self._backoff_step = 0.0

    def is_idle(self, now: float) -> bool:
        """Nothing of this slot is worth keeping in memory: bucket full, no pause running."""
        if self.unwritten or self._tat > now or self.backoff_until > now:
            return False
        return self._last_written + self.crawl_delay <= now

    def shift(self, seconds: float) -> None:
        """The clock was set by so much, and no time passed: every moment moves with it."""
        self._tat += seconds
        self._last_written += seconds
        self.backoff_until += seconds
        self._last_trouble += seconds

    def snapshot(self) -> KeptPoliteness:
        """What must outlive this object (`HostStateStore`)."""
        return KeptPoliteness(
            tat=self._tat + self.unwritten * self._interval,
            last_written=self._last_written,
            backoff_until=self.backoff_until,
            backoff_step=self._backoff_step,
            last_trouble=self._last_trouble,
            crawl_delay=self.crawl_delay,
            pace=self.pace,
            pause_reason=self.pause_reason,
        )

    def restore(self, state: KeptPoliteness, now: float) -> None:
        """Take over, at the very start, what an earlier owner saved; of two truths the more careful one counts. What
        lies further ahead than it can was written by a clock that was wrong.
        """
        self.pace = min(max(state.pace, SLOWEST_PACE), self.limit.most_pace)
        stretched = self._interval * max(state.pace, 1.0) / self.limit.interval  # by a ceiling that is lower now
        tat = now + max(state.tat - now, 0.0) * stretched
        latest_tat = now + self.limit.burst * self.limit.interval
        self._tat = max(self._tat, min(tat, latest_tat))
        self._last_written = max(self._last_written, min(state.last_written, now))
        self.backoff_until = max(self.backoff_until, min(state.backoff_until, now + BACKOFF_LONGEST))
        self._backoff_step = max(self._backoff_step, state.backoff_step)
        self._last_trouble = max(self._last_trouble, state.last_trouble)
        self.crawl_delay = max(self.crawl_delay, state.crawl_delay)
        self.pause_reason = state.pause_reason
