"""The machine's own time, behind the `Clock` port."""

import sys
import time

# The time that passed, suspended hours included: Linux' CLOCK_MONOTONIC stops while a laptop sleeps, macOS' does not.
_ELAPSED = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC


class SystemClock:
    """Wall clock and passed time of this machine. All objects of it are alike."""

    time_ns = staticmethod(time.time_ns)
    sleep = staticmethod(time.sleep)

    @staticmethod
    def elapsed_ns() -> int:
        return time.clock_gettime_ns(_ELAPSED)
