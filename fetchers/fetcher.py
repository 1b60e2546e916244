"""READ FIRST. One fetcher: accepts a request for one URL, waits for its domain's turn, and performs exactly one hop.

    open_hop → equal requests meet (`coalescing.py`) → GATES → the domain's queue (`politeness/`)
             → the transport (`transport/`) → the body within its limits (`body/`), pulled by whoever wants it

Neighbours: the client library (`client/`) sends each hop of a redirect chain to the fetcher that owns its domain.
`building.py` makes a fetcher of its parts. Nothing is sent before every gate and the domain's slot have said yes.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import structs

from fetchers import hop_log
from fetchers.body.budget import BodyBudget
from fetchers.body.chunks import NO_CHUNKS, BodyEnd, Chunks
from fetchers.coalescing import Coalescing
from fetchers.counters import Counters
from fetchers.errors import InvalidUrl
from fetchers.exchange import Exchanges
from fetchers.model import DomainState, Ended, Ending, HopRequest, HopResult, NotMine, NotNow, RateLimit, Response
from fetchers.politeness.back_off import BackOff
from fetchers.politeness.domains import Domains
from fetchers.politeness.places import Places
from fetchers.politeness.queue import DomainQueue, NoTurn, Right
from fetchers.politeness.vultures import Vultures
from fetchers.ports import UrlPolicy
from fetchers.robots.gate import RobotsGate
from fetchers.robots.rules import Verdict
from fetchers.urls import UrlParts, split, without_query
from groundwork.clock import Clock
from groundwork.process import Paused
from groundwork.spans import leaf

AGAIN_SECONDS = 1.0
"""Whoever waited for robots.txt in vain does not come back sooner."""
SLOW_AGAIN_SECONDS = 10.0
"""So long at least a domain that gave way is left alone."""

Opened = tuple[HopResult | NotMine, Chunks]
"""The head of an answer, with its body to be pulled; or how the hop ended, and nothing."""

Gate = Callable[[HopRequest, UrlParts], Awaitable[Ended | NotNow | NotMine | Verdict | None]]
"""Ends the request, or says nothing, or (robots.txt) which rule lets it pass."""


@dataclass(frozen=True, slots=True)
class FetcherParts:
    """What a fetcher is made of."""

    clock: Clock
    policy: UrlPolicy
    robots: RobotsGate
    domains: Domains
    back_off: BackOff
    exchanges: Exchanges
    bodies: BodyBudget
    vultures: Vultures
    places: Places
    counters: Counters


class Fetcher:
    """The domain queues of this process and the way to the network."""

    def __init__(self, parts: FetcherParts) -> None:
        self.counters = parts.counters
        self.bodies = parts.bodies
        self.queues = parts.domains.queues
        self.limits = parts.domains.limits
        self.robots = parts.robots
        self.vultures = parts.vultures
        self.places = parts.places
        self._clock = parts.clock
        self._policy = parts.policy
        self._domains = parts.domains
        self._exchanges = parts.exchanges
        self._back_off = parts.back_off
        self._coalescing = Coalescing(self._open_alone, parts.bodies, parts.clock, parts.counters)
        self._gates: Sequence[Gate] = (
            _check_scheme,  # first: costs nothing, and what is no web address has no robots.txt
            self._check_policy,  # before robots.txt, whose request would reach the host that may not be asked
            self._check_owner,  # before robots.txt, which is fetched by the owner as well
            self._check_robots,  # before the queue: its request goes to the front and must not wait behind us
        )

    async def run(self) -> None:
        """Give turns and sweep until cancelled; nothing is fetched but while this runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.queues.run(), name="domain queues")
            group.create_task(self.vultures.run(), name="vultures")
            group.create_task(self.places.run(), name="places")

    @asynccontextmanager
    async def open_hop(self, request: HopRequest) -> AsyncIterator[tuple[HopResult, Chunks]]:
        """One hop by the rules, for a fetcher that owns all domains: `async with fetcher.open_hop(request) as (head,
        chunks)`. Equal requests at the same moment share one. Raises nothing expected.
        """
        async with self.open_own_hop(request) as (head, chunks):
            yield self._not_mine(head) if isinstance(head, NotMine) else head, chunks

    def open_own_hop(self, request: HopRequest) -> AbstractAsyncContextManager[Opened]:
        """`open_hop` for one of several fetchers: `NotMine` where the domain is another's."""
        return self._coalescing.open(request) if request.post is None else self._open_post(request)

    async def perform(self, request: HopRequest) -> HopResult:
        """`open_hop` with the whole body, for one who will release the answer."""
        answer = await self._coalescing.whole(request)
        return self._not_mine(answer) if isinstance(answer, NotMine) else answer

    def _not_mine(self, answer: NotMine) -> NotNow:
        return NotNow(self._clock.now() + AGAIN_SECONDS, answer.reason)

    async def set_limit(self, domain: str, limit: RateLimit | None, by: str = "an administrator") -> None:
        """Another rate limit for a domain or pattern (`*.example.com`) from now on, on every fetcher; None takes it
        away.

        Raises ValueError for what cannot be a limit, and `CoordinatorUnavailable`.
        """
        await self.limits.set(domain, limit, by)

    async def resume_domain(self, name: str, by: str = "an administrator") -> None:
        """End the pause of the registrable domain of `name`."""
        await self._domains.resume(name, by)

    def domain_state(self, name: str) -> DomainState:
        """How the registrable domain of `name` is treated; its queue only where it is here."""
        return self._domains.state(name)

    async def kept_domain_state(self, name: str) -> DomainState:
        """The same, from what outlived its queue where that is not here."""
        return await self._domains.kept_state(name)

    def paused_domains(self) -> list[Paused]:
        """Those that are left alone for a while, and why."""
        return [
            Paused(one.domain, one.slot.backoff_until, one.slot.pause_reason, len(one.waiting))
            for one in self.queues.paused()
        ]

    # The way of a request that shares with no other -------------------------------------------------------------------

    @asynccontextmanager
    async def _open_alone(self, request: HopRequest) -> AsyncIterator[Opened]:
        came = self._clock.monotonic()
        # A leaf, since who leaves this block may be another task than who entered it.
        here = leaf("hop", url=without_query(request.url), purpose=request.purpose).__enter__()
        try:
            async with AsyncExitStack() as held:
                head, chunks = await self._go(request, held)
                if request.purpose != "robots":
                    head = self._with_robots(head, chunks)
                try:
                    yield head, chunks
                finally:
                    end = chunks.end
                    seconds = end.elapsed if isinstance(end, BodyEnd) else 0.0
                    result = end if isinstance(end, Ended) else head
                    self.counters.ended(result, seconds)
                    took = self._clock.monotonic() - came
                    hop_log.note(request, result, chunks.size, took)
                    if here.is_on:
                        here.set(**hop_log.fields_of(request, result, chunks.size, took))
                        if (trouble := hop_log.trouble_of(result)) is not None:
                            here.fail(trouble)
        except Exception as error:
            here.fail(f"{type(error).__name__}: {error}")
            raise
        finally:
            here.end()

    async def _go(self, request: HopRequest, held: AsyncExitStack) -> Opened:
        """From the gates to the answer's head."""
        passed = await self._pass_gates(request)
        if not isinstance(passed, _Passed):
            return passed, NO_CHUNKS
        asked = self._clock.monotonic()
        right = await held.enter_async_context(Right(self.queues, passed.queue, request))
        if not isinstance(right, Right):
            return right, NO_CHUNKS
        if (blocked := self._blocked(request)) is not None:
            return blocked, NO_CHUNKS  # since it began to wait, which can be long ago
        if request.deadline <= self._clock.now():  # this process stood still, or the clock was set
            return NotNow(self._clock.now() + AGAIN_SECONDS, "its deadline passed before it was sent"), NO_CHUNKS
        right.waited = self._clock.monotonic() - asked
        self.counters.wait.observe(right.waited)
        place = await held.enter_async_context(self.places.place(passed.queue.domain))
        if isinstance(place, NotNow):
            return place, NO_CHUNKS
        exchange = self._exchanges.open(request, passed.parts, right, passed.rule)
        opened = await place.head_of(held.enter_async_context(exchange))
        if opened is None:
            self.places.learn(place.domain, answered=False)
            until = passed.queue.promise(self._clock.now() + SLOW_AGAIN_SECONDS)
            return NotNow(until, f"{place.domain} did not answer at once while others waited"), NO_CHUNKS
        head, chunks = opened
        if isinstance(head, NotMine):
            return head, chunks
        if isinstance(head, Response | Ended):
            hangs = isinstance(head, Ended) and (head.unreached or head.ending is Ending.TIMED_OUT)
            self.places.learn(place.domain, answered=not hangs)
        learnt = await self._back_off.learn(passed.queue, head)
        if isinstance(learnt, Response):
            if said := self.robots.preferences(passed.parts.origin, request.url):
                learnt = structs.replace(learnt, preferences=said)
            chunks.head = learnt
        return learnt, chunks

    def _with_robots(self, head: HopResult | NotMine, chunks: Chunks) -> HopResult | NotMine:
        """Whoever is answered next is told of the requests for robots.txt, whosesoever they were."""
        if not isinstance(head, Response | Ended) or not (asked := self.robots.untold()):
            return head
        told = structs.replace(head, beside=asked)
        if isinstance(told, Response):
            chunks.head = told
        return told

    @asynccontextmanager
    async def _open_post(self, request: HopRequest) -> AsyncIterator[Opened]:
        """To a receiver that asked for it: robots.txt does not speak of it, and the domain's queue is for what nobody
        there asked for. A receiver's trouble must not keep us from its pages, nor theirs from it. The address guard,
        the pace of an address, and the limits of time and size hold."""
        try:
            parts = split(request.url)
        except InvalidUrl as error:
            yield Ended(Ending.INVALID_URL, str(error)), NO_CHUNKS
            return
        for gate in (_check_scheme, self._check_policy, self._check_owner):
            if (said := await gate(request, parts)) is not None:
                yield said, NO_CHUNKS
                return
        async with self._exchanges.open(request, parts, NoTurn()) as opened:
            yield opened

    async def _pass_gates(self, request: HopRequest) -> "_Passed | Ended | NotNow | NotMine":
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
        return queue if isinstance(queue, NotMine) else _Passed(parts, queue, rule)

    async def _check_policy(self, request: HopRequest, _: UrlParts) -> Ended | None:
        return self._blocked(request)

    def _blocked(self, request: HopRequest) -> Ended | None:
        blocked = self._policy.verdict(request.url)
        return None if blocked is None else Ended(blocked.ending, blocked.reason, code=blocked.code)

    async def _check_owner(self, request: HopRequest, parts: UrlParts) -> NotMine | None:
        holding = self._domains.holding_of(parts.host)
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
        """With the delay that the origin's robots.txt asks for."""
        queue = await self._domains.queue_of(parts.host)
        if isinstance(queue, NotMine):
            return queue
        delay, slot = self.robots.crawl_delay(parts.origin), queue.slot
        if delay is not None and (delay or slot.crawl_delay):
            slot.ask_for_delay(parts.origin, delay)
        return queue


class _Passed(NamedTuple):
    """A request that every gate lets pass, and the rule of robots.txt that does."""

    parts: UrlParts
    queue: DomainQueue
    rule: str | None


async def _check_scheme(_: HopRequest, parts: UrlParts) -> Ended | None:
    if parts.scheme in ("http", "https"):
        return None
    return Ended(Ending.UNSUPPORTED_SCHEME, f"only http and https are fetched, and this is {parts.scheme}:")


def _told(verdict: Verdict) -> str | None:
    return None if verdict.rule is None else f"{verdict.rule} (line {verdict.line})"
