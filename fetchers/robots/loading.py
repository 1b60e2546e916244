"""Gets the robots.txt of an origin, from the cache that all fetchers share or from the origin itself. Says how long it
holds, and which copy holds instead where it could not be had (RFC 9309, sections 2.3.1 and 2.4).

Asked by `gate.py`. One fetch per origin, however many ask. `Cache-Control` is respected, yet nobody is asked more than
once an hour nor believed for longer than a day; while a server is in trouble its last good copy holds, for at most
thirty days. It fails closed: an origin whose rules could not be had, now or lately, has none of its pages fetched.
"""

import asyncio
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from fetchers.config import FetchersConfig
from fetchers.counters import Counters
from fetchers.model import Asked, Ended, Ending, HopRequest, NotNow, Response
from fetchers.ports import PerformHop, RobotsCache
from fetchers.redirect_target import redirect_target
from fetchers.robots.parsing import parse
from fetchers.robots.rules import RobotsTxt, copy_from_bytes, copy_to_bytes
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

MOST_UNTOLD = 1_000
"""Requests of which nobody was told yet: a fetcher that answers nobody asks nobody either."""

LONGEST_LIFE = 86_400.0
"""RFC 9309, section 2.4: a cached version should not be used for more than 24 hours, unless it is unreachable."""
SHORTEST_LIFE = 3_600.0
LONGEST_STALE = 30 * 86_400.0
"""RFC 9309, section 2.3.1.4: what is a "reasonably long period of time", for example 30 days."""
LIFE_OF_FAILURE = 600.0
"""A host in trouble is asked again after ten minutes, as its pages are."""
LIFE_OF_DNS_FAILURE = 30.0
"""Name servers recover sooner, and a URL that had no address is asked again after a minute."""

_SECONDS = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,10})")


@dataclass(frozen=True, slots=True)
class HostEntry:
    """The rules of one origin until `expires` (epoch seconds), or the ending that its pages take instead."""

    rules: RobotsTxt | None
    expires: float
    ended: Ended | None = None


class RobotsLoader:
    """The one load of each origin's robots.txt. `keep` is told what it gave, also where nobody waits any more."""

    def __init__(
        self,
        config: FetchersConfig,
        clock: Clock,
        shared: RobotsCache,
        perform_hop: PerformHop,
        counters: Counters,
        keep: Callable[[str, HostEntry], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._shared = shared
        self._perform_hop = perform_hop
        self._counters = counters
        self._keep_here = keep
        self._loading: SingleFlight[str, HostEntry | NotNow] = SingleFlight(goes_on=True)
        self._waiting: Counter[str] = Counter()
        self._untold: deque[Asked] = deque(maxlen=MOST_UNTOLD)

    def untold(self) -> tuple[Asked, ...]:
        """The requests that were made since this was asked last."""
        told = tuple(self._untold)
        self._untold.clear()
        return told

    async def load(self, request: HopRequest, origin: str) -> HostEntry | NotNow:
        """One load however many wait. The first few wait until their own deadline, the others until they should have
        started: a robots.txt that does not come must not keep a hundred callers busy. The load goes on for the others.
        """
        self._waiting[origin] += 1
        try:
            few = self._waiting[origin] <= MOST_PATIENT
            return await self._loaded(request, origin, request.deadline if few else request.start_by)
        finally:
            self._waiting[origin] -= 1
            if not self._waiting[origin]:
                del self._waiting[origin]

    async def _loaded(self, request: HopRequest, origin: str, patient_until: float) -> HostEntry | NotNow:
        while True:
            load = self._loading.run(origin, partial(self._load, request, origin))
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
        self._keep_here(origin, entry)
        return entry

    async def _fetch(self, request: HopRequest, origin: str) -> Response | Ended | NotNow:
        url = f"{origin}/robots.txt"
        for _ in range(MOST_REDIRECTS + 1):
            # Time of its own: what a hasty page leaves would otherwise be held against the host.
            deadline = max(request.deadline, self._clock.now() + self._config.limits.total_seconds)
            hop = HopRequest(url, request.start_by, deadline, accept="text/plain,*/*;q=0.5", purpose="robots")
            result = await self._perform_hop(hop)
            self._note(url, result)
            target = redirect_target(result) if isinstance(result, Response) else None
            if target is None:
                return result
            if isinstance(result, Response):
                result.release()
            url = target
        # RFC 9309, section 2.3.1.2: after the fifth redirect the crawler may assume that robots.txt is unavailable.
        return Ended(Ending.TOO_MANY_REDIRECTS, f"{origin}/robots.txt redirects more than {MOST_REDIRECTS} times")

    def _note(self, url: str, result: Response | Ended | NotNow) -> None:
        answer = result if isinstance(result, Response) else None
        if isinstance(result, Ended):
            self._untold.append(Asked(url, self._clock.now(), result.ending.value))
        elif answer is not None:
            size, spent = len(answer.body), (answer.elapsed, answer.timings)
            self._untold.append(Asked(url, answer.fetched_at, str(answer.status_code), *spent, size))

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


def life(headers: Iterable[tuple[str, str]]) -> float:
    """Seconds for which an answer with these headers (names in lower case) holds."""
    asked = LONGEST_LIFE
    for name, value in headers:
        if name != "cache-control":
            continue
        directives = value.lower()
        if "no-store" in directives or "no-cache" in directives:
            asked = 0.0
        elif match := _SECONDS.search(directives):
            asked = float(match[1])
    return min(max(asked, SHORTEST_LIFE), LONGEST_LIFE)


def may_be_used(fetched_at: float, now: float) -> bool:
    """Whether a copy fetched then still holds while its server is in trouble."""
    return now - fetched_at <= LONGEST_STALE
