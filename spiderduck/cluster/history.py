"""The last hour and the last day of all processes, for people: what ended how, how long it took, what waited.

Held in memory by each process that has the API, in two rings of a fixed number of steps; it begins anew with the
process. For longer, and for alarms, there is `/metrics`.
"""

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from groundwork.clock import Clock
from groundwork.errors import CodedError
from groundwork.process import ProcessStatus

log = logging.getLogger(__name__)

EVERY_SECONDS = 10
Window = Literal["hour", "day"]
STEPS: Mapping[Window, tuple[int, int]] = {"hour": (60, 60), "day": (300, 288)}
"""By window: how many seconds a step takes, and how many there are."""

Buckets = Counter[float]
"""How many took how long, by the upper bound in seconds."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the queue at a moment."""

    ready: int
    deferred: int
    dead: int


@dataclass(slots=True)
class Step:
    """What happened in one step. The backlog is the largest that was seen; None where nobody could tell."""

    ended: Counter[str] = field(default_factory=Counter)
    took: defaultdict[str, Buckets] = field(default_factory=lambda: defaultdict(Counter))
    backlog: Backlog | None = None

    def add(self, other: "Step") -> None:
        """What happened in a part of this step."""
        self.ended.update(other.ended)
        for name, buckets in other.took.items():
            self.took[name].update(buckets)
        if other.backlog is not None and (self.backlog is None or other.backlog.ready >= self.backlog.ready):
            self.backlog = other.backlog


@dataclass(frozen=True, slots=True)
class Seen:
    """A window: its steps, all of `seconds`, the first of which began at `begin` (epoch seconds)."""

    begin: int
    seconds: int
    steps: tuple[Step, ...]


class Ring:
    """The newest `most` steps of `seconds` each."""

    def __init__(self, seconds: int, most: int) -> None:
        self.seconds = seconds
        self.most = most
        self._steps: dict[int, Step] = {}

    def add(self, now: float, part: Step) -> None:
        """What happened up to `now` (epoch seconds)."""
        number = int(now // self.seconds)
        self._steps.setdefault(number, Step()).add(part)
        for old in [one for one in self._steps if one <= number - self.most]:
            del self._steps[old]

    def seen(self, now: float) -> Seen:
        """Every step up to `now`, those in which nothing was noted as well."""
        last = int(now // self.seconds)
        first = last - self.most + 1
        steps = tuple(self._steps.get(number, Step()) for number in range(first, last + 1))
        return Seen(first * self.seconds, self.seconds, steps)


class Differences:
    """What processes counted since they were looked at last. They tell totals since their start."""

    def __init__(self) -> None:
        self._before: dict[str, ProcessStatus] = {}
        self._looked_at = math.inf

    def step(self, now: float, processes: Iterable[ProcessStatus], backlog: Backlog | None) -> Step:
        """Of a process that was there before the first look, nothing is known of what it did before that."""
        made, known = Step(backlog=backlog), dict[str, ProcessStatus]()
        for one in processes:
            before = self._before.get(one.name)
            if before is not None and before.started_at == one.started_at:
                _add(made, one, before)
            elif before is not None or one.started_at >= self._looked_at:
                _add(made, one, None)
            known[one.name] = one
        self._before, self._looked_at = known, now
        return made


def _add(made: Step, now: ProcessStatus, before: ProcessStatus | None) -> None:
    counts, took = (before.counts, before.took) if before is not None else ({}, {})
    for name, count in now.counts.items():
        if (more := count - counts.get(name, 0)) > 0:
            made.ended[name] += more
    for name, buckets in now.took.items():
        earlier = took.get(name, {})
        for bound, count in buckets.items():
            if (more := count - earlier.get(bound, 0)) > 0:
                made.took[name][float(bound)] += more


Look = Callable[[], Awaitable[Iterable[ProcessStatus]]]
Waits = Callable[[], Awaitable[Backlog]]


class History:
    """`look` gives what all processes tell of themselves now, `waits` what is in the queue."""

    def __init__(self, look: Look, waits: Waits, clock: Clock) -> None:
        self._look = look
        self._waits = waits
        self._clock = clock
        self._differences = Differences()
        self._rings = {name: Ring(seconds, most) for name, (seconds, most) in STEPS.items()}
        self.since = clock.now()

    def seen(self, window: Window) -> Seen:
        """The last hour or day up to now."""
        return self._rings[window].seen(self._clock.now())

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.note()
            await self._clock.sleep(EVERY_SECONDS)

    async def note(self) -> None:
        """Look once."""
        backlog = None
        try:
            backlog = await self._waits()
        except (CodedError, TimeoutError) as error:
            log.debug("the history goes on without what waits: %s", error or "no answer in time")
        try:
            processes = await self._look()
        except CodedError as error:
            log.debug("the history has a gap: %s", error)
            return
        now = self._clock.now()
        part = self._differences.step(now, processes, backlog)
        for ring in self._rings.values():
            ring.add(now, part)
