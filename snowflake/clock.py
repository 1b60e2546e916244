"""The machine's own time, behind the `Clock` port, and the check for a wall clock that runs ahead of passed time.

A leap smear or a suspended machine is no step: the second reading counts suspended time, and each accepted reading is
the new reference, so that slow corrections never add up.
"""

import sys
import time

from snowflake.errors import ClockJumpedForward

# The time that passed, suspended hours included: Linux' CLOCK_MONOTONIC stops while a laptop sleeps, macOS' does not.
_ELAPSED = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC


class SystemClock:
    """Wall clock and passed time of this machine. All objects of it are alike."""

    time_ns = staticmethod(time.time_ns)
    sleep = staticmethod(time.sleep)

    @staticmethod
    def elapsed_ns() -> int:
        return time.clock_gettime_ns(_ELAPSED)


SETTLED_MS = 60_000
"""A new time that has held for so long is the time: it was set right, and nobody needs to start anything anew."""


BACK_SETTLED_MS = 2_000
"""The same of a clock that is behind: ids that go on behind the last one repeat none, whatever the clock does next. So
only short corrections are waited out."""
FORGOTTEN_MS = 60_000
"""Whoever waits for a clock that is behind asks again at least twice a minute."""


class ClockSteps:
    """`bound_ms`: how far the wall clock may jump ahead between two looks at it."""

    def __init__(self, bound_ms: int, now_ms: int, elapsed_ms: int) -> None:
        self._bound_ms = bound_ms
        self._now_ms = now_ms
        self._elapsed_ms = elapsed_ms
        self._jumped_ms = 0
        self._seen_ms = 0
        self._back_ms: int | None = None
        self._back_seen_ms = 0

    def check(self, now_ms: int, elapsed_ms: int) -> None:
        """Raises `ClockJumpedForward`, again and again until the clock is back within the bound, or the new time has
        settled."""
        jumped = (now_ms - self._now_ms) - (elapsed_ms - self._elapsed_ms)
        if jumped <= self._bound_ms:
            self._jumped_ms = 0
        elif not self._jumped_ms or abs(jumped - self._jumped_ms) > self._bound_ms:
            self._jumped_ms, self._seen_ms = jumped, elapsed_ms
        if self._jumped_ms and elapsed_ms - self._seen_ms < SETTLED_MS:
            raise ClockJumpedForward(jumped, self._bound_ms)
        self._now_ms, self._elapsed_ms, self._jumped_ms = now_ms, elapsed_ms, 0

    def is_back_for_good(self, elapsed_ms: int) -> bool:
        """Told whenever the clock is behind the last id: whether it has been so for long enough to be the time."""
        if self._back_ms is None or elapsed_ms - self._back_seen_ms > FORGOTTEN_MS:
            self._back_ms = elapsed_ms
        self._back_seen_ms = elapsed_ms
        return elapsed_ms - self._back_ms >= BACK_SETTLED_MS
