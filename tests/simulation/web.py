"""The simulated hosts, and what they saw. A `Transport` of the fetchers takes requests to them.

Each host is of one kind, drawn from the seed: most answer at once, some are slow, hang, ask for a pause, are down,
forbid everything or lead elsewhere. How often they are linked to follows Zipf's law.
"""

import asyncio
from bisect import bisect
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from fetchers.config import RateLimits
from fetchers.errors import ConnectError, TimedOut, TurnLost
from fetchers.ports import AnswerHead, Transport, TransportAnswer, TransportRequest
from fetchers.urls import registrable_domain

KINDS = {
    "plain": 0.80,
    "slow": 0.05,  # answers after some seconds
    "hangs": 0.02,  # longer than the limit of the first byte
    "busy": 0.04,  # answers 429 with Retry-After for the first minutes
    "troubled": 0.02,  # answers 503 for the first minutes
    "down": 0.02,
    "closed": 0.02,  # its robots.txt forbids everything
    "short": 0.03,  # every URL redirects to another host
}
BUSY_UNTIL = 45.0
"""Seconds of the loop's time: until then the hosts that ask for a pause do."""
MOST_PAGES = 40


@dataclass(slots=True)
class Host:
    """`way` is the time that a request needs to get there, always the same, so that none overtakes another."""

    name: str
    kind: str
    way: float
    think: float
    pages: int
    leads_to: str = ""
    crawl_delay: int = 0


@dataclass(slots=True)
class Bucket:
    """How many requests a domain has seen beyond its rate, as it counts them itself."""

    rate: float
    burst: int
    filled_at: float = 0.0
    level: float = 0.0

    def take(self, now: float) -> bool:
        """One more request. Whether the domain can take it within burst + rate × t."""
        self.level = max(0.0, self.level - (now - self.filled_at) * self.rate) + 1.0
        self.filled_at = now
        return self.level <= self.burst + 1e-6


@dataclass(slots=True)
class Seen:
    """What the hosts noticed. `pages` counts the requests for each URL but robots.txt."""

    requests: int = 0
    pages: Counter[str] = field(default_factory=Counter)
    too_many: list[str] = field(default_factory=list)
    worst: float = 0.0


class Web:
    """`told` is called with a line for each request, in the order of their arrival."""

    def __init__(self, count: int, random: Random, limits: RateLimits, told: Callable[[str], None]) -> None:
        self._random = random
        self._limits = limits
        self._told = told
        self._buckets: dict[str, Bucket] = {}
        self.seen = Seen()
        self.hosts = self._make(count)
        self._by_name = {host.name: host for host in self.hosts}
        self._weights = list(accumulate(1.0 / rank for rank in range(1, count + 1)))

    def _make(self, count: int) -> list[Host]:
        random, kinds, shares = self._random, list(KINDS), list(KINDS.values())
        hosts = []
        for number in range(count):
            kind = random.choices(kinds, shares)[0] if number else "plain"
            name = f"www.site{number}.test" if number % 10 else f"blog.site{number // 2}.test"
            think = random.uniform(2.0, 8.0) if kind == "slow" else random.uniform(0.01, 0.2)
            pages = max(1, min(MOST_PAGES, count // (number + 1)))
            host = Host(name, kind, random.uniform(0.005, 0.1), think, pages)
            host.crawl_delay = 3 if random.random() < 0.02 else 0
            if kind == "short":
                host.leads_to = hosts[random.randrange(number)].name
            hosts.append(host)
        return hosts

    def link(self, random: Random) -> str:
        """A URL that somebody shares."""
        host = self.hosts[bisect(self._weights, random.random() * self._weights[-1])]
        return f"http://{host.name}/{random.randrange(host.pages)}"

    def links(self, random: Random) -> list[str]:
        """What one event shares: a link or two, and now and then a whole list of one site's."""
        if random.random() < 0.04:
            host = random.choice(self.hosts)
            return [f"http://{host.name}/{page}" for page in range(random.randrange(6, 15))]
        return list(dict.fromkeys(self.link(random) for _ in range(random.choice((1, 1, 2)))))

    def transport(self, may_send: Callable[[str], None], now: Callable[[], float]) -> "Transport":
        """For one fetcher. `may_send` is asked about the domain just before a request is written."""
        return _Transport(self, may_send, now)

    def arrived(self, host: Host, target: str, now: float) -> None:
        """A request was sent now, and is seen when its way is over."""
        domain, at = registrable_domain(host.name), now + host.way
        bucket = self._buckets.get(domain)
        if bucket is None:
            limit = self._limits.for_domain(domain)
            bucket = self._buckets[domain] = Bucket(limit.per_second * limit.most_pace, limit.burst)
        seen = self.seen
        seen.requests += 1
        if target != "/robots.txt":
            seen.pages[f"http://{host.name}{target}"] += 1
        if not bucket.take(at):
            seen.too_many.append(f"{domain} saw more than its limit at {at:.3f} s")
        seen.worst = max(seen.worst, bucket.level / bucket.burst)
        self._told(f"{at:.6f} {host.name}{target}")

    def host(self, name: str) -> Host:
        return self._by_name[name]


class _Transport:
    """The `Transport` port."""

    def __init__(self, web: Web, may_send: Callable[[str], None], now: Callable[[], float]) -> None:
        self._web = web
        self._may_send = may_send
        self._now = now

    def open(self, request: TransportRequest) -> AbstractAsyncContextManager[TransportAnswer]:
        return self._open(request)

    @asynccontextmanager
    async def _open(self, request: TransportRequest) -> AsyncIterator[TransportAnswer]:
        host, target = self._web.host(request.parts.host), request.parts.target
        if host.kind == "down":
            await asyncio.sleep(host.way)
            request.right.written()
            raise ConnectError(f"{host.name} does not listen")
        await asyncio.sleep(2 * host.way)  # the connection is made
        if not request.right.may_write():
            raise TurnLost(f"the turn of {host.name} is over")
        self._may_send(host.name)
        self._web.arrived(host, target, self._now())
        request.right.written()
        await self._wait(host, request.timeouts.first_byte or 1e9)
        status, headers, body = answer(host, target, self._now())

        async def pieces() -> AsyncIterator[bytes]:
            yield body

        yield AnswerHead(status, headers), pieces()

    async def _wait(self, host: Host, first_byte: float) -> None:
        if host.kind == "hangs":
            await asyncio.sleep(first_byte)
            raise TimedOut(f"{host.name} did not answer in time", "read")
        await asyncio.sleep(2 * host.way + host.think)


HTML = (b"content-type", b"text/html")


def answer(host: Host, target: str, now: float) -> tuple[int, tuple[tuple[bytes, bytes], ...], bytes]:
    """Status, headers and body."""
    text = (b"content-type", b"text/plain")
    if target == "/robots.txt":
        if host.kind == "closed":
            return 200, (text,), b"User-agent: *\nDisallow: /\n"
        if host.crawl_delay:
            return 200, (text,), b"User-agent: *\nCrawl-delay: %d\n" % host.crawl_delay
        return 404, (text,), b""
    if now < BUSY_UNTIL and host.kind == "busy":
        return 429, (text, (b"retry-after", b"20")), b"later"
    if now < BUSY_UNTIL and host.kind == "troubled":
        return 503, (text,), b"later"
    if host.kind == "short":
        return 302, ((b"location", b"http://%b%b" % (host.leads_to.encode(), b"/0")),), b""
    title = f"{host.name}{target}".encode()
    return 200, (HTML,), b"<html><head><title>%b</title></head><body><p>About %b.</p></body></html>" % (title, title)
