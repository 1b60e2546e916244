"""What is found wrong after a storm, in one table: an empty one is a pass.

Between `evidence.py`, which gathers, and `verdict.py`, which judges.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.cluster import verdict
from tests.chaos.cluster.cluster import BURST, RATE, Cluster
from tests.chaos.cluster.sender import IdTaker, Sender
from tests.chaos.cluster.site import Site

JITTER_SECONDS = 0.1
"""What loopback and a busy machine add between a write there and its arrival here, besides what the site measured."""
ALLOWED = ("ids-1 ended by itself with exit code 7",)
"""Whoever was silent for longer than its session lasts has lost its worker id, and is started anew for another."""
SHOWN = 10


@dataclass(frozen=True)
class Gathered:
    """`records`: URL → its record; `stored`: page → the ids of its versions."""

    events: int
    records: Mapping[str, Mapping[str, Any]]
    stored: Mapping[str, Sequence[str]]
    notices: Sequence[Mapping[str, Any]]


def wrong(
    cluster: Cluster, site: Site, sender: Sender, ids: IdTaker, found: Gathered
) -> dict[str, tuple[int, list[str]]]:
    """How much of each kind, and the first of it."""
    wanted = {site.url(number): site.wanted(number) for number in range(found.events)}
    jitter = JITTER_SECONDS + site.latest
    windows = {host: verdict.too_many(times, RATE, BURST, jitter) for host, times in site.arrivals.items()}
    lines: dict[str, Iterable[str]] = {
        "not accepted": [
            f"event-{number}" for number in range(found.events) if f"event-{number}" not in sender.accepted
        ],
        "without an ending": verdict.without_ending(sender.accepted, found.records),
        "ended otherwise": verdict.with_ending_other_than(wanted, found.records),
        "stored twice": verdict.stored_more_than_once(found.stored),
        "not told": verdict.not_told(sender.accepted, found.notices),
        "impolite": [f"{host}: {window}" for host, window in windows.items() if window],
        "ids given twice": verdict.given_twice(
            [*ids.taken, *(one for pages in found.stored.values() for one in pages)]
        ),
        "misbehaved": [
            line for process in cluster.processes.values() for line in process.misbehaved if line not in ALLOWED
        ],
    }
    kinds = {name: list(some) for name, some in lines.items()}
    return {name: (len(some), some[:SHOWN]) for name, some in kinds.items() if some}
