"""Range leases as rectangles: a window of time times a share of the sequence numbers. Pure.

A generator that grants them keeps the lowest sequence numbers (`own`) for itself while any grant runs. `service/` hands
grants out, `leases/` makes them durable. Two grants that overlap in time never overlap in numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """Sequence numbers `first` to `first + count - 1` of every tick from `from_ms` to `until_ms`, both included."""

    first: int
    count: int
    from_ms: int
    until_ms: int


def running(grants: Iterable[Grant], now_ms: int) -> tuple[Grant, ...]:
    """Without those that have ended."""
    return tuple(grant for grant in grants if grant.until_ms >= now_ms)


def last_until(grants: Iterable[Grant]) -> int:
    """When the last one ends; 0 without any."""
    return max((grant.until_ms for grant in grants), default=0)


def fit(grants: Sequence[Grant], *, own: int, sequences: int, count: int, from_ms: int, until_ms: int) -> Grant | None:
    """The lowest free share of `count` numbers in [own, sequences) for the window; None where there is none."""
    meanwhile = sorted(
        (grant for grant in grants if grant.from_ms <= until_ms and from_ms <= grant.until_ms),
        key=lambda grant: grant.first,
    )
    first = own
    for grant in meanwhile:
        if first + count <= grant.first:
            break
        first = max(first, grant.first + grant.count)
    return Grant(first, count, from_ms, until_ms) if first + count <= sequences else None
