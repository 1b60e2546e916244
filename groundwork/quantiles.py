"""What share of durations was below what: estimates from counts per bucket, as Prometheus' `histogram_quantile` makes
them."""

from collections.abc import Iterable, Mapping
from math import isinf


def quantile(counts: Mapping[float, int], share: float, bounds: Iterable[float] = ()) -> float | None:
    """The duration below which `share` (0 to 1) of all lie. `counts`: by the upper bound of their bucket, not
    cumulative; empty ones may be left out where `bounds` has them. Within a bucket they are taken for evenly spread.
    None where there are none; what lies beyond the last bound counts as that bound."""
    total = sum(counts.values())
    if not total:
        return None
    rank, seen, below = share * total, 0, 0.0
    for bound in sorted({*bounds, *counts}):
        if isinf(bound):
            break
        here = counts.get(bound, 0)
        if here and seen + here >= rank:
            return below + (bound - below) * (rank - seen) / here
        seen += here
        below = bound
    return below
