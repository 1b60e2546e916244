"""A web without sockets for the fetcher tests: a transport that answers by URL and notes what arrived."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import httpx

from fetchers.building import Adapters, build_fetcher
from fetchers.config import FetchersConfig, Queues, RateLimits
from fetchers.errors import TurnLost
from fetchers.fetcher import Fetcher
from fetchers.model import HopRequest
from fetchers.ports import AnswerHead, TransportAnswer, TransportRequest
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from tests.clock import FakeClock

Answer = httpx.Response | Exception | Callable[[], Awaitable[httpx.Response]]
FAST = FetchersConfig(
    user_agent="TestBot/1.0",
    rate_limit=RateLimits(per_second=1000.0, burst=1000),
    queues=Queues(sweep_seconds=86_400.0),
)
SLOW = replace(FAST, rate_limit=RateLimits(per_second=1.0, burst=1))


def page(body: bytes = b"<p>hello", status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers={"content-type": "text/html", **named}, content=body)


def redirect(to: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"location": to})


def transport_answer(answer: httpx.Response) -> TransportAnswer:
    """What a transport gives for it."""

    async def body() -> AsyncIterator[bytes]:
        yield answer.content

    return AnswerHead(answer.status_code, tuple(answer.headers.raw)), body()


@dataclass
class SmallWeb:
    """Answers by URL; robots.txt is 404 unless said otherwise. `arrivals` holds every request's URL and time."""

    clock: FakeClock
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    arrivals: list[tuple[str, float]] = field(default_factory=list)
    sent: list[TransportRequest] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, request: TransportRequest) -> AsyncIterator[TransportAnswer]:
        url = request.parts.origin + request.parts.target
        if not request.right.may_write():
            raise TurnLost(url)
        self.arrivals.append((url, self.clock.now()))
        self.sent.append(request)
        request.right.written()
        answer = self.answers.get(url)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer is None:
            answer = httpx.Response(404, content=b"")
        if isinstance(answer, Exception):
            raise answer
        yield transport_answer(answer if isinstance(answer, httpx.Response) else await answer())

    def urls(self) -> list[str]:
        return [url for url, _ in self.arrivals]


def slowly(answer: httpx.Response, gate: asyncio.Event) -> Callable[[], Awaitable[httpx.Response]]:
    """That answer, once `gate` is set."""

    async def wait() -> httpx.Response:
        await gate.wait()
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    return wait


@asynccontextmanager
async def small_fetcher(
    answers: Mapping[str, Answer | list[Answer]], config: FetchersConfig = FAST, **parts: Any
) -> AsyncIterator[tuple[Fetcher, SmallWeb, FakeClock]]:
    """A running fetcher on a small web and a fake clock that has gone on for an hour since the start."""
    clock = parts.pop("clock", None) or FakeClock()
    web = SmallWeb(clock, dict(answers))
    parts = {"states": MemoryHostStates(), "robots_cache": NoSharedCache(), **parts}
    fetcher = build_fetcher(config, Adapters(transport=web, clock=clock, random=Random(1), **parts))
    running = asyncio.create_task(fetcher.run())
    await clock.advance(3600.0)
    try:
        yield fetcher, web, clock
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def ask(url: str, clock: FakeClock, *, wait: float = 3600.0, deadline: float = 7200.0, **more: Any) -> HopRequest:
    return HopRequest(url, clock.now() + wait, clock.now() + deadline, **more)
