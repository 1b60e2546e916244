"""Equal requests at the same moment share one: the first leads, the others wait for what it gets. Used by `fetcher.py`.

Nobody gets less for having shared. Who waited for one that gave up, or had less time, takes its place.
"""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from fetchers.counters import Counters
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotMine, NotNow, Response
from fetchers.ports import Take
from fetchers.shared_streams import SharedStreams
from groundwork.clock import Clock

Shared = tuple[HopResult | NotMine, HopRequest]
"""What a leader of equal requests got, and the request it got it for."""

LEADERS_GRACE = 1.0
"""An exchange ends at its deadline by itself; whoever waits for somebody else's is sent away a moment later."""


class Perform(Protocol):
    """Sends one request, whatever else is under way."""

    def __call__(self, request: HopRequest, take: Take | None = None) -> Awaitable[HopResult | NotMine]: ...


class Coalescing:
    """All requests under way in one fetcher."""

    def __init__(self, perform: Perform, clock: Clock, counters: Counters) -> None:
        self._perform = perform
        self._clock = clock
        self._counters = counters
        self._in_flight: dict[tuple[object, ...], list[asyncio.Future[Shared | None]]] = {}
        self._streams = SharedStreams(perform)

    async def whole(self, request: HopRequest) -> HopResult | NotMine:
        """The answer with its body."""
        key = request.coalescing_key
        while (followers := self._in_flight.get(key)) is not None:
            shared = await self._follow(request, followers)
            if shared is not None:
                return shared
        followers = self._in_flight[key] = []
        answer: HopResult | NotMine | None = None
        try:
            answer = await self._perform(request)
            return answer
        finally:
            del self._in_flight[key]
            for follower in followers:
                if not follower.done():
                    shared = answer.shared() if isinstance(answer, Response) else answer
                    follower.set_result(None if shared is None else (shared, request))

    async def stream(self, request: HopRequest, take: Take) -> HopResult | NotMine:
        """The answer without its body, which `take` is given while it comes."""
        while True:
            try:
                async with asyncio.timeout(max(request.deadline - self._clock.now(), 0.0) + LEADERS_GRACE):
                    answer, led_by, passed = await self._streams.join(request, take)
            except TimeoutError:
                return Ended(Ending.TIMED_OUT, "its deadline passed while an equal request was under way")
            if led_by is not request:
                if not passed and not self._serves(request, answer, led_by):
                    continue
                self._counters.coalesced += 1
            return answer

    async def _follow(
        self, request: HopRequest, followers: "list[asyncio.Future[Shared | None]]"
    ) -> HopResult | NotMine | None:
        """What the leader got. None where that is no answer for us: it gave up, or ended for want of time that we
        have.
        """
        future: asyncio.Future[Shared | None] = asyncio.get_running_loop().create_future()
        followers.append(future)
        patience = max(request.deadline - self._clock.now(), 0.0)
        try:
            shared = await asyncio.wait_for(future, patience)
        except TimeoutError:
            return NotNow(self._clock.now(), "its deadline passed while an equal request was under way")
        if shared is None or not self._serves(request, *shared):
            return None
        self._counters.coalesced += 1
        return shared[0]

    def _serves(self, request: HopRequest, answer: HopResult | NotMine, led_by: HopRequest) -> bool:
        """Whether what `led_by` got is an answer for `request`, which has perhaps more time."""
        if isinstance(answer, NotNow):
            return answer.until > request.start_by
        out_of_time = isinstance(answer, Ended) and answer.ending is Ending.TIMED_OUT
        return not (out_of_time and led_by.deadline < request.deadline and led_by.deadline <= self._clock.now())
