"""READ FIRST. One fetcher: accepts a request for one URL, waits for its domain's turn, and performs exactly one hop.

    accept (coalesce equal requests) → GATES → the domain's queue (`politeness/`) → transport → body within limits

Neighbours: the client library (`client/`) sends each hop of a redirect chain to the fetcher that owns its domain.
Nothing is sent before every gate and the domain's slot have said yes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import httpx
from msgspec import structs

from fetchers.body.budget import BodyBudget
from fetchers.body.turns import DecodeTurns
from fetchers.coalescing import Coalescing
from fetchers.config import FetchersConfig
from fetchers.counters import Counters
from fetchers.errors import InvalidUrl, TurnLost
from fetchers.exchange import exchange
from fetchers.model import DomainState, Ended, Ending, HopRequest, HopResult, NotMine, NotNow, RateLimit, Response
from fetchers.ownership.local import LocalOwnership
from fetchers.politeness.back_off import BackOff
from fetchers.politeness.limits import Limits, MemoryLimitStore
from fetchers.politeness.queue import BACK, FRONT, DomainQueue, Turn
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import FOREVER, DomainSlot
from fetchers.politeness.vultures import Vultures, no_pressure
from fetchers.ports import (
    Holding,
    HostStateStore,
    LimitStore,
    NothingBlocked,
    Ownership,
    PerformHop,
    RobotsCache,
    Take,
    UrlPolicy,
)
from fetchers.robots.cache import HostCache
from fetchers.robots.gate import RobotsGate
from fetchers.robots.rules import Verdict
from fetchers.sending import Sending
from fetchers.urls import UrlParts, registrable_domain, split
from groundwork.clock import Clock

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
"""Whoever waited for robots.txt in vain does not come back sooner."""

Gate = Callable[[HopRequest, UrlParts], Awaitable[Ended | NotNow | NotMine | Verdict | None]]
"""Ends the request, or says nothing, or (robots.txt) which rule lets it pass."""


class Fetcher:
    """The domain queues of this process and the way to the network."""

    def __init__(
        self,
        *,
        config: FetchersConfig,
        clock: Clock,
        random: Random,
        transport: httpx.AsyncBaseTransport,
        states: HostStateStore,
        robots_cache: RobotsCache,
        perform_hop: PerformHop | None = None,
        ownership: Ownership | None = None,
        limit_store: LimitStore | None = None,
        pressure: Callable[[], float] = no_pressure,
        policy: UrlPolicy | None = None,
    ) -> None:
        """`policy` says what may be asked for; without one, everything. `perform_hop` routes a robots.txt redirect to
        another host's owner; alone, this fetcher owns all."""
        self.config = config
        self._clock = clock
        self._transport = transport
        self._policy = NothingBlocked() if policy is None else policy
        self._states = states
        self.counters = Counters()
        self._decode_turns = DecodeTurns()
        limits = config.limits
        self.bodies = BodyBudget.of(limits)
        self.queues = RequestQueues(clock, config.queues)
        hosts = HostCache()
        self.robots = RobotsGate(config, clock, hosts, robots_cache, perform_hop or self.perform, self.counters)
        self.vultures = Vultures(clock, config.queues, self.queues, hosts, pressure)
        self._ownership = ownership or LocalOwnership(clock.now())
        self._ownership.on_lost(self._close_lost)
        store = limit_store or MemoryLimitStore()
        self.limits = Limits(config.rate_limit, store)
        store.on_change(self._limits_changed)
        self._back_off = BackOff(self.queues, states, clock, random, self.counters)
        self._coalescing = Coalescing(self._perform, clock, self.counters)
        self._gates: Sequence[Gate] = (
            _check_scheme,  # first: costs nothing, and what is no web address has no robots.txt
            self._check_policy,  # before robots.txt, whose request would reach the host that may not be asked
            self._check_owner,  # before robots.txt, which is fetched by the owner as well
            self._check_robots,  # before the queue: its request goes to the front and must not wait behind us
        )

    async def run(self) -> None:
        """Give turns and sweep until cancelled; `perform` works only while this runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.queues.run(), name="domain queues")
            group.create_task(self.vultures.run(), name="vultures")

    async def set_limit(self, domain: str, limit: RateLimit | None, by: str = "an administrator") -> None:
        """Another rate limit for a domain or pattern (`*.example.com`) from now on, on every fetcher; None takes it
        away.

        Raises ValueError for what cannot be a limit, and `CoordinatorUnavailable`.
        """
        await self.limits.set(domain, limit, by)

    def domain_state(self, name: str) -> DomainState:
        """How the registrable domain of `name` is treated; its queue only where it is here."""
        domain, now = registrable_domain(name), self._clock.now()
        limit = self.limits.of(domain)
        state = DomainState(limit.per_second, limit.burst, limit.most_parallel)
        if (queue := self.queues.get(domain)) is not None:
            state.waiting, state.in_flight = len(queue.waiting), queue.in_flight
            state.next_turn = max(now, queue.turn_of_next(now))
            state.backoff_until = _moment(queue.slot.backoff_until, now)
            state.crawl_delay = queue.slot.crawl_delay or None
        return state

    async def perform(self, request: HopRequest) -> HopResult:
        """One hop by the rules, for a fetcher that owns all domains. Raises nothing expected; see `HopResult`."""
        return self._mine(await self.perform_if_mine(request))

    async def stream(self, request: HopRequest, take: Take) -> HopResult:
        """`perform`, the answer's body going to `take` while it comes."""
        return self._mine(await self.stream_if_mine(request, take))

    def _mine(self, answer: HopResult | NotMine) -> HopResult:
        if isinstance(answer, NotMine):
            return NotNow(self._clock.now() + 1.0, answer.reason)
        return answer

    async def perform_if_mine(self, request: HopRequest) -> HopResult | NotMine:
        """One hop by the rules, or `NotMine`. Equal requests at the same moment share one."""
        return await self._coalescing.whole(request)

    async def stream_if_mine(self, request: HopRequest, take: Take) -> HopResult | NotMine:
        """`perform_if_mine`, the answer's body going to `take` while it comes."""
        return await self._coalescing.stream(request, take)

    async def _perform(self, request: HopRequest, take: Take | None = None) -> HopResult | NotMine:
        answer = await self._pass_gates(request, take)
        self._count(answer)
        return answer

    async def _pass_gates(self, request: HopRequest, take: Take | None) -> HopResult | NotMine:
        try:
            parts = split(request.url)
        except InvalidUrl as error:
            return Ended(Ending.INVALID_URL, str(error))
        rule = None
        for gate in self._gates:
            said = await gate(request, parts)
            if isinstance(said, Verdict):
                rule = _told(said)
            elif said is not None:
                return said
        queue = await self._queue_of(parts)
        if isinstance(queue, NotMine):
            return queue
        asked = self._clock.monotonic()
        turn = await self.queues.turn(
            queue,
            rank=FRONT if request.purpose == "robots" else BACK + request.priority,
            start_by=request.start_by,
            deadline=request.deadline,
            promised=request.promised,
        )
        if not isinstance(turn, Turn):
            return turn
        if (blocked := self._blocked(request)) is not None:
            turn.over()
            return blocked  # since it began to wait, which can be long ago
        self.counters.wait.observe(self._clock.monotonic() - asked)
        return await self._send(request, parts, queue, turn, rule, take)

    async def _send(
        self,
        request: HopRequest,
        parts: UrlParts,
        queue: DomainQueue,
        turn: Turn,
        rule: str | None,
        take: Take | None,
    ) -> HopResult | NotMine:
        hold, answered = self.bodies.hold(), False
        sending = Sending(self.queues, queue, turn, request.deadline)
        try:
            result = await exchange(
                self._transport,
                request,
                parts,
                self.config,
                self._clock,
                sending,
                self.counters,
                rule,
                take,
                self._decode_turns,
                hold,
            )
            answered = isinstance(result, Response)
        except TurnLost as error:
            return NotMine(None, str(error))
        finally:
            sending.over(hold.waited)
            if not answered:
                hold.release()
        if isinstance(result, Response) and (said := self.robots.preferences(parts.origin, request.url)):
            result = structs.replace(result, preferences=said)
        return await self._back_off.learn(queue, result)

    async def _check_policy(self, request: HopRequest, _: UrlParts) -> Ended | None:
        return self._blocked(request)

    def _blocked(self, request: HopRequest) -> Ended | None:
        blocked = self._policy.verdict(request.url)
        return None if blocked is None else Ended(blocked.ending, blocked.reason, code=blocked.code)

    async def _check_owner(self, request: HopRequest, parts: UrlParts) -> NotMine | None:
        holding = self._ownership.holding_of(registrable_domain(parts.host))
        return holding if isinstance(holding, NotMine) else None

    async def _check_robots(self, request: HopRequest, parts: UrlParts) -> Ended | NotNow | NotMine | Verdict | None:
        if request.purpose == "robots":
            return None
        said = await self.robots.check(request, parts)
        if not isinstance(said, NotNow):
            return said
        # All who waited for one robots.txt would come back at the same moment: each gets a turn of its own.
        queue = await self._queue_of(parts)
        if isinstance(queue, NotMine):
            return queue
        return NotNow(queue.promise(max(said.until, self._clock.now() + AGAIN_SECONDS)), said.reason)

    async def _queue_of(self, parts: UrlParts) -> DomainQueue | NotMine:
        domain = registrable_domain(parts.host)
        holding = self._ownership.holding_of(domain)
        if isinstance(holding, NotMine):
            return holding
        queue = self.queues.get(domain)
        if queue is None or queue.holding is not holding:
            queue = await self._open_queue(domain, holding)
        delay, slot = self.robots.crawl_delay(parts.origin), queue.slot
        if delay is not None and (delay or slot.crawl_delay):
            slot.ask_for_delay(parts.origin, delay)
        return queue

    async def _open_queue(self, domain: str, holding: Holding) -> DomainQueue:
        """A domain met for the first time. What was sent before we held it is unknown, so the bucket began empty
        then.
        """
        state = await self._states.load(domain)
        slot = DomainSlot.starting_empty(self.limits.of(domain), holding.since)
        if state is not None:
            slot.restore(state)
        return self.queues.open(domain, slot, holding)

    def _close_lost(self) -> None:
        if lost := self.queues.close_lost():
            log.info("%d queues were handed over", lost)

    def _limits_changed(self) -> None:
        self.queues.change_limits(self.limits.of)

    def _count(self, answer: HopResult | NotMine) -> None:
        if isinstance(answer, Response):
            self.counters.endings["answered"] += 1
            self.counters.statuses[answer.status_code] += 1
            self.counters.whole.observe(answer.elapsed)
        elif isinstance(answer, Ended):
            self.counters.endings[answer.ending.value] += 1
        else:
            self.counters.endings["not_now" if isinstance(answer, NotNow) else "not_mine"] += 1


async def _check_scheme(_: HopRequest, parts: UrlParts) -> Ended | None:
    if parts.scheme in ("http", "https"):
        return None
    return Ended(Ending.UNSUPPORTED_SCHEME, f"only http and https are fetched, and this is {parts.scheme}:")


def _moment(value: float, now: float) -> float | None:
    """None for what is over and for what never comes."""
    return value if now < value < FOREVER else None


def _told(verdict: Verdict) -> str | None:
    return None if verdict.rule is None else f"{verdict.rule} (line {verdict.line})"
