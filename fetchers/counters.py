"""What a fetcher counts since its start: plain numbers, cheap enough for every request, shown by
`service/metrics.py`.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from fetchers.model import Ended, HopResult, NotMine, NotNow, Response
from fetchers.ports import ConnectionInfo

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Histogram:
    """How often a duration was within each of `bounds` (seconds); the last place counts those beyond all."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one duration of `value` seconds."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Counters:
    """`endings` by name, `answered` for those with a status; `robots` by the tier that knew: memory, shared, origin,
    stale.
    """

    endings: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    robots: Counter[str] = field(default_factory=Counter)
    body_bytes: int = 0
    coalesced: int = 0
    back_offs: int = 0
    limits_told: int = 0
    connections_reused: int = 0
    wait: Histogram = field(default_factory=Histogram)
    dns: Histogram = field(default_factory=Histogram)
    connect: Histogram = field(default_factory=Histogram)
    tls: Histogram = field(default_factory=Histogram)
    first_byte: Histogram = field(default_factory=Histogram)
    whole: Histogram = field(default_factory=Histogram)

    def head_came(self, connection: ConnectionInfo | None, seconds: float) -> None:
        """The head of an answer came `seconds` after its request set out."""
        self.first_byte.observe(seconds)
        if connection is None:
            return
        if connection.reused:
            self.connections_reused += 1
            return
        self.dns.observe(connection.dns_seconds)
        self.connect.observe(connection.connect_seconds)
        if connection.tls_version is not None:
            self.tls.observe(connection.tls_seconds)

    def ended(self, result: HopResult | NotMine, seconds: float) -> None:
        """A hop is over; it took `seconds` where it was answered."""
        if isinstance(result, Response):
            self.endings["answered"] += 1
            self.statuses[result.status_code] += 1
            self.whole.observe(seconds)
        elif isinstance(result, Ended):
            self.endings[result.ending.value] += 1
        else:
            self.endings["not_now" if isinstance(result, NotNow) else "not_mine"] += 1
