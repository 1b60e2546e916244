"""What a process needs, whether each of it is there, since when, and what to do: the body of every `/readyz`.

Whoever builds a process names its needs; the rest is looked at here, every second and whenever somebody asks. Where a
trouble begins and where it ends, one line of the log says so.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from groundwork.clock import Clock

log = logging.getLogger(__name__)

Kind = Literal[
    "away", "disk_full", "disk_low", "read_only", "disk_error", "clock", "lease_lost", "no_ids", "starting", "stopping"
]
State = Literal["ok", "warning", "missing"]
LOOK_SECONDS = 1.0
START_SECONDS = 5.0
"""What is missing at the start is told when it is missing for longer."""


class Trouble(NamedTuple):
    """What is wrong, of which kind, and what mends it. What does not block is told, and the process is ready."""

    says: str
    kind: Kind = "away"
    remedy: str = ""
    blocks: bool = True


class Dependency(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something that a process needs. In the `state` `ok` it is there; with `warning` the process works all the same;
    while something is `missing` it is not ready. `since`: from when on it is so."""

    name: str
    state: State
    since: str
    kind: Kind | None = None
    says: str = ""
    remedy: str = ""


class Readiness(msgspec.Struct, kw_only=True):
    """`missing`: what this process waits for before it can work, each with a sentence. `dependencies`: all that it
    needs, with what to do about what is not there."""

    ready: bool
    missing: dict[str, str]
    dependencies: list[Dependency]


Needs = Callable[[], Mapping[str, Trouble | None]]


class Needed:
    """All that a process needs, with the moments at which each came and went."""

    def __init__(self, needs: Needs, clock: Clock) -> None:
        self._needs = needs
        self.clock = clock
        self._troubles: dict[str, Trouble | None] = {}
        self._since: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._started: set[str] = set()  # with a trouble from the start on, which is usual for a moment

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            self.look()
            await self.clock.sleep(LOOK_SECONDS)

    def look(self) -> list[Dependency]:
        """At this moment; what is missing first."""
        now, found = self.clock.now(), self._needs()
        for name, trouble in found.items():
            self._note(name, trouble, now)
        self._troubles = dict(found)
        told = [dependency(name, trouble, self._since[name]) for name, trouble in found.items()]
        return sorted(told, key=lambda one: ("missing", "warning", "ok").index(one.state))

    def _note(self, name: str, trouble: Trouble | None, now: float) -> None:
        """Sentences change while a trouble goes on; what counts is whether there is one, and of which kind."""
        before, is_new = self._troubles.get(name), name not in self._since
        if is_new or (before and before.kind) != (trouble and trouble.kind):
            if trouble is None and name in self._told:
                seconds = round(now - self._told.pop(name), 1)
                fields = {"dependency": name, "seconds": seconds}
                log.warning("%s is there again after %.0f s", name, seconds, extra=fields)
            self._since[name] = now
            if is_new:
                self._started.add(name)
            elif trouble is not None:
                self._tell(name, trouble)
        elif trouble is not None and name in self._started and now - self._since[name] >= START_SECONDS:
            self._tell(name, trouble)
        if trouble is None:
            self._started.discard(name)

    def _tell(self, name: str, trouble: Trouble) -> None:
        self._started.discard(name)
        self._told.setdefault(name, self._since[name])  # of the whole trouble, of whichever kinds
        fields = {"dependency": name, "kind": trouble.kind, "reason": trouble.says}
        what = "is missing" if trouble.blocks else "needs a look"
        log.warning("%s %s: %s; %s", name, what, trouble.says, trouble.remedy, extra=fields)


def readiness(dependencies: Sequence[Dependency]) -> Readiness:
    """The answer that these make."""
    missing = {one.name: one.says for one in dependencies if one.state == "missing"}
    return Readiness(ready=not missing, missing=missing, dependencies=list(dependencies))


def dependency(name: str, trouble: Trouble | None, since: float) -> Dependency:
    """`since` in epoch seconds."""
    moment = datetime.fromtimestamp(since, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if trouble is None:
        return Dependency(name=name, state="ok", since=moment)
    state: State = "missing" if trouble.blocks else "warning"
    return Dependency(name=name, state=state, since=moment, kind=trouble.kind, says=trouble.says, remedy=trouble.remedy)


STOPPING = Trouble("this process is shutting down", "stopping", "ask another one, or wait until it is started anew")
STEP_SECONDS = 1.0
SETTLED_SECONDS = 60.0
CLOCK_REMEDY = "let an NTP client such as chrony keep the machine's time, and look who set the clock"


class ClockWatch:
    """Compares the wall clock with the time that passes. A step is told for a minute; whoever cannot work with it
    (ids) says so itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = clock.now() - clock.monotonic()
        self._step = 0.0
        self._stepped_at = 0.0

    def trouble(self) -> Trouble | None:
        """At this moment; ask every few seconds."""
        passed = self._clock.monotonic()
        ahead = self._clock.now() - passed
        step, self._ahead = ahead - self._ahead, ahead
        if abs(step) > STEP_SECONDS:
            self._step, self._stepped_at = step, passed
        if not self._step or passed - self._stepped_at > SETTLED_SECONDS:
            return None
        way = "ahead (or this machine stood still)" if self._step > 0 else "back"
        says = f"the clock was set {abs(self._step):.0f} s {way}"
        return Trouble(says, "clock", CLOCK_REMEDY, blocks=False)
