"""Asks a fetcher's service for one hop, over connections that are kept (`connection.py`). Used by `routing.py`.

An answer is one of the model's values, or `FetcherUnavailable`. The caller's deadline ends the wait.
"""

import asyncio
import io
import ssl
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import aclosing
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import structs

from fetchers import trace
from fetchers.body.budget import FREE, BodyBudget, BodyHold, Endless
from fetchers.body.pipe import BodyPipe
from fetchers.client.connection import OK, ServiceConnection, Sink
from fetchers.errors import FetcherUnavailable
from fetchers.model import DomainState, HopRequest, HopResult, NotMine, Response
from fetchers.ports import Take
from fetchers.wire import frames, messages
from groundwork.clock import Clock

Told = TypeVar("Told")

MOST_IDLE = 64
CONNECT_SECONDS = 2.0
TELL_SECONDS = 1.0
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
        """`perform` raises `FetcherUnavailable`."""
        if self.connection is not None:
            self.connection.close()

    def pause(self) -> None:
        """Nothing more is read of the answer until `resume`."""
        if self.connection is not None:
            self.connection.pause()

    def resume(self) -> None:
        if self.connection is not None:
            self.connection.resume()


class _Paused:
    """A sink that stops the connection when whoever reads the pipe is behind."""

    def __init__(self, reader: frames.FrameReader, pipe: BodyPipe, inquiry: Inquiry) -> None:
        self._reader = reader
        self._pipe = pipe
        self._inquiry = inquiry

    def write(self, piece: bytes, /) -> None:
        self._reader.write(piece)
        if self._pipe.is_full:
            self._inquiry.pause()


class _Budgeted:
    """A sink that reads on only as far as there is room for the answer's body."""

    def __init__(self, reader: messages.AnswerReader, hold: BodyHold, inquiry: Inquiry) -> None:
        self._reader = reader
        self._hold = hold
        self._inquiry = inquiry
        self._size = 0
        self._growing: asyncio.Task[None] | None = None

    def write(self, piece: bytes, /) -> None:
        self._reader.write(piece)
        self._size += len(piece)
        if self._size > FREE + self._hold.taken and self._growing is None:
            self._inquiry.pause()
            self._growing = asyncio.create_task(self._grow())

    async def settled(self) -> None:
        """Returns when there is room for all that came."""
        if self._growing is not None:
            await self._growing

    async def aclose(self) -> None:
        if self._growing is not None:
            self._growing.cancel()
            await asyncio.gather(self._growing, return_exceptions=True)

    async def _grow(self) -> None:
        while self._size > FREE + self._hold.taken:  # what was on its way came all the same
            await self._hold.grow(self._size, Endless())
        self._growing = None
        self._inquiry.resume()


