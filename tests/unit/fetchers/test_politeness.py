"""The promise to site owners, for whole fetchers: in every schedule of requests, slow connects, back-offs, evictions,
restarts and failovers, any window of t seconds holds at most burst + rate × t requests to a domain, and a new owner
starts empty.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import httpx
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from fetchers.building import Adapters, build_fetcher
from fetchers.config import FetchersConfig, Queues, RateLimits
from fetchers.errors import TurnLost
from fetchers.fetcher import Fetcher
from fetchers.model import HopRequest, NotMine
from fetchers.ports import TransportAnswer, TransportRequest
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from tests.clock import FakeClock, settle
from tests.unit.fetchers.small_web import transport_answer

FETCHERS = 3
HOSTS = ("a.test", "www.a.test", "b.a.test")
"""Of one registrable domain, so that they share its queue."""


@dataclass
class Holding:
    """May be in doubt for a while; once `over` it never comes back."""

    since: float
    fence: int
    over: bool = False
    doubtful: bool = False

    def holds(self) -> bool:
        return not self.over and not self.doubtful


class Place:
    """The ownership port of one fetcher."""

    def __init__(self) -> None:
        self.holding: Holding | None = None
        self.lost: Callable[[], None] = lambda: None

    def holding_of(self, domain: str) -> Holding | NotMine:
        if self.holding is not None and self.holding.holds():
            return self.holding
        return NotMine(None, "another's")

    def on_lost(self, callback: Callable[[], None]) -> None:
        self.lost = callback


class Shared:
    """The store of all fetchers, which may forget everything and be away."""

    def __init__(self) -> None:
        self.kept = MemoryHostStates()
        self.away = False

    async def load(self, domain: str) -> Mapping[str, float] | None:
        return None if self.away else await self.kept.load(domain)

    async def save(self, domain: str, state: Mapping[str, float]) -> None:
        if not self.away:
            await self.kept.save(domain, state)


@dataclass
class Origin:
    """Notes who wrote to it when. Connects take as long, and answers say, what the schedule wants."""

    clock: FakeClock
    sender: int
    arrivals: list[tuple[float, int, str]]
    connect_seconds: list[float]
    answers: list[httpx.Response]

    @asynccontextmanager
    async def open(self, request: TransportRequest) -> AsyncIterator[TransportAnswer]:
        await self.clock.sleep(self.connect_seconds[0])
        if not request.right.may_write():
            raise TurnLost("elsewhere")
        parts = request.parts
        self.arrivals.append((self.clock.now(), self.sender, parts.origin + parts.target))
        request.right.written()
        yield transport_answer(httpx.Response(404) if parts.target == "/robots.txt" else self.answers[0])


OK = httpx.Response(200, headers={"content-type": "text/html"}, content=b"hello")


@dataclass
class Cluster:
    """Three fetchers of which at most one holds the domain."""

    limits: RateLimits
    clock: FakeClock = field(default_factory=FakeClock)
    shared: Shared = field(default_factory=Shared)
    arrivals: list[tuple[float, int, str]] = field(default_factory=list)
    connect_seconds: list[float] = field(default_factory=lambda: [0.0])
    answers: list[httpx.Response] = field(default_factory=lambda: [OK])
    takeovers: list[tuple[float, int]] = field(default_factory=list)
    """When, and how many arrivals there had been."""
    fence: int = 0
    asked: int = 0

    def __post_init__(self) -> None:
        self.places = [Place() for _ in range(FETCHERS)]
        self.fetchers: list[Fetcher] = []
        self.running: list[asyncio.Task[None]] = []
        self.asking: list[set[asyncio.Task[object]]] = [set() for _ in range(FETCHERS)]
        for number in range(FETCHERS):
            self.fetchers.append(self._new(number))
            self.running.append(asyncio.create_task(self.fetchers[number].run()))
        self.owner = 0
        self._give(0)

    def _new(self, number: int) -> Fetcher:
        config = FetchersConfig(rate_limit=self.limits, queues=Queues(idle_seconds=0.5, sweep_seconds=3600.0))
        adapters = Adapters(
            clock=self.clock,
            random=Random(number),
            transport=Origin(self.clock, number, self.arrivals, self.connect_seconds, self.answers),
            states=self.shared,
            robots_cache=NoSharedCache(),
            ownership=self.places[number],
        )
        return build_fetcher(config, adapters)

    def _give(self, number: int) -> None:
        self.fence += 1
        self.owner = number
        self.places[number].holding = Holding(self.clock.now(), self.fence)
        self.takeovers.append((self.clock.now(), len(self.arrivals)))

    # What may happen --------------------------------------------------------------------------------------------------

    def ask(self, count: int) -> None:
        """At every fetcher, since not everybody knows the owner."""
        for _ in range(count):
            self.asked += 1
            number = self.owner if self.asked % 3 else self.asked % FETCHERS
            by = self.clock.now() + 600.0
            request = HopRequest(f"http://{HOSTS[self.asked % len(HOSTS)]}/{self.asked}", by, by)
            task: asyncio.Task[object] = asyncio.create_task(self.fetchers[number].perform(request))
            self.asking[number].add(task)

    def hand_over(self, to: int) -> None:
        """An orderly failover, or one after a session's end: the old right ends first."""
        old = self.places[self.owner]
        if old.holding is not None:
            old.holding.over = True
        old.lost()
        self._give(to % FETCHERS)

    def doubt(self, doubtful: bool) -> None:
        if (holding := self.places[self.owner].holding) is not None:
            holding.doubtful = doubtful

    async def restart(self, to: int) -> None:
        """The owner is killed: what it knew is gone, what was not written never will be. Another follows."""
        killed = self.owner
        await self._end(killed)
        if (holding := self.places[killed].holding) is not None:
            holding.over = True
        self.places[killed] = Place()
        self.fetchers[killed] = self._new(killed)
        self.running[killed] = asyncio.create_task(self.fetchers[killed].run())
        self._give(to % FETCHERS)

    def evict(self) -> None:
        for fetcher in self.fetchers:
            fetcher.vultures.sweep()

    async def end(self) -> None:
        for number in range(FETCHERS):
            await self._end(number)

    async def _end(self, number: int) -> None:
        for task in (self.running[number], *self.asking[number]):
            task.cancel()
        for ended in await asyncio.gather(self.running[number], *self.asking[number], return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        self.asking[number].clear()


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(1, 8)),
        st.tuples(st.just("wait"), st.floats(0, 4)),
        st.tuples(st.just("wait"), st.sampled_from([30.0, 70.0, 200.0])),
        st.tuples(st.just("connect takes"), st.sampled_from([0.0, 0.3, 1.7])),
        st.tuples(st.just("answers"), st.sampled_from([200, 200, 429, 503])),
        st.tuples(st.just("hand over"), st.integers(0, FETCHERS - 1)),
        st.tuples(st.just("restart"), st.integers(0, FETCHERS - 1)),
        st.tuples(st.just("doubt"), st.booleans()),
        st.tuples(st.just("evict"), st.none()),
        st.tuples(st.just("store"), st.sampled_from(["away", "back", "empty"])),
    ),
    min_size=1,
    max_size=30,
)


