"""The robots.txt gate: may this page be fetched at all? (RFC 9309)

Asked by `fetcher.py` before a page takes its place in its domain's queue, so that the robots.txt request itself, which
goes to the front of that queue, never waits behind the pages that wait for it. One fetch per origin, however many ask.
It fails closed. Where robots.txt could not be had, now or lately, the page is not fetched.
"""

import asyncio
from collections import Counter
from functools import partial

from fetchers.config import FetchersConfig
from fetchers.counters import Counters
from fetchers.model import Ended, Ending, HopRequest, NotNow, Response
from fetchers.ports import PerformHop, RobotsCache
from fetchers.redirect_target import redirect_target
from fetchers.robots.cache import HostCache, HostEntry, copy_from_bytes, copy_to_bytes
from fetchers.robots.life import LIFE_OF_DNS_FAILURE, LIFE_OF_FAILURE, LONGEST_LIFE, LONGEST_STALE, life, may_be_used
from fetchers.robots.parsing import parse
from fetchers.robots.rules import RobotsTxt, Verdict
from fetchers.urls import UrlParts
from groundwork.clock import Clock
from groundwork.single_flight import SingleFlight

MOST_REDIRECTS = 5
"""RFC 9309, section 2.3.1.2: follow at least five consecutive redirects."""
MOST_PATIENT = 4
"""Callers that wait for one robots.txt longer than for a turn: as many as may be under way to a domain by default."""
ASK_LATER = frozenset({408, 425, 429})
"""Of the 4xx those that say nothing of the file, only that now is not the time. Google and Nutch treat 429 as a 5xx."""

SAME_ENDING = frozenset(
    {
        Ending.BLOCKED_ADDRESS,
        Ending.BLOCKED_DOMAIN,
        Ending.DNS_ERROR,
        Ending.TLS_ERROR,
        Ending.CONNECT_ERROR,
        Ending.TIMED_OUT,
        Ending.PROTOCOL_ERROR,
    }
)
"""Where robots.txt failed in one of these ways the page would have failed alike, and takes that ending."""

PARSED_INLINE = 32 * 1024
"""Bytes that take a few milliseconds to parse; a larger file is parsed beside the loop."""

ALLOW_ALL = parse(b"")
ALWAYS_ALLOWED = "/robots.txt"
"""RFC 9309, section 2.2.2: the /robots.txt URI is implicitly allowed. A sentence for crawlers, kept here: Google's
specification test asks a parser for what the rules say of it."""

ALLOWED = Verdict(True)
"""Where no rule speaks of it."""


