"""The robots.txt gate: may this page be fetched at all? (RFC 9309)

Asked by `fetcher.py` before a page takes its place in its domain's queue, so that the robots.txt request itself, which
goes to the front of that queue, never waits behind the pages that wait for it. One fetch per origin, however many ask.
Its one rule: it fails closed. Where robots.txt could not be had, the page is not fetched.
"""

import asyncio

from fetchers import robots_txt
from fetchers.config import FetchersConfig
from fetchers.host_cache import HostCache, HostEntry
from fetchers.model import Ended, Ending, HopRequest, NotNow, Response
from fetchers.ports import Clock, PerformHop, RobotsCache
from fetchers.redirect_target import redirect_target
from fetchers.urls import UrlParts

LIFE = 86_400.0
"""RFC 9309, section 2.4: a cached version should not be used for more than 24 hours."""
LIFE_OF_FAILURE = 600.0
"""A host in trouble is asked again after ten minutes, as its pages are."""
MOST_REDIRECTS = 5
"""RFC 9309, section 2.3.1.2: follow at least five consecutive redirects."""

SAME_ENDING = frozenset(
    {
        Ending.BLOCKED_ADDRESS,
        Ending.DNS_ERROR,
        Ending.TLS_ERROR,
        Ending.CONNECT_ERROR,
        Ending.TIMED_OUT,
        Ending.PROTOCOL_ERROR,
    }
)
"""Where robots.txt failed in one of these ways the page would have failed alike, and takes that ending."""

ALLOW_ALL = robots_txt.parse(b"")


class RobotsGate:
    """Keeps robots.txt verdicts of every origin met lately."""

    def __init__(
        self, config: FetchersConfig, clock: Clock, hosts: HostCache, shared: RobotsCache, perform_hop: PerformHop
    ) -> None:
        self._config = config
        self._agent = config.product_token
        self._clock = clock
        self._hosts = hosts
        self._shared = shared
        self._perform_hop = perform_hop
        self._loading: dict[str, asyncio.Task[HostEntry | NotNow]] = {}

    async def check(self, request: HopRequest, parts: UrlParts) -> Ended | NotNow | None:
        """None where the page may be fetched."""
        entry = self._hosts.get(parts.origin, self._clock.now())
        if entry is None:
            loaded = await self._load_once(request, parts)
            if isinstance(loaded, NotNow):
                return loaded
            entry = loaded
        if entry.ended is not None:
            return entry.ended
        if entry.rules is None or entry.rules.allows(self._agent, request.url):
            return None
        verdict = entry.rules.verdict(self._agent, request.url)
        rule = f"line {verdict.line}: {verdict.rule}" if verdict.rule else "its rules"
        return Ended(Ending.ROBOTS_DENIED, f"{parts.origin}/robots.txt forbids it to {self._agent} ({rule})")

    def crawl_delay(self, origin: str) -> float:
        """Seconds between requests that the origin's rules ask for, 0 where they ask for nothing or are not known."""
        entry = self._hosts.get(origin, self._clock.now())
        if entry is None or entry.rules is None:
            return 0.0
        asked = entry.rules.crawl_delay(self._agent) or 0.0
        return min(asked, self._config.queues.longest_crawl_delay)

    async def _load_once(self, request: HopRequest, parts: UrlParts) -> HostEntry | NotNow:
        task = self._loading.get(parts.origin)
        if task is None:
            task = asyncio.create_task(self._load(request, parts.origin), name=f"robots.txt of {parts.origin}")
            self._loading[parts.origin] = task
            task.add_done_callback(lambda _: self._loading.pop(parts.origin, None))
        return await asyncio.shield(task)

    async def _load(self, request: HopRequest, origin: str) -> HostEntry | NotNow:
        now = self._clock.now()
        kept = await self._shared.get(origin)
        if kept is not None:
            entry = HostEntry(robots_txt.parse(kept), now + LIFE / 2)
        else:
            fetched = await self._fetch(request, origin)
            if isinstance(fetched, NotNow):
                return fetched
            entry = await self._entry_for(origin, fetched)
        self._hosts.put(origin, entry)
        return entry

    async def _fetch(self, request: HopRequest, origin: str) -> Response | Ended | NotNow:
        url = f"{origin}/robots.txt"
        for _ in range(MOST_REDIRECTS + 1):
            hop = HopRequest(url, request.start_by, request.deadline, accept="text/plain,*/*;q=0.5", purpose="robots")
            result = await self._perform_hop(hop)
            target = redirect_target(result) if isinstance(result, Response) else None
            if target is None:
                return result
            url = target
        # RFC 9309, section 2.3.1.2: after the fifth redirect the crawler may assume that robots.txt is unavailable.
        return Ended(Ending.TOO_MANY_REDIRECTS, f"{origin}/robots.txt redirects more than {MOST_REDIRECTS} times")

    async def _entry_for(self, origin: str, result: Response | Ended) -> HostEntry:
        now = self._clock.now()
        if isinstance(result, Response):
            if 200 <= result.status_code < 300:
                await self._shared.put(origin, result.body, LIFE)
                return HostEntry(robots_txt.parse(result.body), now + LIFE)
            if result.status_code >= 500:
                reason = f"{origin}/robots.txt answered {result.status_code}: until it works nothing there may be fetched"
                return HostEntry(None, now + LIFE_OF_FAILURE, Ended(Ending.ROBOTS_DENIED, reason))
            # RFC 9309, section 2.3.1.3: in the 400-499 range the crawler may access any resource.
            return HostEntry(ALLOW_ALL, now + LIFE)
        if result.ending in SAME_ENDING:
            ended = Ended(result.ending, result.reason)
            return HostEntry(None, now + LIFE_OF_FAILURE, ended)
        if result.ending is Ending.TOO_MANY_REDIRECTS:
            return HostEntry(ALLOW_ALL, now + LIFE)
        reason = f"{origin}/robots.txt could not be read: {result.reason}"
        return HostEntry(None, now + LIFE_OF_FAILURE, Ended(Ending.ROBOTS_DENIED, reason))
