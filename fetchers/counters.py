"""What a fetcher counts since its start: plain numbers, cheap enough for every request, shown by
`service/metrics.py`.
"""

from collections import Counter
from dataclasses import dataclass, field

from fetchers.model import Ended, HopResult, NotMine, NotNow, Response
from fetchers.ports import ConnectionInfo
from groundwork.histogram import Histogram


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