class RobotsGate:
    """Keeps robots.txt verdicts of every origin met lately."""

    def __init__(
        self,
        config: FetchersConfig,
        clock: Clock,
        hosts: HostCache,
        shared: RobotsCache,
        perform_hop: PerformHop,
        counters: Counters,
    ) -> None:
        self._config = config
        self._agent = config.product_token
        self._clock = clock
        self._hosts = hosts
        self._shared = shared
        self._perform_hop = perform_hop
        self._counters = counters
        self._slow = asyncio.Semaphore(1)
        self._loading: SingleFlight[str, HostEntry | NotNow] = SingleFlight(goes_on=True)
        self._waiting: Counter[str] = Counter()

    @property
    def known(self) -> int:
        """Origins whose rules are here."""
        return len(self._hosts)

    async def check(self, request: HopRequest, parts: UrlParts) -> Ended | NotNow | Verdict:
        """What robots.txt says of the page; a `Verdict` only where it may be fetched."""
        entry = self._hosts.get(parts.origin, self._clock.now())
        if entry is None:
            loaded = await self._load_once(request, parts)
            if isinstance(loaded, NotNow):
                return loaded
            entry = loaded
        else:
            self._counters.robots["memory"] += 1
        if entry.ended is not None:
            return entry.ended
        if entry.rules is None or parts.target == ALWAYS_ALLOWED:
            return ALLOWED
        verdict = await self._verdict(entry.rules, request.url)
        if verdict.allowed:
            return verdict
        reason = f"{parts.origin}/robots.txt forbids it to {self._agent} (line {verdict.line}: {verdict.rule})"
        return Ended(Ending.ROBOTS_DENIED, reason)

    async def _verdict(self, rules: RobotsTxt, url: str) -> Verdict:
        """In a thread where the rules are many: one at a time, so that a host with hostile rules holds up only those
        like it.
        """
        if not rules.is_slow:
            return rules.verdict(self._agent, url)
        async with self._slow:
            return await asyncio.to_thread(rules.verdict, self._agent, url)

    def crawl_delay(self, origin: str) -> float | None:
        """Seconds between requests that the origin's rules ask for, 0 where they ask for nothing; None where they are
        not known.
        """
        entry = self._hosts.get(origin, self._clock.now())
        if entry is None or entry.rules is None:
            return None
        asked = entry.rules.crawl_delay(self._agent) or 0.0
        return min(asked, self._config.queues.longest_crawl_delay)

    def preferences(self, origin: str, url: str) -> tuple[str, ...]:
        """What the origin's robots.txt says of the use of `url`, as far as it is known here."""
        entry = self._hosts.get(origin, self._clock.now())
        return () if entry is None or entry.rules is None else entry.rules.preferences(self._agent, url)

    async def _load_once(self, request: HopRequest, parts: UrlParts) -> HostEntry | NotNow:
        """One load however many wait. The first few wait until their own deadline, the others until they should have
        started: a robots.txt that does not come must not keep a hundred callers busy. The load goes on for the others.
        """
        self._waiting[parts.origin] += 1
        try:
            few = self._waiting[parts.origin] <= MOST_PATIENT
            return await self._loaded(request, parts, request.deadline if few else request.start_by)
        finally:
            self._waiting[parts.origin] -= 1
            if not self._waiting[parts.origin]:
                del self._waiting[parts.origin]

    async def _loaded(self, request: HopRequest, parts: UrlParts, patient_until: float) -> HostEntry | NotNow:
        while True:
            load = self._loading.run(parts.origin, partial(self._load, request, parts.origin))
            patience = max(min(patient_until, request.deadline) - self._clock.now(), 0.0)
            try:
                async with asyncio.timeout(patience):  # `wait_for` of 3.11 can swallow a cancellation
                    loaded = await load
            except TimeoutError:
                why = "its deadline passed" if patient_until >= request.deadline else "its turn came"
                return NotNow(self._clock.now(), f"{why} while it waited for robots.txt")
            # Who began the load may have had less time than we have.
            if isinstance(loaded, HostEntry) or loaded.until > min(request.start_by, request.deadline):
                return loaded
            await self._clock.sleep(loaded.until - self._clock.now())

    async def _load(self, request: HopRequest, origin: str) -> HostEntry | NotNow:
        now = self._clock.now()
        found = await self._shared.get(origin)
        copy = None if found is None else copy_from_bytes(found)
        if copy is not None and now < copy[1].fresh_until <= copy[1].fetched_at + LONGEST_LIFE:
            self._counters.robots["shared"] += 1
            entry = HostEntry(copy[0], copy[1].fresh_until)
        else:
            self._counters.robots["origin"] += 1
            fetched = await self._fetch(request, origin)
            if isinstance(fetched, NotNow):
                return fetched
            try:
                entry = await self._entry_for(origin, fetched)
            finally:
                if isinstance(fetched, Response):
                    fetched.release()
            if entry.ended is not None and copy is not None and may_be_used(copy[1].fetched_at, now):
                self._counters.robots["stale"] += 1
                entry = HostEntry(copy[0], entry.expires)
        self._hosts.put(origin, entry)
        return entry

    async def _fetch(self, request: HopRequest, origin: str) -> Response | Ended | NotNow:
        url = f"{origin}/robots.txt"
        for _ in range(MOST_REDIRECTS + 1):
            # Time of its own: what a hasty page leaves would otherwise be held against the host.
            deadline = max(request.deadline, self._clock.now() + self._config.limits.total_seconds)
            hop = HopRequest(url, request.start_by, deadline, accept="text/plain,*/*;q=0.5", purpose="robots")
            result = await self._perform_hop(hop)
            target = redirect_target(result) if isinstance(result, Response) else None
            if target is None:
                return result
            if isinstance(result, Response):
                result.release()
            url = target
        # RFC 9309, section 2.3.1.2: after the fifth redirect the crawler may assume that robots.txt is unavailable.
        return Ended(Ending.TOO_MANY_REDIRECTS, f"{origin}/robots.txt redirects more than {MOST_REDIRECTS} times")

    async def _entry_for(self, origin: str, result: Response | Ended) -> HostEntry:
        failed_until = self._clock.now() + LIFE_OF_FAILURE
        if isinstance(result, Response):
            if 200 <= result.status_code < 300:
                if result.cut_by not in (None, "length"):
                    return self._unreachable(origin, "broke off; what its end says is not known")
                return await self._keep(origin, await self._parsed(result.body), life(result.headers))
            if not 400 <= result.status_code < 500 or result.status_code in ASK_LATER:
                return self._unreachable(origin, f"answered {result.status_code}")
            # RFC 9309, section 2.3.1.3: in the 400-499 range the crawler may access any resource.
            return await self._keep(origin, ALLOW_ALL, life(result.headers))
        if result.ending in SAME_ENDING:
            if result.ending is Ending.DNS_ERROR:
                failed_until = self._clock.now() + LIFE_OF_DNS_FAILURE
            return HostEntry(None, failed_until, Ended(result.ending, result.reason))
        if result.ending is Ending.TOO_MANY_REDIRECTS:
            return await self._keep(origin, ALLOW_ALL, LONGEST_LIFE)
        reason = f"{origin}/robots.txt could not be read: {result.reason}"
        return HostEntry(None, failed_until, Ended(Ending.ROBOTS_DENIED, reason))

    def _unreachable(self, origin: str, what: str) -> HostEntry:
        """RFC 9309, section 2.3.1.4: complete disallow."""
        reason = f"{origin}/robots.txt {what}: until it works nothing there may be fetched"
        return HostEntry(None, self._clock.now() + LIFE_OF_FAILURE, Ended(Ending.ROBOTS_DENIED, reason))

    async def _parsed(self, body: bytes) -> RobotsTxt:
        if len(body) <= PARSED_INLINE:
            return parse(body)
        return await asyncio.to_thread(parse, body)

    async def _keep(self, origin: str, rules: RobotsTxt, seconds: float) -> HostEntry:
        now = self._clock.now()
        await self._shared.put(origin, copy_to_bytes(rules, now, now + seconds), LONGEST_STALE)
        return HostEntry(rules, now + seconds)
