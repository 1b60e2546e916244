"""Processor time of one function at two sizes of its worst input."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

FACTOR = 4
MARGIN = 2.5
"""Four times the input may take ten times the time. What grows with the square takes sixteen times."""
SMALL, LARGE = 0.005, 0.03
"""Seconds: below them the clock's grain and the machine's other work say more than the function does."""
FIRST = 16_000
"""Characters of the first input: behind the limits below which a small page is not looked at (`guard.FEW_TAGS`)."""
LARGEST = 60_000
"""Characters of the smaller input, where it does not take `SMALL` before."""
LONGEST = 10.0
"""Seconds that the larger input may take in any case."""
TRIES = 4


class Case(NamedTuple):
    """`make(n)` gives an input of about `n` bytes or items, outside of the measured time; `call` is measured."""

    make: Callable[[int], Any]
    call: Callable[[Any], object]


def seconds(case: Case, size: int) -> float:
    """The better of two, where the first is so quick that chance could make it long."""
    best = float("inf")
    for _ in range(2):
        given = case.make(size)
        begun = time.process_time()
        try:
            case.call(given)
        except (ValueError, ArithmeticError, LookupError, RecursionError):
            pass  # refused: that has to be as quick
        except Exception as error:
            if type(error).__module__.split(".")[0] not in (
                "fetchers",
                "schedulers",
                "snowflake",
                "imagepipe",
                "struct",
            ):
                raise
        best = min(best, time.process_time() - begun)
        if best > 0.05 or best < SMALL / 4:
            break
    return best


def growth(case: Case) -> tuple[float, float, int]:
    """How many times longer `FACTOR` times the input takes (0 where both are too quick to say), the seconds that it
    takes, and its size. The best of some tries, so that a busy machine proves nothing.
    """
    size = FIRST
    while (small := seconds(case, size)) < SMALL and size < LARGEST:
        size *= FACTOR
    best, large = float("inf"), float("inf")
    for _ in range(TRIES):
        large = min(large, seconds(case, FACTOR * size))
        if large < LARGE:
            return 0.0, large, FACTOR * size
        best = min(best, large / max(small, SMALL))
        if best <= FACTOR * MARGIN:
            break
        small = seconds(case, size)
    return best, large, FACTOR * size
