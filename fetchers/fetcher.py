"""READ FIRST. One fetcher: accepts a request for one URL, waits for its domain's turn, and performs exactly one hop.

    accept (coalesce equal requests) → GATES → the domain's queue (`request_queues`) → transport → body within limits

Neighbours: the client library (`client/`) sends each hop of a redirect chain to the fetcher that owns its domain. Its one
rule: nothing is sent before every gate and the domain's slot have said yes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import httpx

from fetchers.config import FetchersConfig
from fetchers.domain_slot import DomainSlot
from fetchers.errors import InvalidUrl
from fetchers.exchange import exchange
from fetchers.gates.robots import RobotsGate
from fetchers.gates.scheme import check_scheme
from fetchers.host_cache import HostCache
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotNow, Response
from fetchers.ports import Clock, HostStateStore, PerformHop, RobotsCache
from fetchers.request_queues import BACK, FRONT, DomainQueue, RequestQueues
from fetchers.retry_after import parse_retry_after
from fetchers.urls import UrlParts, registrable_domain, split
from fetchers.vultures import Vultures

log = logging.getLogger(__name__)

Gate = Callable[[HopRequest, UrlParts], Awaitable[Ended | NotNow | None]]

PAUSE_STATUSES = frozenset({429, 503})
CONNECT_TROUBLE = frozenset({Ending.CONNECT_ERROR})


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
    ) -> None:
        """`perform_hop` routes a robots.txt redirect to another host's owner; alone, this fetcher owns all."""
        self.config = config
        self._clock = clock
        self._random = random
        self._transport = transport
        self._states = states
        self._started = clock.now()
        self.queues = RequestQueues(clock, config.queues)
        hosts = HostCache()
        self.robots = RobotsGate(config, clock, hosts, robots_cache, perform_hop or self.perform)
        self.vultures = Vultures(clock, config.queues, self.queues, hosts)
        self._in_flight: dict[tuple[object, ...], list[asyncio.Future[HopResult | None]]] = {}
        self._gates: Sequence[Gate] = (
            check_scheme,  # first: costs nothing, and what is no web address has no robots.txt
            self._check_robots,  # before the queue: the robots.txt request goes to its front and must not wait behind us
        )

    async def run(self) -> None:
        """Give turns and sweep until cancelled; `perform` works only while this runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.queues.run(), name="domain queues")
            group.create_task(self.vultures.run(), name="vultures")

    async def perform(self, request: HopRequest) -> HopResult:
        """One hop by the rules. Equal requests at the same moment share one. Raises nothing expected; see `HopResult`."""
        key = request.coalescing_key
        while (followers := self._in_flight.get(key)) is not None:
            future: asyncio.Future[HopResult | None] = asyncio.get_running_loop().create_future()
            followers.append(future)
            shared = await future
            if shared is not None:
                return shared
            # The one we followed gave up (it was cancelled): one of those who waited takes its place.
        followers = self._in_flight[key] = []
        result: HopResult | None = None
        try:
            result = await self._perform(request)
            return result
        finally:
            del self._in_flight[key]
            for follower in followers:
                if not follower.done():
                    follower.set_result(result)

    async def _perform(self, request: HopRequest) -> HopResult:
        try:
            parts = split(request.url)
        except InvalidUrl as error:
            return Ended(Ending.INVALID_URL, str(error))
        for gate in self._gates:
            if (stopped := await gate(request, parts)) is not None:
                return stopped
        queue = await self._queue_of(parts)
        turn = await self.queues.turn(
            queue,
            rank=FRONT if request.purpose == "robots" else BACK,
            start_by=request.start_by,
            deadline=request.deadline,
        )
        if isinstance(turn, NotNow):
            return turn
        try:
            result = await exchange(self._transport, request, parts, self.config, self._clock, turn.written)
        finally:
            turn.over()
        return await self._learn(queue, result)

    async def _check_robots(self, request: HopRequest, parts: UrlParts) -> Ended | NotNow | None:
        if request.purpose == "robots":
            return None
        return await self.robots.check(request, parts)

    async def _queue_of(self, parts: UrlParts) -> DomainQueue:
        domain = registrable_domain(parts.host)
        queue = self.queues.get(domain)
        if queue is None:
            queue = await self._open_queue(domain)
        if delay := self.robots.crawl_delay(parts.origin):
            queue.slot.crawl_delay = delay
        return queue

    async def _open_queue(self, domain: str) -> DomainQueue:
        """A domain met for the first time. What was sent before our start is unknown, so the bucket began empty then."""
        state = await self._states.load(domain)
        slot = DomainSlot.starting_empty(self.config.rate_limit.for_domain(domain), self._started)
        if state is not None:
            slot.restore(state)
        return self.queues.open(domain, slot)

    async def _learn(self, queue: DomainQueue, result: HopResult) -> HopResult:
        """Let the domain's slot know how it went, so that a server in trouble is left alone."""
        now = self._clock.now()
        if isinstance(result, Response) and result.status_code in PAUSE_STATUSES:
            return await self._back_off(queue, result, parse_retry_after(result.header("retry-after"), now))
        if isinstance(result, Ended) and result.ending in CONNECT_TROUBLE:
            return await self._back_off(queue, result, None)
        queue.slot.success(now)
        return result

    async def _back_off(self, queue: DomainQueue, result: HopResult, retry_after: float | None) -> HopResult:
        queue.slot.trouble(self._clock.now(), self._random, retry_after)
        self.queues.pause(queue)
        await self._states.save(queue.domain, queue.slot.snapshot())
        until = queue.slot.backoff_until
        log.info("%s is left alone for %.0f s", queue.domain, until - self._clock.now())
        if isinstance(result, Response):
            return result.with_retry_at(until)
        return result


