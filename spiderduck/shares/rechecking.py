"""Demand-driven freshness: a page that many share is fetched again sooner, and what changed of it is announced.

A recheck is a message like any other: it takes its turn in its domain's queue, by the same rate limit, and the request
is conditional where the page gave validators. A domain gets one recheck for every ten requests that it allows.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec
from cachetools import TTLCache

from fetchers.config import RateLimits
from groundwork.clock import Clock
from schedulers.model import Known, Message, Status
from schedulers.ports import EventQueue
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.shares import RechecksConfig
from spiderduck.shares.model import Share
from spiderduck.shares.ports import Asked, ShareLog
from spiderduck.stores.ports import Lookups

log = logging.getLogger(__name__)

PAGES_AT_ONCE = 200
MOST_WAITING = 50_000
MOST_REMEMBERED = 100_000
REQUESTS_A_RECHECK = 10
GATHER_SECONDS = 1.0
RETRY_SECONDS = 5.0


def interval(last_hour: int, fresh_seconds: float, config: RechecksConfig) -> float | None:
    """Seconds after which a page that was shared so often in the last hour is fetched again; None where its freshness
    is enough. The more it is shared, the sooner, down to `least_seconds`."""
    if not config.shares_an_hour or last_hour < config.shares_an_hour:
        return None
    sooner = fresh_seconds * config.shares_an_hour / (last_hour + config.shares_an_hour)
    found = max(config.least_seconds, sooner)
    return found if found < fresh_seconds else None


class Rechecking:
    """`rechecks_total` counts what this process sent into the queue. `fresh_seconds` is how long a page is fresh."""

    def __init__(
        self,
        shares: ShareLog,
        lookups: Lookups,
        queue: EventQueue,
        clock: Clock,
        config: RechecksConfig,
        limits: "Limits",
    ) -> None:
        self._shares = shares
        self._lookups = lookups
        self._queue = queue
        self._clock = clock
        self._config = config
        self._limits = limits
        self._waiting: dict[str, str] = {}
        self._due = asyncio.Event()
        self._sent: TTLCache[str, float] = TTLCache(
            MOST_REMEMBERED, max(1.0, config.least_seconds), timer=clock.monotonic
        )
        self._next_of_domain: TTLCache[str, float] = TTLCache(MOST_REMEMBERED, 86_400.0, timer=clock.monotonic)
        self.rechecks_total = 0

    def shared(self, shares: Sequence[Share]) -> None:
        """These were logged."""
        if not self._config.shares_an_hour:
            return
        for share in shares:
            if len(self._waiting) < MOST_WAITING:
                self._waiting[share.page] = share.domain
        if self._waiting:
            self._due.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._due.wait()
            await self._clock.sleep(GATHER_SECONDS)  # what is shared a lot comes often
            self._due.clear()
            try:
                await self.send_due()
            except StoreUnavailable as error:
                log.warning("pages are rechecked later: %s", error)
                await self._clock.sleep(RETRY_SECONDS)

    async def send_due(self) -> None:
        """Of what was shared since, whatever is due."""
        waiting, self._waiting = self._waiting, {}
        pages = list(waiting.items())
        for start in range(0, len(pages), PAGES_AT_ONCE):
            await self._send_some(pages[start : start + PAGES_AT_ONCE])

    async def _send_some(self, pages: Sequence[tuple[str, str]]) -> None:
        now = self._clock.now()
        counts = await self._shares.counts([Asked(page, page) for page, _ in pages], now)
        often = [
            (page, domain, seconds)
            for (page, domain), found in zip(pages, counts, strict=True)
            if found is not None
            and (seconds := interval(found.last_hour, self._limits.fresh_seconds, self._config)) is not None
        ]
        known = await self._lookups.known([page for page, _, _ in often]) if often else []
        for (page, domain, seconds), found in zip(often, known, strict=True):
            if page not in self._sent and _is_due(found, now - seconds) and self._has_turn(domain):
                await self._send(page, found)

    def _has_turn(self, domain: str) -> bool:
        now = self._clock.monotonic()
        if self._next_of_domain.get(domain, 0.0) > now:
            return False
        self._next_of_domain[domain] = now + REQUESTS_A_RECHECK / self._limits.rates.for_domain(domain).per_second
        return True

    async def _send(self, page: str, known: Known) -> None:
        if known.state is None:
            return
        self._sent[page] = self._clock.now()
        body = msgspec.json.encode({"urls": [known.state.url], "refresh": True})
        name = f"recheck:{page}:{known.state.checked_at}"  # the same check is asked for once
        accepted = await self._queue.publish([Message(body, name)], bulk=True)
        self.rechecks_total += any(accepted)


class Limits(msgspec.Struct, frozen=True):
    """How long a page is fresh, and what rate each domain is allowed."""

    fresh_seconds: float
    rates: RateLimits


def _is_due(known: Known, before: float) -> bool:
    """A page that was checked last before that moment, and that nobody is fetching."""
    state = known.state
    if state is None or known.page is None or state.status is not Status.FETCHED:
        return False
    return (state.checked_at or 0.0) <= before
