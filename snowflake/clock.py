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


class ClockSteps:
    """`bound_ms`: how far the wall clock may jump ahead between two looks at it."""

    def __init__(self, bound_ms: int, now_ms: int, elapsed_ms: int) -> None:
        self._bound_ms = bound_ms
        self._now_ms = now_ms
        self._elapsed_ms = elapsed_ms

    def check(self, now_ms: int, elapsed_ms: int) -> None:
        """Raises `ClockJumpedForward`, again and again until the clock is back within the bound."""
        jumped = (now_ms - self._now_ms) - (elapsed_ms - self._elapsed_ms)
        if jumped > self._bound_ms:
            raise ClockJumpedForward(jumped, self._bound_ms)
        self._now_ms, self._elapsed_ms = now_ms, elapsed_ms
