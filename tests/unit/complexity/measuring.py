"""Processor time of one function at two sizes of its worst input."""

import functools
import gc
import time
from collections.abc import Callable
from typing import Any, NamedTuple

FACTOR = 4
MARGIN = 2.5
"""Four times the input may take ten times the time. What grows with the square takes sixteen times."""
ENOUGH = 0.005
"""Seconds of work after which a function is measured. A quicker one is called again, and its best call counts."""
MOST_CALLS = 10
PATIENCE = 0.05
"""Seconds, the making of inputs included."""
QUICK = 0.0005
"""Seconds: what takes less for the larger input is lost in the noise of a call. The square of 256,000 takes
longer, however small each step is."""
NOISE = 0.00002
FIRST = 16_000
"""Characters of the first input: behind the limits below which a small page is not looked at (`guard.FEW_TAGS`)."""
LARGEST = 60_000
"""Characters of the smaller input, where it is not work enough before. The larger the input, the less a call costs."""
SIZES = 3
"""Where the growth is too large at one size, the next one tells a step (another way to read what is larger, a cache
that is full) from a curve."""
LONGEST = 10.0
"""Seconds that the larger input may take in any case."""
TRIES = 4
OURS = ("fetchers", "schedulers", "snowflake", "imagepipe", "groundwork", "spiderduck")


class Case(NamedTuple):
    """`make(n)` gives an input of about `n` bytes or items, outside of the measured time; `call` is measured."""

    make: Callable[[int], Any]
    call: Callable[[Any], object]


def seconds(case: Case, size: int) -> float:
    """The best call of some, each with an input of its own and nothing remembered of the last."""
    best, spent, started = float("inf"), 0.0, time.perf_counter()
    for _ in range(MOST_CALLS):
        given = case.make(size)
        for cache in _caches():
            cache.cache_clear()
        gc.disable()  # a collection costs by what the whole run of tests has made, not by this input
        begun = time.process_time()
        try:
            case.call(given)
        except (ValueError, ArithmeticError, LookupError, RecursionError):
            pass  # refused: that has to be as quick
        except Exception as error:
            if type(error).__module__.split(".")[0] not in (*OURS, "struct"):
                raise
        finally:
            took = time.process_time() - begun
            gc.enable()
        best, spent = min(best, took), spent + took
        if spent > ENOUGH or time.perf_counter() - started > PATIENCE:
            break
    return best


def growth(case: Case) -> tuple[float, float, int]:
    """How many times longer `FACTOR` times the input takes (0 where it is too quick to say), the seconds that it takes,
    and its size. The best of some tries, so that a busy machine proves nothing.
    """
    size = FIRST
    while size < LARGEST and seconds(case, size) < ENOUGH:
        size *= FACTOR
    for _ in range(SIZES):
        found = growth_at(case, size)
        if found[0] <= FACTOR * MARGIN or found[1] > LONGEST:
            break
        size *= FACTOR
    return found


def growth_at(case: Case, size: int) -> tuple[float, float, int]:
    """`growth` from one size."""
    best, large = float("inf"), float("inf")
    for _ in range(TRIES):
        small = seconds(case, size)
        large = min(large, seconds(case, FACTOR * size))
        if large < QUICK:
            return 0.0, large, FACTOR * size
        best = min(best, large / max(small, NOISE))
        if best <= FACTOR * MARGIN or large > LONGEST:
            break
    return best, large, FACTOR * size


@functools.cache
def _caches() -> list[Any]:
    """What our modules remember of calls."""
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, functools._lru_cache_wrapper) and str(one.__module__).split(".")[0] in OURS
    ]
