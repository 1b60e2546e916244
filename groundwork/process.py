"""What a process of an installation tells of itself: who it is, since when it runs, and how busy it is."""

import resource
from collections.abc import Mapping, Sequence

import msgspec

from groundwork.memory import resident_bytes
from groundwork.readiness import Dependency, Needed, readiness

LOAD_SECONDS = 5.0
"""Load is an average over at least so long."""


MOST_PAUSED = 100
"""Of what is paused, so many are named: those for which the most waits."""


class Paused(msgspec.Struct, omit_defaults=True):
    """Something that is left alone until `until` (epoch seconds), for the reason `because`, while `waiting` wait."""

    name: str
    until: float
    because: str = ""
    waiting: int = 0


class ProcessStatus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`started_at` in epoch seconds; `load`: processors in use on average, since somebody asked last; `missing`: what
    it waits for, each with a sentence; `dependencies`: all that it needs; `figures`: gauges by the names that metrics
    have; `neighbours`: addresses of processes that it calls; `paused`: what it leaves alone for a while. Since its
    start: `counts` of what happened, and how often what `took` how long, by the upper bound in seconds."""

    name: str
    parts: list[str]
    version: str
    started_at: float
    load: float = 0.0
    resident_bytes: int = 0
    missing: dict[str, str] = {}
    figures: dict[str, float] = {}
    neighbours: list[str] = []
    counts: dict[str, int] = {}
    took: dict[str, dict[str, int]] = {}
    dependencies: list[Dependency] = []
    paused: list[Paused] = []


class Vitals:
    """Of this process, from now on."""

    def __init__(
        self, name: str, parts: Sequence[str], version: str, needed: Needed, neighbours: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.needed = needed
        self.clock = clock = needed.clock
        self._parts = list(parts)
        self._version = version
        self._neighbours = list(neighbours)
        self._started_at = clock.now()
        self._measured = clock.monotonic(), _cpu_seconds()
        self._load = 0.0

    def status(self, figures: Mapping[str, float], paused: Sequence[Paused] = ()) -> ProcessStatus:
        """At this moment."""
        self._measure()
        told = readiness(self.needed.look())
        shown = sorted(paused, key=lambda one: (-one.waiting, one.until))[:MOST_PAUSED]
        return ProcessStatus(
            name=self.name,
            parts=self._parts,
            version=self._version,
            started_at=self._started_at,
            load=round(self._load, 3),
            resident_bytes=resident_bytes(),
            missing=told.missing,
            figures=dict(figures),
            neighbours=self._neighbours,
            dependencies=told.dependencies,
            paused=shown,
        )

    def _measure(self) -> None:
        (then, used), now = self._measured, self.clock.monotonic()
        if now - then < LOAD_SECONDS and self._load:
            return
        cpu = _cpu_seconds()
        self._load = (cpu - used) / max(now - then, 0.001)
        self._measured = now, cpu


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
