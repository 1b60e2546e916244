"""The robots.txt gate: may this page be fetched at all? (RFC 9309)

Asked by `fetcher.py` before a page takes its place in its domain's queue, so that the robots.txt request itself, which
goes to the front of that queue, never waits behind the pages that wait for it. `loading.py` gets what is not
known here.
"""

import asyncio

from cachetools import LRUCache

from fetchers.config import FetchersConfig
from fetchers.counters import Counters
from fetchers.model import Asked, Ended, Ending, HopRequest, NotNow
from fetchers.robots.loading import HostEntry, RobotsLoader
from fetchers.robots.rules import RobotsTxt, Verdict
from fetchers.urls import UrlParts
from groundwork.clock import Clock

ALWAYS_ALLOWED = "/robots.txt"
"""RFC 9309, section 2.2.2: the /robots.txt URI is implicitly allowed. A sentence for crawlers, kept here: Google's
specification test asks a parser for what the rules say of it."""

ALLOWED = Verdict(True)
"""Where no rule speaks of it."""


class HostCache:
    """Origin → `HostEntry`, at most `most` of them; the least recently used goes first, and is loaded once more when it
    is asked for. Swept by the vultures."""

    def __init__(self, most: int = 100_000) -> None:
        self._entries: LRUCache[str, HostEntry] = LRUCache(most)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, origin: str, now: float) -> HostEntry | None:
        """The entry, where it is not over its time."""
        entry = self._entries.get(origin)
        return None if entry is None or entry.expires <= now else entry

    def put(self, origin: str, entry: HostEntry) -> None:
        self._entries[origin] = entry

    def evict_expired(self, now: float) -> int:
        """Drop what is over its time; returns how many."""
        expired = [origin for origin, entry in self._entries.items() if entry.expires <= now]
        for origin in expired:
            del self._entries[origin]
        return len(expired)

    def evict_oldest(self, share: float) -> int:
        """Drop that share of the entries, the least recently used first; returns how many."""
        count = int(len(self._entries) * share)
        for _ in range(count):
            self._entries.popitem()
        return count


class RobotsGate:
    """Asks the rules of every origin met lately, and has the others loaded."""

    def __init__(
        self,
        config: FetchersConfig,
        clock: Clock,
        hosts: HostCache,
        loader: RobotsLoader,
        counters: Counters,
    ) -> None:
        self._config = config
        self._agent = config.product_token
        self._clock = clock
        self._hosts = hosts
        self._counters = counters
        self._loader = loader
        self._slow = asyncio.Semaphore(1)

    def untold(self) -> tuple[Asked, ...]:
        """The requests for robots.txt that were made since this was asked last."""
        return self._loader.untold()

    @property
    def known(self) -> int:
        """Origins whose rules are here."""
        return len(self._hosts)

    async def check(self, request: HopRequest, parts: UrlParts) -> Ended | NotNow | Verdict:
        """What robots.txt says of the page; a `Verdict` only where it may be fetched."""
        entry = self._hosts.get(parts.origin, self._clock.now())
        if entry is None:
            loaded = await self._loader.load(request, parts.origin)
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