class HttpFetchers:
    """All fetchers' services, by address (`http://host:port`, with `tls` also `https://`). The bodies of whole answers
    are held within `bodies`; who must wait for room reads no further, and its time stands still."""

    def __init__(
        self, clock: Clock, token: str = "", tls: ssl.SSLContext | None = None, bodies: BodyBudget | None = None
    ) -> None:
        self._bodies = bodies or BodyBudget(sys.maxsize, 0)
        self._clock = clock
        self._token = token
        self._tls = tls
        self._idle: dict[str, deque[ServiceConnection]] = {}

    async def perform(self, inquiry: Inquiry, request: HopRequest) -> HopResult | NotMine:
        """One hop at the inquiry's address, in the current trace. Raises `FetcherUnavailable`."""
        reader, hold = messages.AnswerReader(), self._bodies.hold()
        async with aclosing(_Budgeted(reader, hold, inquiry)) as sink:
            try:
                await self._hop(inquiry, request, sink)
                await sink.settled()
                result = reader.result(self._clock.now())
            except BaseException:
                hold.release()
                raise
        if not isinstance(result, Response):
            hold.release()
            return result
        hold.settle(len(result.body))
        return structs.replace(result, hold=hold) if hold.taken else result

    async def stream(self, inquiry: Inquiry, request: HopRequest, take: Take) -> HopResult | NotMine:
        """`perform`, the answer's body going to `take` while it comes."""
        pipe = BodyPipe()
        reader = frames.FrameReader(pipe)
        asking = asyncio.create_task(self._hop(inquiry, request, _Paused(reader, pipe, inquiry), streamed=True))
        asking.add_done_callback(lambda _: pipe.close())
        head: Response | None = None
        try:
            async for piece in pipe:
                inquiry.resume()
                head = head or reader.head(self._clock.now())
                if not await take(head, piece):
                    return structs.replace(head, truncated=True)
            await asking
            return reader.result(self._clock.now())
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def owners(self, address: str) -> Mapping[str, object]:
        """What `GET /v1/owners` says there. Raises `FetcherUnavailable`."""
        return _decoded(address, await self._call(address, "GET", "/v1/owners"), dict[str, object])

    async def domain_state(self, address: str, domain: str) -> DomainState:
        """What `GET /v1/domains/…` says there. Raises `FetcherUnavailable`."""
        return _decoded(address, await self._call(address, "GET", f"/v1/domains/{quote(domain, safe='')}"), DomainState)

    async def set_limit(self, address: str, change: Mapping[str, object]) -> None:
        """`PUT /v1/limits` there. Raises `FetcherUnavailable`, and ValueError for what cannot be a limit."""
        await self._call(address, "PUT", "/v1/limits", msgspec.json.encode(change))

    async def close(self) -> None:
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    async def _hop(self, inquiry: Inquiry, request: HopRequest, sink: Sink, *, streamed: bool = False) -> None:
        now = self._clock.now()
        body = messages.pack_request(request, now, streamed=streamed)
        seconds = max(request.deadline - now, 0.0) + GRACE_SECONDS
        status, said = await self._ask(inquiry.address, "POST", "/v1/hop", body, sink, seconds, inquiry)
        if status != OK:
            raise FetcherUnavailable(f"{inquiry.address} answered {status}: {said[:200].decode('utf-8', 'replace')}")

    async def _call(self, address: str, method: str, path: str, body: bytes = b"") -> bytes:
        told = io.BytesIO()
        status, said = await self._ask(address, method, path, body, told, TELL_SECONDS)
        if status == 400:
            raise ValueError(said.decode("utf-8", "replace"))
        if status != OK:
            raise FetcherUnavailable(f"{address} answered {status} to {method} {path}")
        return told.getvalue()

    async def _ask(
        self,
        address: str,
        method: str,
        path: str,
        body: bytes,
        sink: Sink,
        seconds: float,
        inquiry: Inquiry | None = None,
    ) -> tuple[int, bytes]:
        request = b"%b%d\r\n%b\r\n%b" % (_head(address, method, path, self._token), len(body), _trace_lines(), body)
        try:
            connection = self._kept(address) or await self._connect(address)
            if inquiry is not None:
                inquiry.connection = connection
            answer = await connection.ask(request, sink, seconds)
        except TimeoutError as error:
            raise FetcherUnavailable(f"{address} did not answer within {seconds:.1f} s") from error
        except OSError as error:
            raise FetcherUnavailable(f"{address}: {error}") from error
        finally:
            if inquiry is not None:
                inquiry.connection = None
        self._keep(address, connection)
        return answer

    def _kept(self, address: str) -> ServiceConnection | None:
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        return None

    def _keep(self, address: str, connection: ServiceConnection) -> None:
        idle = self._idle.setdefault(address, deque())
        if connection.is_open and len(idle) < MOST_IDLE:
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


def _decoded(address: str, body: bytes, kind: type[Told]) -> Told:
    try:
        return msgspec.json.decode(body, type=kind)
    except ValueError as error:
        raise FetcherUnavailable(f"{address} sent a reply that could not be decoded: {error}") from error
