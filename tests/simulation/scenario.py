"""READ FIRST. One run: hosts, events, a deployment of the real code, faults, and what must hold.

    clients ──► deployment (embedded.py or cluster.py) ──► hosts (web.py)
                      ▲ crashes, cut links

Nothing that was accepted is lost. Nothing is told twice, where no fault excuses it. No domain sees more than burst +
rate × t. No domain has two owners. Everything follows from the seed: the same arguments give the same run, request by
request (`Report.digest`).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Protocol

import msgspec

from fetchers.config import FetchersConfig
from schedulers.identity import identity_of
from schedulers.model import Message, UrlState
from schedulers.notice import notice_id
from schedulers.urls import dedup_key
from tests.simulation.checks import Told, violations
from tests.simulation.cluster import Cluster
from tests.simulation.embedded import Embedded
from tests.simulation.loop import VirtualLoop
from tests.simulation.web import Seen, Web

FIRST_FAULT = 5.0
LONGEST_DOWN = 5.0
LONGEST_CUT = 15.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Events come over `seconds`; within these lie the faults. It ends when all is done, or after `most_seconds`."""

    shape: str = "cluster"
    seed: int = 1
    hosts: int = 1_000
    events: int = 200
    seconds: float = 40.0
    crashes: int = 3
    cuts: int = 4
    schedulers: int = 2
    fetchers: int = 3
    most_seconds: float = 3_600.0

    def command(self) -> str:
        """Repeats it."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return "python -m tests.simulation " + " ".join(f"--{name.replace('_', '-')} {fields[name]}" for name in fields)


@dataclass(slots=True)
class Report:
    """What came of a run. `waited`: seconds from an event to the notice of each of its URLs."""

    scenario: Scenario
    seen: Seen
    shares: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    digest: str = ""
    waited: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def failure(self, most: int = 5) -> str:
        """For a person: what went wrong, and how to see it again."""
        shown = "\n".join(f"  {one}" for one in self.violations[:most])
        return f"{len(self.violations)} violations\n{shown}\nrepeat it: {self.scenario.command()}"


class Deployment(Protocol):
    """The product as it runs in a scenario. `machines` can crash, `links` between them be cut."""

    machines: Sequence[str]
    links: Sequence[tuple[str, str]]
    two_owners: list[str]

    def start(self, name: str) -> None: ...
    def crash(self, name: str) -> None: ...
    def cut(self, link: tuple[str, str]) -> None: ...
    def heal(self, link: tuple[str, str]) -> None: ...
    async def publish(self, message: Message) -> bool: ...
    async def is_idle(self) -> bool: ...
    def close(self) -> None: ...
    async def notices(self) -> list[Told]: ...
    async def states(self) -> dict[str, UrlState]: ...
    async def dead(self) -> list[str]: ...


def run(scenario: Scenario, folder: Path) -> Report:
    """`folder` is for what the embedded product keeps; it must be empty."""
    began = time.process_time()
    loop = VirtualLoop(Random(f"{scenario.seed} threads"))
    asyncio.set_event_loop(loop)
    try:
        report = loop.run_until_complete(_Run(scenario, loop, folder).go())
    finally:
        loop.finish()
        asyncio.set_event_loop(None)
    report.cpu = time.process_time() - began
    return report


class _Run:
    def __init__(self, scenario: Scenario, loop: VirtualLoop, folder: Path) -> None:
        self._scenario = scenario
        self._loop = loop
        self._folder = folder
        self._digest = blake2b(digest_size=8)
        self._web = Web(scenario.hosts, self._random("hosts"), FetchersConfig().rate_limit, self._note)
        self._report = Report(scenario, self._web.seen)
        self._accepted: dict[str, str] = {}
        self._attempted: dict[str, str] = {}
        self._sent: dict[str, float] = {}

    async def go(self) -> Report:
        scenario, loop = self._scenario, self._loop
        deployment = self._deployment()
        try:
            faults = [self._fault(deployment, one) for one in self._plan(deployment)]
            await asyncio.gather(self._send(deployment), *faults)
            while not await deployment.is_idle() and loop.time() < scenario.most_seconds:
                await asyncio.sleep(1.0)
            await self._look(deployment)
        finally:
            deployment.close()
        return self._report

    def _deployment(self) -> Deployment:
        scenario, random = self._scenario, self._random("processes")
        if scenario.shape == "embedded":
            return Embedded(self._loop, random, self._web, self._folder)
        return Cluster(self._loop, random, self._web, schedulers=scenario.schedulers, fetchers=scenario.fetchers)

    async def _look(self, deployment: Deployment) -> None:
        report = self._report
        once = self._scenario.shape == "embedded" or not report.faults  # else a confirmation may have been lost
        notices, states = await deployment.notices(), await deployment.states()
        report.seconds = self._loop.time()
        report.shares = len(self._accepted)
        report.outcomes = Counter(notice.outcome for notice in notices)
        report.violations = [
            *violations(self._accepted, self._attempted, notices, states, once=once),
            *(f"given up: {one}" for one in await deployment.dead()),
            *report.seen.too_many,
            *deployment.two_owners,
        ]
        report.waited = sorted(one.at - self._sent[one.id] for one in notices if one.id in self._sent)
        for one in notices:
            self._note(f"{one.id} {one.outcome}")
        report.digest = self._digest.hexdigest()

    # Events ---------------------------------------------------------------------------

    async def _send(self, deployment: Deployment) -> None:
        random, scenario = self._random("events"), self._scenario
        moments = sorted(random.uniform(0.0, scenario.seconds) for _ in range(scenario.events))
        sending = []
        for number, at in enumerate(moments):
            urls = self._web.links(random)
            await asyncio.sleep(max(0.0, at - self._loop.time()))
            sending.append(asyncio.ensure_future(self._share(deployment, f"event-{number}", urls)))
        await asyncio.gather(*sending)

    async def _share(self, deployment: Deployment, sent: str, urls: Sequence[str]) -> None:
        """A client that tries until it is told that the event was accepted."""
        body, identity = msgspec.json.encode({"id": sent, "urls": urls}), identity_of("generic", sent)
        shares = {notice_id(identity, dedup_key(url)): dedup_key(url) for url in urls}
        self._attempted |= shares
        self._sent |= dict.fromkeys(shares, self._loop.time())
        while not await deployment.publish(Message(body, identity)):
            await asyncio.sleep(1.0)
        self._accepted |= shares

    # Faults ---------------------------------------------------------------------------

    def _plan(self, deployment: Deployment) -> list[tuple[float, float, str | tuple[str, str]]]:
        """When, for how long, and which machine or link."""
        random, scenario = self._random("faults"), self._scenario

        def moment() -> float:
            return random.uniform(FIRST_FAULT, scenario.seconds)

        plan: list[tuple[float, float, str | tuple[str, str]]] = [
            (moment(), random.uniform(0.1, LONGEST_DOWN), random.choice(deployment.machines))
            for _ in range(scenario.crashes)
        ]
        if deployment.links:
            plan += [
                (moment(), random.uniform(0.5, LONGEST_CUT), random.choice(deployment.links))
                for _ in range(scenario.cuts)
            ]
        return sorted(plan, key=lambda one: one[0])

    async def _fault(self, deployment: Deployment, fault: tuple[float, float, str | tuple[str, str]]) -> None:
        at, seconds, what = fault
        await asyncio.sleep(at)
        if isinstance(what, str):
            deployment.crash(what)
        else:
            deployment.cut(what)
        self._report.faults.append(f"{at:.1f} s: {what} for {seconds:.1f} s")
        self._note(self._report.faults[-1])
        await asyncio.sleep(seconds)
        if isinstance(what, str):
            deployment.start(what)
        else:
            deployment.heal(what)

    def _random(self, what: str) -> Random:
        return Random(f"{self._scenario.seed} {what}")

    def _note(self, line: str) -> None:
        self._digest.update(line.encode())
