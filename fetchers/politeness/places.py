"""Shares the connections of a fetcher between domains that answer and domains that do not.

Asked by `fetcher.py` once a request has its domain's turn. Thousands of domains that hang must not keep the others
waiting. When most places are taken, who has not got an answer's head for a few seconds gives way, unless its domain
answered lately. Its domain is slow from then on. Slow domains share a quarter of the places, with all the patience that
the limits allow, and never wait for one: they are told when to come back.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable
from types import TracebackType
from typing import TypeVar

from cachetools import LRUCache

from fetchers.model import NotNow
from groundwork.clock import Clock

PRESSED_FROM = 0.75
"""The share of the places from which those who wait long give way."""
PATIENCE_SECONDS = 3.0
LOOK_SECONDS = 0.5
SLOW_SHARE = 0.25
SLOW_SECONDS = 15.0
"""So long a slow domain holds its place if it hangs again; the time-out of the first byte by default."""
LONGEST_WAIT = 30.0
AGAIN_SECONDS = 1.0
MOST_DOMAINS = 100_000

T = TypeVar("T")


class Places:
    """`total` connections. `given_way` counts since the start."""

    def __init__(self, total: int, clock: Clock) -> None:
        self._clock = clock
        self._total = max(total, 1)
        self._most_slow = max(int(total * SLOW_SHARE), 1)
        self.used = self.used_slow = self.given_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._unanswered: OrderedDict[Place, float] = OrderedDict()
        self._slow: LRUCache[str, bool] = LRUCache(MOST_DOMAINS)
        self._answering: LRUCache[str, bool] = LRUCache(MOST_DOMAINS)
        self._line_ends = 0.0
        self._pressed = asyncio.Event()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def place(self, domain: str) -> "Place":
        """For one request: `async with places.place(domain) as place`."""
        return Place(self, domain, is_slow=domain in self._slow)

    def learn(self, domain: str, *, answered: bool) -> None:
        """What came of a request to that domain."""
        now, before = (self._answering, self._slow) if answered else (self._slow, self._answering)
        if domain in before:
            del before[domain]
        if domain not in now:  # nearly always it is: a look costs a tenth of a change
            now[domain] = True

    async def run(self) -> None:
        """Have those give way who wait long, until cancelled."""
        while True:
            await self._pressed.wait()
            self._relieve()
            await self._clock.sleep(LOOK_SECONDS)

    def _relieve(self) -> None:
        if self.used < PRESSED_FROM * self._total:
            self._pressed.clear()
            return
        before = self._clock.monotonic() - PATIENCE_SECONDS
        for place, since in list(self._unanswered.items()):
            if since > before:
                return
            if place.domain not in self._answering:
                del self._unanswered[place]
                self.given_way += 1
                place.give_way()

    # For `Place` ------------------------------------------------------------------------------------------------------

    async def take(self, place: "Place") -> NotNow | None:
        if place.is_slow and self.used_slow >= self._most_slow:
            return NotNow(self._slow_turn(), f"{place.domain} hung before, and others are asked meanwhile")
        if self.used >= self._total:
            self._pressed.set()
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            try:
                async with asyncio.timeout(LONGEST_WAIT):
                    await future
            except BaseException as error:
                if future.done() and not future.cancelled():
                    self._free()  # it was given in the very moment in which we left
                if isinstance(error, TimeoutError):
                    return NotNow(self._clock.now() + AGAIN_SECONDS, "all connections are in use")
                raise
        else:
            self.used += 1
        self.used_slow += place.is_slow
        if self.used >= PRESSED_FROM * self._total:
            self._pressed.set()
        return None

    def give_back(self, place: "Place") -> None:
        self.used_slow -= place.is_slow
        self._free()

    def waits_for_head(self, place: "Place") -> None:
        if not place.is_slow:
            self._unanswered[place] = self._clock.monotonic()

    def waits_no_more(self, place: "Place") -> None:
        self._unanswered.pop(place, None)

    def _free(self) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)  # the place goes over to it
                return
        self.used -= 1

    def _slow_turn(self) -> float:
        """A moment of its own for each, at which a place is likely to be free."""
        self._line_ends = max(self._clock.monotonic(), self._line_ends) + SLOW_SECONDS / self._most_slow
        return self._clock.now() + self._line_ends - self._clock.monotonic()


class Place:
    """One connection's place."""

    __slots__ = ("_limit", "_places", "_taken", "domain", "gave_way", "is_slow")

    def __init__(self, places: Places, domain: str, *, is_slow: bool) -> None:
        self.domain = domain
        self.is_slow = is_slow
        self.gave_way = False
        self._places = places
        self._taken = False
        self._limit: asyncio.Timeout | None = None

    async def __aenter__(self) -> "Place | NotNow":
        refused = await self._places.take(self)
        if refused is not None:
            return refused
        self._taken = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            self._taken = False
            self._places.give_back(self)

    async def head_of(self, entering: Awaitable[T]) -> T | None:
        """What `entering` gives; None where this place was given to somebody else meanwhile."""
        self._places.waits_for_head(self)
        try:
            async with asyncio.timeout(None) as self._limit:
                return await entering
        except TimeoutError:
            if self.gave_way:
                return None
            raise
        finally:
            self._limit = None
            self._places.waits_no_more(self)

    def give_way(self) -> None:
        """At once."""
        if self._limit is not None:
            self.gave_way = True
            self._limit.reschedule(0.0)
