"""The start after somebody else's time: wait until the clock has passed it, or refuse when that is far off.

Asked by every lease that finds a high-water time. No generator begins at or before it.
"""

from snowflake.errors import ClockBehindHighWater
from snowflake.ports import Clock

_NS_PER_MS = 1_000_000


def wait_past(worker_id: int, high_water_ms: int, clock: Clock, most_ms: int) -> None:
    """Sleeps until the clock shows more than `high_water_ms`. Raises `ClockBehindHighWater`."""
    while (missing := high_water_ms + 1 - clock.time_ns() / _NS_PER_MS) > 0:
        if missing > most_ms:
            raise ClockBehindHighWater(worker_id, int(missing), most_ms)
        clock.sleep(missing / 1000)
