"""Asks a fetcher's service for one hop, over connections that are kept (`connection.py`). Used by `routing.py`.

The answer's body is pulled from the service, which pulls it from its origin. The caller's deadline ends the wait.
"""

import asyncio
import ssl
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from fetchers import wire
from fetchers.body.budget import BodyBudget
from fetchers.body.chunks import BodyEnd, Chunks, collect
from fetchers.client.connection import OK, ServiceConnection
from fetchers.errors import FetcherUnavailable
from fetchers.model import DomainState, Ended, Ending, HopRequest, HopResult, NotMine, Response
from groundwork import trace
from groundwork.clock import Clock
from groundwork.process import ProcessStatus

Decoded = TypeVar("Decoded")

MOST_IDLE = 64
CONNECT_SECONDS = 2.0
CALL_SECONDS = 1.0
GRACE_SECONDS = 2.0
"""The service ends a hop at its deadline; its answer needs a moment more."""


class Inquiry:
    """A request under way at `address`, which can be given up when its domain turns out to have moved. `begun`: some
    of its answer has been handed on.
    """

    __slots__ = ("address", "begun", "bucket", "connection")

    def __init__(self, address: str, bucket: int) -> None:
        self.address = address
        self.bucket = bucket
        self.begun = False
        self.connection: ServiceConnection | None = None

    def give_up(self) -> None:
        """Whoever waits for it gets `FetcherUnavailable`."""
        if self.connection is not None:
            self.connection.close()


class HttpFetchers:
    """All fetchers' services, by address (`http://host:port`, with `tls` also `https://`). The bodies of whole answers
    are held within `bodies`; who must wait for room reads no further."""

    def __init__(
        self, clock: Clock, token: str = "", tls: ssl.SSLContext | None = None, bodies: BodyBudget | None = None
    ) -> None:
        self.bodies = bodies or BodyBudget(sys.maxsize, 0)
        self._clock = clock
        self._token = token
        self._tls = tls
        self._idle: dict[str, deque[ServiceConnection]] = {}

    def open_hop(self, inquiry: Inquiry, request: HopRequest) -> "RemoteHop":
        """One hop at the inquiry's address, in the current trace: `async with` it for its head and body.

        Entering raises `FetcherUnavailable`; a fetcher that goes later leaves a body that breaks off.
        """
        return RemoteHop(self, inquiry, request)

    async def owners(self, address: str) -> Mapping[str, object]:
        """What `GET /v1/owners` says there. Raises `FetcherUnavailable`."""
        return _decoded(address, await self._call(address, "GET", "/v1/owners"), dict[str, object])

    async def process(self, address: str) -> ProcessStatus:
        """What the fetcher there tells of itself. Raises `FetcherUnavailable`, ValueError where it is an older one."""
        return _decoded(address, await self._call(address, "GET", "/v1/process"), ProcessStatus)

    async def domain_state(self, address: str, domain: str) -> DomainState:
        """What `GET /v1/domains/…` says there. Raises `FetcherUnavailable`."""
        return _decoded(address, await self._call(address, "GET", f"/v1/domains/{quote(domain, safe='')}"), DomainState)

    async def set_limit(self, address: str, change: Mapping[str, object]) -> None:
        """`PUT /v1/limits` there. Raises `FetcherUnavailable`, and ValueError for what cannot be a limit."""
        await self._call(address, "PUT", "/v1/limits", msgspec.json.encode(change))

    async def resume_domain(self, address: str, domain: str, by: str) -> None:
        """`POST /v1/resume` there. Raises `FetcherUnavailable`."""
        await self._call(address, "POST", "/v1/resume", msgspec.json.encode({"domain": domain, "by": by}))

    async def close(self) -> None:
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    async def ask_hop(self, inquiry: Inquiry, request: HopRequest) -> "RemoteChunks":
        """Ask over a connection that the inquiry holds from now on, until it is given to `keep`."""
        now = self._clock.now()
        connection = inquiry.connection = await self._connection(inquiry.address)
        answer = _Answer(inquiry.address, connection, max(request.deadline - now, 0.0) + GRACE_SECONDS)
        await answer.to(self._question(inquiry.address, "POST", "/v1/hop", wire.pack_request(request, now)))
        return RemoteChunks(answer, inquiry, self._clock, self.bodies)

    async def _call(self, address: str, method: str, path: str, body: bytes = b"") -> bytes:
        connection = await self._connection(address)
        try:
            answer = _Answer(address, connection, CALL_SECONDS)
            await answer.to(self._question(address, method, path, body), (OK, 400))
            content = b"".join([piece async for piece in answer])
        finally:
            self.keep(address, connection)
        if answer.status != OK:
            raise ValueError(content.decode("utf-8", "replace"))
        return content

    def _question(self, address: str, method: str, path: str, body: bytes) -> bytes:
        return b"%b%d\r\n%b\r\n%b" % (_head(address, method, path, self._token), len(body), _trace_lines(), body)

    async def _connection(self, address: str) -> ServiceConnection:
        try:
            return self._kept(address) or await self._connect(address)
        except OSError as error:
            raise FetcherUnavailable(f"{address}: {error}") from error

    def _kept(self, address: str) -> ServiceConnection | None:
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        return None

    def keep(self, address: str, connection: ServiceConnection) -> None:
        """For the next question, where the last one was answered to its end."""
        idle = self._idle.setdefault(address, deque())
        if connection.is_ready and len(idle) < MOST_IDLE:
            idle.append(connection)
        else:
            connection.close()

    async def _connect(self, address: str) -> ServiceConnection:
        parts = urlsplit(address)
        secure = parts.scheme == "https"
        if secure and self._tls is None:
            raise FetcherUnavailable(f"{address} requires a client certificate, and none is set (fetchers.tls)")
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await asyncio.get_running_loop().create_connection(
                ServiceConnection,
                parts.hostname or "",
                parts.port or (443 if secure else 80),
                ssl=self._tls if secure else None,
            )
        return connection


