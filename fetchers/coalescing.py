"""Equal requests at the same moment share one exchange. Used by `fetcher.py`.

A body that is wanted whole is put together once: the first request leads, the others wait for what it gets. A body that
is wanted while it comes is shared by a tee (`tee.py`). Nobody gets less for having shared: who waited for one that gave
up, or had less time, takes its place.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from msgspec import structs

from fetchers.body.budget import BodyBudget
from fetchers.body.chunks import NO_CHUNKS, BodyEnd, Chunks, OpenOwnHop, collect
from fetchers.counters import Counters
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotMine, NotNow, Response
from fetchers.tee import Tee
from groundwork.clock import Clock

Answer = HopResult | NotMine
LEADERS_GRACE = 1.0
"""An exchange ends at its deadline by itself; whoever waits for somebody else's is sent away a moment later."""
NO_ROOM_SECONDS = 1.0


class Coalescing:
    """All requests under way in one fetcher."""

    def __init__(self, open_alone: OpenOwnHop, bodies: BodyBudget, clock: Clock, counters: Counters) -> None:
        self._open_alone = open_alone
        self._bodies = bodies
        self._clock = clock
        self._counters = counters
        self._leaders: dict[tuple[object, ...], _Leader] = {}
        self._tees: dict[tuple[object, ...], Tee] = {}

    def open(self, request: HopRequest) -> AbstractAsyncContextManager[tuple[Answer, Chunks]]:
        """The answer to `request`, or to an equal one, and its body."""
        return self._open_streamed(request) if request.streamed else _WholeHop(self, request)

    # Put together first -----------------------------------------------------------------------------------------------

    async def whole(self, request: HopRequest) -> Answer:
        """The answer with its body, for one who will release it."""
        key = request.coalescing_key
        while (leader := self._leaders.get(key)) is not None:
            answer = await self._follow(request, leader)
            if answer is not None:
                return answer
        leader = self._leaders[key] = _Leader(request)
        answer = None
        try:
            answer = await self._collected(request)
            return answer
        finally:
            del self._leaders[key]
            leader.tell(answer)

    async def _collected(self, request: HopRequest) -> Answer:
        hold, has_it = self._bodies.hold(max(request.deadline - self._clock.now(), 0.0)), False
        try:
            async with self._open_alone(request) as (head, chunks):
                if not isinstance(head, Response):
                    return head
                try:
                    answer = await collect(chunks, hold)
                except TimeoutError:
                    return NotNow(self._clock.now() + NO_ROOM_SECONDS, "there was no room for its body")
                has_it = isinstance(answer, Response)
                return answer
        finally:
            if not has_it:
                hold.release()

    async def _follow(self, request: HopRequest, leader: "_Leader") -> Answer | None:
        """What the leader got. None where that is no answer for us: it gave up, or ended for want of time that we
        have.
        """
        patience = max(request.deadline - self._clock.now(), 0.0)
        try:
            async with asyncio.timeout(patience):
                answer = await leader.answer()
        except TimeoutError:
            return NotNow(self._clock.now(), "its deadline passed while an equal request was under way")
        if answer is None or not self._serves(request, answer, leader.request):
            return None
        self._counters.coalesced += 1
        return answer

    # While it comes ---------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _open_streamed(self, request: HopRequest) -> AsyncIterator[tuple[Answer, Chunks]]:
        key = request.coalescing_key
        while True:
            tee = self._tees.get(key)
            if tee is None or not tee.joinable:
                tee = self._tees[key] = Tee(request, self._open_alone)
            reader = tee.join(max(request.deadline - self._clock.now(), 0.0) + LEADERS_GRACE)
            try:
                head = await reader.opened()
                if tee.request is request or self._serves(request, head, tee.request):
                    self._counters.coalesced += tee.request is not request
                    yield head, reader if isinstance(head, Response) else NO_CHUNKS
                    return
            finally:
                tee.leave(reader)
                if not tee.joinable and self._tees.get(key) is tee:
                    del self._tees[key]

    def _serves(self, request: HopRequest, answer: Answer, led_by: HopRequest) -> bool:
        """Whether what `led_by` got is an answer for `request`, which has perhaps more time."""
        if isinstance(answer, NotNow):
            return answer.until > request.start_by
        out_of_time = isinstance(answer, Ended) and answer.ending is Ending.TIMED_OUT
        return not (out_of_time and led_by.deadline < request.deadline and led_by.deadline <= self._clock.now())


class _WholeHop:
    """`async with` it for what `Coalescing.whole` gives. (A generator would take five times as long.)"""

    __slots__ = ("_body", "_coalescing", "_request")

    def __init__(self, coalescing: Coalescing, request: HopRequest) -> None:
        self._coalescing = coalescing
        self._request = request
        self._body: WholeBody | None = None

    async def __aenter__(self) -> tuple[Answer, Chunks]:
        answer = await self._coalescing.whole(self._request)
        if not isinstance(answer, Response):
            return answer, NO_CHUNKS
        self._body = WholeBody(answer)
        return self._body.head, self._body

    async def __aexit__(self, *_: object) -> None:
        if self._body is not None:
            self._body.close()


class _Leader:
    """A request that others wait for."""

    def __init__(self, request: HopRequest) -> None:
        self.request = request
        self._followers: list[asyncio.Future[Answer | None]] = []

    def answer(self) -> "asyncio.Future[Answer | None]":
        """What it gets; None where it gives up."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._followers.append(future)
        return future

    def tell(self, answer: Answer | None) -> None:
        for follower in self._followers:
            if not follower.done():
                follower.set_result(answer.shared() if isinstance(answer, Response) else answer)


class WholeBody(Chunks):
    """A body that is here already, in one piece, until whoever reads takes the whole answer or closes it."""

    def __init__(self, answer: Response) -> None:
        super().__init__(structs.replace(answer, body=b"", hold=None))
        self._answer: Response | None = answer
        self.size = len(answer.body)
        if answer.body:
            self._ahead.append(answer.body)
        self.end = BodyEnd(answer.cut_by, answer.elapsed)

    async def whole(self) -> Response:
        """With its hold, which whoever has the answer releases."""
        assert self._answer is not None, "it was taken or closed"
        answer, self._answer = self._answer, None
        return answer

    def close(self) -> None:
        """The body is not needed any more, unless `whole` has handed it on."""
        if self._answer is not None:
            self._answer.release()
            self._answer = None
