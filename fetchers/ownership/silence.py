"""Which fetchers have fallen silent. Pure; `zookeeper.py` asks it after each look at the members' beats.

Every member renews its node in each round, and believes in what it holds for `TRUSTED_SHARE` of the lease after its
last renewal. Another one that has seen the same renewal for a whole lease knows that this belief is over, by its own
clock alone: it saw the renewal after it was made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LEASE_SECONDS = 2.5
LEASE_IN_SESSION = 0.25
TRUSTED_SHARE = 0.75
"""Of the lease. The rest is for clocks, and for requests that are being written."""
LEAST_LOOKS = 4
"""Who was looked at less often is not silent: while the coordinator is away, nobody is heard."""
WATCHED = 3
"""Each watches the next so many in the circle of names, so that the coordinator is not asked for all by all."""


def lease_seconds(session_seconds: float) -> float:
    """A quarter of the session, two and a half seconds at the least. A shorter session ends before its lease."""
    return max(session_seconds * LEASE_IN_SESSION, LEASE_SECONDS)


def watched_by(member: str, members: Iterable[str]) -> list[str]:
    """Those whose beats `member` looks at."""
    others = sorted(set(members) - {member})
    start = sum(other < member for other in others)
    return [*others[start:], *others[:start]][:WATCHED]


@dataclass(slots=True)
class _Beat:
    version: int
    seen_at: float
    looks: int = 0


class Silences:
    """`lease` in seconds."""

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._beats: dict[str, _Beat] = {}

    def look(self, beats: Mapping[str, int], asked: float, answered: float) -> Mapping[str, int]:
        """Of `beats` (member → version of its node) those that are a whole lease old. `asked` and `answered`: when, in
        seconds of the monotonic clock."""
        self._beats = {
            member: known
            if (known := self._beats.get(member)) and known.version == version
            else _Beat(version, answered)
            for member, version in beats.items()
        }
        silent = {}
        for member, beat in self._beats.items():
            beat.looks += 1
            if beat.looks >= LEAST_LOOKS and asked - beat.seen_at >= self._lease:
                silent[member] = beat.version
        return silent
