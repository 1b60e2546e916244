"""Takes each hop to the fetcher that owns its domain. The `OpenHop` of whoever is not alone.

Keeps a table of who owns which bucket, learnt from any fetcher (`GET /v1/owners`) and corrected by "not mine, ask X".
It asks until somebody takes the request or the caller's time is over; only an owner ever sends anything, so that asking
twice harms nobody.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from random import Random
from typing import NamedTuple

from fetchers.body.chunks import NO_CHUNKS, Chunks, OpenOwnHop
from fetchers.client.http import HttpFetchers, Inquiry
from fetchers.errors import FetcherUnavailable, InvalidUrl
from fetchers.model import DomainState, Ended, Ending, HopRequest, HopResult, NotMine, NotNow, RateLimit, Response
from fetchers.ownership.assignment import BUCKETS, bucket_of
from fetchers.urls import registrable_domain, split
from groundwork.clock import Clock
from groundwork.process import ProcessStatus

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
AWAY_SECONDS = 2.0
"""On the average, whoever waits for the next owner of a domain comes back after this time."""
PATIENCE_SECONDS = 30.0
"""So long is every fetcher waited for where none answers: no other request would fare better meanwhile."""
DOWN_SECONDS = 5.0
"""So long is an address passed over, where another will do, that did not answer."""
WATCH_SECONDS = 0.5
"""So often we look whether a domain has moved while a fetcher owes us an answer: one that was stopped says nothing."""


class Router:
    """`addresses` are the first to ask; others are learnt. `local` answers for `own_address` without a connection."""

    def __init__(
        self,
        addresses: Sequence[str],
        http: HttpFetchers,
        clock: Clock,
        random: Random,
        *,
        own_address: str | None = None,
        known_addresses: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._seeds = tuple(addresses)
        self._http = http
        self._clock = clock
        self._random = random
        self._own_address = own_address
        self._known_addresses = known_addresses
        self._owners: list[str | None] = [None] * BUCKETS
        self._learnt: tuple[str, ...] = ()
        self._down: dict[str, float] = {}
        self._refreshing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._open: dict[Inquiry, None] = {}  # in the order asked, so that a run can be repeated
        self.local: OpenOwnHop | None = None

    def open_hop(self, request: HopRequest) -> "RoutedHop":
        """One hop, wherever: `OpenHop`. `NotNow` where no owner takes it in time. Where its fetcher goes after the
        head, the body breaks off: nobody else could go on with it.
        """
        return RoutedHop(self, request)

    async def perform(self, request: HopRequest) -> HopResult:
        """One hop with its whole body."""
        async with self.open_hop(request) as (head, chunks):
            return await chunks.whole() if isinstance(head, Response) else head

    async def route(self, request: HopRequest) -> "Attempt":
        """Ask until somebody takes it; what was opened must be closed."""
        try:
            bucket = bucket_of(registrable_domain(split(request.url).host))
        except InvalidUrl as error:
            return Attempt(Ended(Ending.INVALID_URL, str(error)))
        pause, why, asked_at = FIRST_PAUSE, "no fetcher is known", self._clock.now()
        while True:
            address = self._owners[bucket] or self._anyone()
            if address is not None:
                attempt = await self._ask(Inquiry(address, bucket), request)
                head = attempt.head
                if not isinstance(head, NotMine):
                    if self._owners[bucket] is None:
                        self._owners[bucket] = address
                    return attempt
                await self.close_attempt(attempt)
                why = head.reason
                moved = head.owner is not None and head.owner != address
                self._owners[bucket] = head.owner
                if moved and pause == FIRST_PAUSE:
                    pause *= 2
                    continue  # we know better now: ask there at once, and wait only if that was wrong as well
            await self._refresh_once()
            now = self._clock.now()
            patient_until = request.start_by
            if not self._any_alive():
                patient_until = max(patient_until, asked_at + PATIENCE_SECONDS)
            if now + pause > min(patient_until, request.deadline):
                until = now + AWAY_SECONDS * (0.5 + self._random.random())
                return Attempt(NotNow(until, f"no fetcher takes it now: {why}"))
            await self._clock.sleep(pause * (0.5 + self._random.random()))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _ask(self, inquiry: Inquiry, request: HopRequest) -> "Attempt":
        if inquiry.address == self._own_address and self.local is not None:
            hop = self.local(request)
            return Attempt(*await hop.__aenter__(), hop)
        self._open[inquiry] = None
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), name="moves of domains")
        hop = self._http.open_hop(inquiry, request)
        try:
            return Attempt(*await hop.__aenter__(), hop, inquiry)
        except FetcherUnavailable as error:
            self._open.pop(inquiry, None)
            self._note_down(inquiry.address, error)
            return Attempt(NotMine(None, str(error)))
        except BaseException:
            self._open.pop(inquiry, None)
            raise

    async def close_attempt(self, attempt: "Attempt") -> None:
        if attempt.inquiry is not None:
            self._open.pop(attempt.inquiry, None)
        if attempt.hop is not None:
            await attempt.hop.__aexit__(None, None, None)

    async def addresses(self) -> Sequence[str]:
        """Of every fetcher that is known by now: those of the settings, and those that share the domains."""
        await self._refresh_once()
        return sorted(self._addresses())

    async def process(self, address: str) -> ProcessStatus:
        """What the fetcher there tells of itself. Raises `FetcherUnavailable`, ValueError where it is an older one."""
        return await self._http.process(address)

    async def domain_state(self, domain: str) -> DomainState:
        """How the fetcher that owns the domain treats it. Raises `FetcherUnavailable`."""
        address = self._owners[bucket_of(domain)] or self._anyone()
        return await self._http.domain_state(_known(address), domain)

    async def set_limit(self, name: str, limit: RateLimit | None, by: str) -> None:
        """Another limit for a domain or pattern, on every fetcher within seconds; None takes it away. Raises
        `FetcherUnavailable`, and ValueError for what cannot be a limit."""
        change: dict[str, object] = {"domain": name, "by": by}
        if limit is not None:
            change |= asdict(limit)
        await self._http.set_limit(_known(self._anyone()), change)

    async def resume_domain(self, domain: str, by: str) -> None:
        """End the domain's pause at the fetcher that owns it. Raises `FetcherUnavailable`."""
        address = self._owners[bucket_of(domain)] or self._anyone()
        await self._http.resume_domain(_known(address), domain, by)

    async def close(self) -> None:
        """End what runs beside; requests under way must be over."""
        tasks = [task for task in (self._watching, self._refreshing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.close()

    def _note_down(self, address: str, error: FetcherUnavailable) -> None:
        now = self._clock.monotonic()
        if self._down.get(address, 0.0) <= now:  # one line, not one for each request that was under way there
            log.info("a fetcher does not answer: %s", error)
        self._down[address] = now + DOWN_SECONDS

    async def _watch(self) -> None:
        """While answers are owed: whoever was asked and is the owner no more is not waited for."""
        while self._open:
            before = list(self._open)
            await self._clock.sleep(WATCH_SECONDS)
            if not any(inquiry in self._open for inquiry in before):
                continue
            await self._refresh_once()
            for inquiry in [one for one in before if one in self._open]:
                if not inquiry.begun and self._owners[inquiry.bucket] not in (None, inquiry.address):
                    inquiry.give_up()

    def _anyone(self) -> str | None:
        """Some fetcher, one that is not known to be down where there is one; it will say who owns the domain."""
        if self.local is not None and self._own_address is not None:
            return self._own_address  # costs nothing, and knows what the coordinator says
        known, alive = self._addresses(), self._alive()
        if not alive:
            return min(sorted(known), key=lambda address: self._down[address], default=None)
        return self._random.choice(alive)

    def _addresses(self) -> set[str]:
        return {*self._seeds, *self._learnt, *self._known_addresses()}

    def _alive(self) -> list[str]:
        now = self._clock.monotonic()
        return sorted(address for address in self._addresses() if self._down.get(address, 0.0) <= now)

    def _any_alive(self) -> bool:
        return self.local is not None or bool(self._alive())

    async def _refresh_once(self) -> None:
        """Learn the whole table anew; all who wait share one question."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(), name="owners of domains")
        await asyncio.shield(self._refreshing)

    async def _refresh(self) -> None:
        address = self._anyone()
        if address is None or (address == self._own_address and self.local is not None):
            return
        try:
            told = await self._http.owners(address)
        except FetcherUnavailable as error:
            self._note_down(address, error)
            return
        addresses, owners = told.get("addresses"), told.get("owners")
        if not isinstance(addresses, list) or not isinstance(owners, list) or len(owners) != BUCKETS:
            return
        self._learnt = tuple(str(one) for one in addresses)
        count = len(self._learnt)
        self._owners = [
            self._learnt[index] if isinstance(index, int) and 0 <= index < count else None for index in owners
        ]


class Attempt(NamedTuple):
    """A fetcher that was asked: what it answered, and what is open until its body has been read."""

    head: HopResult | NotMine
    chunks: Chunks = NO_CHUNKS
    hop: AbstractAsyncContextManager[tuple[HopResult | NotMine, Chunks]] | None = None
    inquiry: Inquiry | None = None


class RoutedHop:
    """A hop that some fetcher performs."""

    __slots__ = ("_attempt", "_request", "_router")

    def __init__(self, router: Router, request: HopRequest) -> None:
        self._router = router
        self._request = request
        self._attempt: Attempt | None = None

    async def __aenter__(self) -> tuple[HopResult, Chunks]:
        self._attempt = await self._router.route(self._request)
        head = self._attempt.head
        assert not isinstance(head, NotMine), "the router asks until somebody takes it"
        return head, self._attempt.chunks

    async def __aexit__(self, *_: object) -> None:
        if self._attempt is not None:
            await self._router.close_attempt(self._attempt)


def _known(address: str | None) -> str:
    if address is None:
        raise FetcherUnavailable("no fetcher is known")
    return address
