"""What a rate may be, wherever one is set: settings, calls, command lines, keys, and what others wrote down. Pure.

Outside these bounds arithmetic in floating point comes to infinity or to no number at all, and moments to years that no
date can say.
"""

from fetchers.model import RateLimit

SLOWEST = 1e-6
FASTEST = 1e6
"""Requests a second: one in twelve days, and more than one process makes."""
LARGEST_BURST = 1_000_000


def wrong_rate(per_second: float, burst: int, parallel: int | None = None) -> str | None:
    """What is wrong with a rate, as a sentence that begins with the field's name; None where nothing is."""
    if not SLOWEST <= per_second <= FASTEST:  # neither holds for what is no number
        return f"per_second is {_shown(per_second)}; it takes a number from {SLOWEST:f} to {FASTEST:.0f}, e.g. 1.0"
    if not 1 <= burst <= LARGEST_BURST:
        return f"burst is {_shown(burst)}; it takes a whole number from 1 to {LARGEST_BURST}, e.g. 4"
    if parallel is not None and not 1 <= parallel <= LARGEST_BURST:
        return f"parallel is {_shown(parallel)}; it takes a whole number from 1 to {LARGEST_BURST}, or none"
    return None


def wrong_limit(limit: RateLimit) -> str | None:
    """The same of a domain's limit."""
    if (wrong := wrong_rate(limit.per_second, limit.burst, limit.parallel)) is not None or limit.ceiling is None:
        return wrong
    if limit.per_second <= limit.ceiling <= FASTEST:
        return None
    return f"ceiling is {_shown(limit.ceiling)}; it takes a number from per_second to {FASTEST:.0f}, or none"


def _shown(number: float) -> str:
    return str(number) if -1e300 < number < 1e300 else "far too large" if number == number else "no number"
