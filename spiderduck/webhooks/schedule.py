"""When a delivery is tried again, and what a receiver's answer means. Pure.

The schedule itself is a setting (`webhooks.retry_after_s`), by default the specification's.
"""

from collections.abc import Sequence
from enum import Enum

MINUTE, HOUR = 60.0, 3600.0
JITTER = 0.1
LONGEST_WAIT = 24 * HOUR
"""Whatever `Retry-After` says."""
DOWN_AFTER = 10
"""So many failures in a row say that the receiver is down, and not that it refuses one notice."""
LONGEST_PROBE = MINUTE
OVERLOADED = frozenset({429, 502, 504})
"""Of the receiver, or of what stands before it: it is given a rest also where it does not ask for one."""
MAY_ASK = OVERLOADED | {503}
REST_SECONDS = 1.0
LONGEST_THROTTLE = HOUR


class AttemptOutcome(Enum):
    """What became of one attempt. `GONE`: the receiver wants no more deliveries."""

    DELIVERED = "delivered"
    GONE = "gone"
    FAILED = "failed"


def outcome_of(status_code: int) -> AttemptOutcome:
    """2xx alone says that the delivery was taken. A redirect is not followed."""
    if 200 <= status_code < 300:
        return AttemptOutcome.DELIVERED
    return AttemptOutcome.GONE if status_code == 410 else AttemptOutcome.FAILED


def next_attempt(
    tries: int, now: float, pauses: Sequence[float], retry_after: float | None, chance: float
) -> float | None:
    """When the attempt behind `tries` of them is made; None behind the last. Not before `retry_after` seconds; `chance`
    (0 to 1) spreads what failed together."""
    if not 0 < tries <= len(pauses):
        return None
    wait = pauses[tries - 1] * (1 + JITTER * chance)
    return now + max(wait, min(retry_after or 0.0, LONGEST_WAIT))


def throttled(status_code: int | None, retry_after: float | None) -> float:
    """Seconds for which the receiver is sent nothing at all."""
    if retry_after is None:
        return REST_SECONDS if status_code in OVERLOADED else 0.0
    return min(retry_after, LONGEST_THROTTLE) if status_code in MAY_ASK else 0.0


def probe_pause(failures: int) -> float:
    """Seconds between two new notices to a receiver that failed so many times in a row; the others wait in their
    queue, where they cost nothing. So what waits for its next attempt stays few, however long the receiver is down."""
    if failures < DOWN_AFTER:
        return 0.0
    return float(min(2.0 ** min(failures - DOWN_AFTER, 10), LONGEST_PROBE))