async def play(actions: list[tuple[str, object]], limits: RateLimits) -> Cluster:
    cluster = Cluster(limits)
    try:
        for name, value in actions:
            match name, value:
                case "ask", int():
                    cluster.ask(value)
                case "wait", float():
                    await cluster.clock.advance(value)
                case "connect takes", float():
                    cluster.connect_seconds[0] = value
                case "answers", int():
                    cluster.answers[0] = OK if value == 200 else httpx.Response(value, headers={"retry-after": "65"})
                case "hand over", int():
                    cluster.hand_over(value)
                case "restart", int():
                    await cluster.restart(value)
                case "doubt", bool():
                    cluster.doubt(value)
                case "evict", None:
                    cluster.evict()
                case "store", _:
                    cluster.shared.away = value == "away"
                    if value == "empty":
                        cluster.shared.kept = MemoryHostStates()
            await settle(6)
        cluster.doubt(False)
        await cluster.clock.advance(30.0)
    finally:
        await cluster.end()
    return cluster


WHILE_CONNECTING: list[tuple[str, object]] = [
    *(("ask", 3), ("wait", 30.0), ("connect takes", 1.7), ("ask", 4), ("wait", 0.3)),
    *(("connect takes", 0.0), ("hand over", 1), ("ask", 8), ("wait", 4.0)),
]
"""The right goes while its request is on the way: nothing may be written any more."""


@settings(max_examples=250, deadline=None)
@example(actions=WHILE_CONNECTING, per_second=4.0, burst=1)
@given(actions=ACTIONS, per_second=st.sampled_from([0.5, 1.0, 4.0]), burst=st.integers(1, 4))
def test_no_window_ever_holds_more_than_burst_plus_rate_times_t(
    actions: list[tuple[str, object]], per_second: float, burst: int
) -> None:
    """As the origin sees it; whoever owns the domain, and whatever they know of one another."""
    cluster = asyncio.run(play(actions, RateLimits(per_second, burst)))
    times = [at for at, _, _ in cluster.arrivals]
    event(f"arrivals: {min(len(times) // 10, 5) * 10}+")
    for first in range(len(times)):
        for last in range(first, len(times)):
            allowed = burst + per_second * (times[last] - times[first])
            assert last - first + 1 <= allowed * (1 + 1e-9) + 1e-6
    for since, before in cluster.takeovers:
        assert all(at >= since + 1 / per_second - 1e-6 for at in times[before:]), "a new owner starts empty"


def test_the_schedule_can_send_at_all() -> None:
    """Otherwise the promise above would be an empty one."""
    actions: list[tuple[str, object]] = [("ask", 8), ("wait", 9.0), ("hand over", 1), ("ask", 8), ("wait", 9.0)]
    cluster = asyncio.run(play(actions, RateLimits(1.0, 2)))
    assert {sender for _, sender, _ in cluster.arrivals} == {0, 1}
    assert len(cluster.arrivals) >= 14


def test_a_back_off_goes_with_the_domain() -> None:
    """The next owner, and one after a restart, leave it alone as long as the first would have."""
    trouble: list[tuple[str, object]] = [("answers", 503), ("ask", 2), ("wait", 9.0), ("answers", 200)]
    for failover in (("hand over", 1), ("restart", 2)):
        cluster = asyncio.run(play([*trouble, failover, ("ask", 4), ("wait", 200.0)], RateLimits(1.0, 2)))
        before = [at for at, sender, _ in cluster.arrivals if sender == 0]
        after = [at for at, sender, _ in cluster.arrivals if sender != 0]
        assert before
        assert after
        assert after[0] - before[-1] >= 60.0
