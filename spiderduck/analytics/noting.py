"""Notes the requests that no notice of a page tells of: for robots.txt, pictures, icons, oEmbed, `POST /v1/fetch`, and
pages whose server asked for a pause. They go out as notices of their own, which only the recorder of rows is handed.

Noted beside the flow, a moment later: a process that is killed may take what it fetched last with it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import islice
from typing import Literal

import msgspec

from fetchers.body.chunks import BodyEnd, Chunks, OpenHop
from fetchers.model import PAGE_ACCEPT, Asked, Ended, HopRequest, HopResult, Response, Timings
from fetchers.redirect_target import redirect_target
from groundwork.clock import Clock
from schedulers.links import key_of, timed
from schedulers.model import HopTrace
from schedulers.notice import REQUESTED, SOURCE, Notice, Request, host_of, notice_id, request_of
from schedulers.record import iso_time
from spiderduck.errors import StoreUnavailable
from spiderduck.takedowns.ports import Announcing

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.2
RETRY_SECONDS = 5.0
LEAVE_SECONDS = 2.0
AT_ONCE = 500
MOST_WAITING = 50_000
"""While nothing can be told. The oldest go first."""
PUT_OFF = (429, 503)

NotedKind = Literal["page", "picture", "robots", "direct", "other"]


class Noted(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A request, what it was for, where it was led to, and what came."""

    kind: NotedKind
    request: Request
    redirect: str | None = None
    type: str | None = None
    length: int | None = None


class _Data(msgspec.Struct, frozen=True):
    url: str
    dedup_key: str | None
    status: str = "requested"


class _Told(msgspec.Struct, frozen=True):
    id: str
    subject: str
    time: str
    data: _Data
    noted: Noted
    type: str = REQUESTED
    source: str = SOURCE
    specversion: str = "1.0"
    outcome: str = "requested"


_encode = msgspec.json.Encoder().encode


class Noting:
    """Around the way to the fetchers; `run` tells what was noted."""

    def __init__(self, announcing: Announcing, clock: Clock) -> None:
        self._announcing = announcing
        self._clock = clock
        self._waiting: deque[Noted] = deque(maxlen=MOST_WAITING)
        self._more = asyncio.Event()

    def around(self, open_hop: OpenHop) -> OpenHop:
        """The same, and each hop is noted."""

        def open_noted(request: HopRequest) -> AbstractAsyncContextManager[tuple[HopResult, Chunks]]:
            return open_hop(request) if request.post is not None else self._noted(open_hop, request)

        return open_noted

    @asynccontextmanager
    async def _noted(self, open_hop: OpenHop, request: HopRequest) -> AsyncIterator[tuple[HopResult, Chunks]]:
        async with open_hop(request) as (head, chunks):
            try:
                yield head, chunks
            finally:
                self._note(noted_in(request, head, chunks, self._clock.now()))

    def _note(self, found: Iterator[Noted]) -> None:
        self._waiting.extend(found)
        if self._waiting:
            self._more.set()

    async def run(self) -> None:
        """Until cancelled; then once more."""
        try:
            while True:
                await self._more.wait()
                await self._clock.sleep(GATHER_SECONDS)
                try:
                    await self._tell()
                except StoreUnavailable as error:
                    log.warning("what was requested is noted later: %s", error)
                    await self._clock.sleep(RETRY_SECONDS)
        finally:
            await self._leave()

    async def _tell(self) -> None:
        while self._waiting:
            some = list(islice(self._waiting, AT_ONCE))
            now = self._clock.now()
            await self._announcing.tell([notice_of(one, now) for one in some])
            for one in some:  # while it was told, the oldest may have gone
                if self._waiting and self._waiting[0] is one:
                    self._waiting.popleft()
        self._more.clear()

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._tell()
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("%d requests are not noted: %s", len(self._waiting), error or "the store is slow")


def noted_in(request: HopRequest, head: HopResult, chunks: Chunks, now: float) -> Iterator[Noted]:
    """Of one hop: the request itself, where no other notice tells of it, and those that its fetcher made beside it.
    What was not sent is none."""
    if not isinstance(head, Response | Ended):
        return
    for asked in head.beside:
        yield Noted(kind="robots", request=_of_robots(asked), length=asked.length or None)
    kind = _kind(request, head)
    if kind is None:
        return
    end = chunks.end
    ended = head if isinstance(head, Ended) else end if isinstance(end, Ended) else None
    answer = head if isinstance(head, Response) else head.response
    elapsed = 0.0 if answer is None else answer.elapsed or (end.elapsed if isinstance(end, BodyEnd) else 0.0)
    at = now if answer is None else answer.fetched_at
    result = str(answer.status_code) if ended is None and answer is not None else _ending(ended)
    hop = HopTrace(request.url, at, result, robots_rule=None if answer is None else answer.robots_rule)
    yield Noted(
        kind=kind,
        request=_request(hop, None if answer is None else answer.timings, elapsed),
        redirect=None if answer is None else redirect_target(answer),
        type=None if answer is None else answer.content_type.partition(";")[0].strip().lower() or None,
        length=None if answer is None else len(answer.body) or chunks.size or None,
    )


def notice_of(noted: Noted, now: float) -> Notice:
    """The same request has the same id."""
    url = noted.request.url
    identity = notice_id(f"{noted.kind}\n{noted.request.at}", url)
    told = _Told(identity, url, iso_time(now), _Data(url, key_of(url)), noted)
    return Notice(identity, REQUESTED, url, host_of(url), told.outcome, told.data.status, _encode(told))


def _kind(request: HopRequest, head: Response | Ended) -> NotedKind | None:
    """None for a page, whose notice tells of it; but a server that asks for a pause may be asked again before that."""
    if request.purpose == "picture" or request.purpose == "direct":
        return request.purpose
    if request.purpose != "page":
        return None
    if request.accept != PAGE_ACCEPT:  # what is asked of a provider or a well-known place, for a page
        return "other"
    return "page" if isinstance(head, Response) and head.status_code in PUT_OFF else None


def _ending(ended: Ended | None) -> str:
    return "" if ended is None else ended.ending.value


def _of_robots(asked: Asked) -> Request:
    return _request(HopTrace(asked.url, asked.at, asked.result), asked.timings, asked.elapsed)


def _request(hop: HopTrace, took: Timings | None, elapsed: float) -> Request:
    return request_of(hop if took is None else timed(hop, took, elapsed), hop.at)
