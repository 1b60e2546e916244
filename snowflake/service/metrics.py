"""The server's counts in Prometheus' text format. Pure; a dozen lines need no library, so the package stays light."""

import re
from collections import Counter

from snowflake.service.model import Identity


def render_metrics(identity: Identity) -> str:
    """One sample a line."""
    counters = {
        "ids_total": ("counter", "Ids given out one by one and in batches.", identity.ids),
        "leases_total": ("counter", "Range leases granted.", identity.leases),
        "waits_total": ("counter", "Times that a caller waited for the next tick.", identity.waits),
        "clock_refusals_total": ("counter", "Ids refused because the clock had moved back.", identity.clock_refusals),
        "renewals_total": ("counter", "Times that a caller waited for the lease to be renewed.", identity.renewals),
        "days_left": ("gauge", "Days until the layout's time runs out.", identity.days_left),
        "worker_id": ("gauge", "The worker id in use.", identity.worker_id),
    }
    lines = []
    for name, (kind, about, value) in counters.items():
        lines += [f"# HELP snowflake_{name} {about}", f"# TYPE snowflake_{name} {kind}", f"snowflake_{name} {value}"]
    lines += [
        "# HELP snowflake_requests_total Requests by the caller's name.",
        "# TYPE snowflake_requests_total counter",
    ]
    lines += [
        f'snowflake_requests_total{{user_agent="{name}"}} {count}'
        for name, count in sorted(identity.user_agents.items())
    ]
    return "\n".join(lines) + "\n"


# com.twitter.service.snowflake.IdWorker: genUser = "([a-zA-Z][a-zA-Z\-0-9]*)"
_NAME = re.compile(rb"[a-zA-Z][a-zA-Z0-9-]*")
_MOST = 256
INVALID, OTHER = "(invalid)", "(other)"


class UserAgents:
    """`count` is on the hot path: each distinct header is looked at once."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._names: dict[bytes, str] = {}

    def count(self, header: bytes) -> None:
        self.counts[self._names.get(header) or self._name(header)] += 1

    def _name(self, header: bytes) -> str:
        """The product's name, version cut off: `curl/8.5.0` is `curl`."""
        product = header.split(b" ", 1)[0].split(b"/", 1)[0]
        name = product[:64].decode("ascii") if _NAME.fullmatch(product) else INVALID
        if name not in self.counts and len(self.counts) >= _MOST:
            name = OTHER
        if len(self._names) < _MOST * 4:
            self._names[header] = name
        return name
