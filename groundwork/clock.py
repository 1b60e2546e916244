"""Time as the packages ask for it: the `Clock` port, and the machine's own time behind it.

Whoever needs the time is given a clock, so that a test or a simulation can be its master. `snowflake` has a port of its
own: a generator asks for nanoseconds and for the time a suspended machine slept through, and waits in a thread.
"""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """The only source of time in whoever is given one."""

    def now(self) -> float:
        """Epoch seconds (UTC). May step when the machine's clock is set."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Wait. Cancellation ends it at once."""


class SystemClock:
    """Wall clock and monotonic clock of this machine."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