class RemoteHop:
    """A hop that another fetcher performs."""

    __slots__ = ("_fetchers", "_inquiry", "_request")

    def __init__(self, fetchers: HttpFetchers, inquiry: Inquiry, request: HopRequest) -> None:
        self._fetchers = fetchers
        self._inquiry = inquiry
        self._request = request

    async def __aenter__(self) -> "tuple[HopResult | NotMine, RemoteChunks]":
        try:
            chunks = await self._fetchers.ask_hop(self._inquiry, self._request)
            return await chunks.opened(), chunks
        except BaseException:
            await self.__aexit__()
            raise

    async def __aexit__(self, *_: object) -> None:
        connection, self._inquiry.connection = self._inquiry.connection, None
        if connection is not None:
            self._fetchers.keep(self._inquiry.address, connection)


class _Answer:
    """What a service answers to one question, within so many seconds."""

    def __init__(self, address: str, connection: ServiceConnection, seconds: float) -> None:
        self.status = 0
        self._address = address
        self._connection = connection
        self._seconds = seconds

    async def to(self, question: bytes, statuses: tuple[int, ...] = (OK,)) -> None:
        """Ask it. Raises `FetcherUnavailable`, also where the status is none of those."""
        try:
            self.status = await self._connection.ask(question, self._seconds)
        except OSError as error:
            raise self._unavailable(error) from error
        if self.status not in statuses:
            said = (await self.read())[:200].decode("utf-8", "replace")
            raise FetcherUnavailable(f"{self._address} answered {self.status}: {said}")

    async def read(self) -> bytes:
        """The next piece of its content, empty at the end. Raises `FetcherUnavailable`."""
        try:
            return await self._connection.read()
        except OSError as error:
            raise self._unavailable(error) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read():
            yield piece

    def _unavailable(self, error: OSError) -> FetcherUnavailable:
        if isinstance(error, TimeoutError):
            return FetcherUnavailable(f"{self._address} did not answer within {self._seconds:.1f} s")
        return FetcherUnavailable(f"{self._address}: {error}")


class RemoteChunks(Chunks):
    """The body that a fetcher's service sends."""

    def __init__(self, answer: _Answer, inquiry: Inquiry, clock: Clock, bodies: BodyBudget) -> None:
        self.end = None
        self._ahead = deque()
        self._answer = answer
        self._inquiry = inquiry
        self._clock = clock
        self._bodies = bodies
        self._frames = wire.FrameReader()
        self._came: deque[wire.Frame] = deque()

    async def opened(self) -> HopResult | NotMine:
        """The head, or what came instead. Raises `FetcherUnavailable`."""
        head = await self._next()
        if isinstance(head, bytes | BodyEnd):
            raise FetcherUnavailable("a fetcher sent a body without a head")
        if isinstance(head, Response):
            self.head = head
            self._inquiry.begun = True
        else:
            await self._finish()
        return head

    async def whole(self) -> Response | Ended:
        """Within the budget."""
        hold, answer = self._bodies.hold(), None
        try:
            answer = await collect(self, hold)
            return answer
        finally:
            if not isinstance(answer, Response) or answer.hold is None:
                hold.release()

    async def _pull(self) -> bytes:
        try:
            came = await self._next()
            if isinstance(came, bytes):
                self.size += len(came)
                return came
            await self._finish()
        except FetcherUnavailable as error:
            reason = f"the fetcher that read it is gone: {error}"
            raise self._broken_off(Ended(Ending.CONNECT_ERROR, reason)) from error
        if isinstance(came, Ended):
            raise self._broken_off(came)
        self.end = came if isinstance(came, BodyEnd) else BodyEnd("unspecified")
        raise StopAsyncIteration

    async def _next(self) -> wire.Frame:
        while not self._came:
            data = await self._answer.read()
            if not data:
                raise FetcherUnavailable("a fetcher's answer broke off")
            try:
                self._came.extend(self._frames.feed(data, self._clock.now()))
            except ValueError as error:
                raise FetcherUnavailable(f"a fetcher sent a reply that could not be decoded: {error}") from error
        return self._came.popleft()

    async def _finish(self) -> None:
        """Come to the end of the answer, behind which the connection takes the next question."""
        if self._came or await self._answer.read():
            raise FetcherUnavailable("a fetcher's answer goes on behind its end")


@lru_cache(maxsize=1024)
def _head(address: str, method: str, path: str, token: str) -> bytes:
    """All of a request's head that is the same every time; what is missing is the length."""
    known = f"authorization: Bearer {token}\r\n" if token else ""
    return f"{method} {path} HTTP/1.1\r\nhost: {urlsplit(address).netloc}\r\n{known}content-length: ".encode("latin-1")


def _trace_lines() -> bytes:
    place = trace.current.get()
    if place is None:
        return b""
    state = f"tracestate: {place.state}\r\n" if place.state else ""
    return f"traceparent: {place.parent}\r\n{state}".encode("latin-1")


def _decoded(address: str, body: bytes, kind: type[Decoded]) -> Decoded:
    try:
        return msgspec.json.decode(body, type=kind)
    except ValueError as error:
        raise FetcherUnavailable(f"{address} sent a reply that could not be decoded: {error}") from error
