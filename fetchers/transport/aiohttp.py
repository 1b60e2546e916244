"""The transport: one HTTP/1.1 request and its answer, on aiohttp's connection pool.

Called by `exchange.py`. New connections come from `dialler.py`, behind the address guard. What is asked goes on the
wire byte for byte, and what comes back is passed on as it came: no cookies, no redirects, no decompression, no proxies
from the environment.

aiohttp's `ClientSession` is left out: it parses the URL again (yarl drops the `?` of an empty query) and costs more
than the exchange itself. Its parser refuses what browsers read, and keeps what comes unasked for the next request.
There remains the pool (`BaseConnector`, extended as its own Unix and TCP connectors extend it, in `connection.py`).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import cast

from aiohttp import ClientRequest, ClientTimeout
from aiohttp.connector import Connection

from fetchers.errors import BlockedAddress, ConnectError, CutShort, ProtocolError, TimedOut, TransportError, TurnLost
from fetchers.ports import AnswerHead, TransportAnswer, TransportRequest
from fetchers.transport.answer import Chunks, Head, HeadReader, Malformed
from fetchers.transport.connection import DEFAULT_LIMITS, AnswerProtocol, Pool, PoolLimits, Target
from fetchers.transport.dialler import Dialler, make_ssl_context
from fetchers.transport.resolver import Overrides, Resolver
from groundwork.address_guard import AddressPolicy
from groundwork.interfaces import own_addresses

MOST_INTERIM_ANSWERS = 8
MOST_POSTS = PoolLimits(4096, 0)
"""Far more than couriers send at once: who waits for a connection would wait behind slow receivers."""
MOST_ATTEMPTS = 3
SLICE = 16 * 1024
"""Of a body in chunks, which can be thousands, so much is taken apart in one piece."""

HTTP_VERSIONS = {(1, 0): "HTTP/1.0", (1, 1): "HTTP/1.1"}
Pace = Callable[[str], Awaitable[None]]
"""Waits until one more request may go to an address."""


class AiohttpTransport:
    """See the module. One per process; to be closed with `aclose`."""

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        resolve: Mapping[str, str] | None = None,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        limits: PoolLimits = DEFAULT_LIMITS,
        pace: Pace | None = None,
    ) -> None:
        """`resolve` maps names and `*.suffix` patterns to the `host:port` that is dialled for them, past the guard.

        `pace` is awaited with the server's address before each request, except where a setting let us dial it.
        """
        self.resolver = resolver or Resolver()
        self._dialler = Dialler(
            AddressPolicy(own_addresses=own_addresses()) if policy is None else policy,
            Overrides(resolve or {}),
            self.resolver,
            ssl_context or make_ssl_context(),
        )
        self._limits = limits
        self._pace = pace
        self._pool: Pool | None = None
        self._posts: Pool | None = None

    def open(self, request: TransportRequest) -> "_Opened":
        """The `Transport` port."""
        return _Opened(self, request)

    async def send(self, request: TransportRequest) -> "tuple[AnswerHead, _Body]":
        """The answer's head and its body, which must be closed. Raises a `TransportError`."""
        parts = request.parts
        if parts.scheme not in ("http", "https"):
            raise ProtocolError(f"{parts.scheme}: is not supported, only http and https")
        wire = _request_head(request)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            connection = await self._connect(request)
            if self._pace is not None:
                await self._keep_pace(connection, self._pace)
            answer = await _attempt(connection, wire, request, attempt)
            if answer is not None:
                return answer
            if not await request.right.again():
                break
        raise ConnectError(f"{parts.host} closed every connection without an answer")

    async def _keep_pace(self, connection: Connection, pace: Pace) -> None:
        address = _protocol_of(connection).info.paced_by
        if address is None:
            return
        try:
            await pace(address)
        except BaseException:
            _hang_up(connection)
            raise

    async def aclose(self) -> None:
        """Close all connections, also those in use."""
        for pool in (self._pool, self._posts):
            if pool is not None:
                await pool.close()
        self._pool = self._posts = None
        await self.resolver.close()

    async def _connect(self, request: TransportRequest) -> Connection:
        target = cast(ClientRequest, Target(request.parts, request.timeouts.connect))
        return await self._pool_for(request).connect(target, [], _UNLIMITED)

    def _pool_for(self, request: TransportRequest) -> Pool:
        """Posts have connections of their own, any number for a host: whoever posts bounds them, and one slow receiver
        must not hold up another on the same host, nor pages a receiver."""
        if request.body is None:
            if self._pool is None:
                self._pool = Pool(self._dialler, self._limits)
            return self._pool
        if self._posts is None:
            self._posts = Pool(self._dialler, MOST_POSTS)
        return self._posts


_UNLIMITED = ClientTimeout()


class _Opened:
    """A request under way."""

    __slots__ = ("_body", "_request", "_transport")

    def __init__(self, transport: AiohttpTransport, request: TransportRequest) -> None:
        self._transport = transport
        self._request = request
        self._body: _Body | None = None

    async def __aenter__(self) -> TransportAnswer:
        head, self._body = await self._transport.send(self._request)
        return head, aiter(self._body)

    async def __aexit__(self, *_: object) -> None:
        if self._body is not None:
            self._body.close()


class _Body:
    """The body as it comes. Its end gives the connection back; closed before that, the connection is over."""

    __slots__ = ("_connection", "_head", "_host", "_protocol", "_rest", "_seconds")

    def __init__(self, head: Head, rest: bytes, connection: Connection, host: str, seconds: float | None) -> None:
        self._head = head
        self._rest = rest
        self._connection = connection
        self._protocol = _protocol_of(connection)
        self._host = host
        self._seconds = seconds
        self._end_where_over()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        data = self._rest
        while not self._is_over():
            for number, part in enumerate(self._parts(data)):
                if number:
                    await asyncio.sleep(0)  # what a slice costs, everybody waits for
                try:
                    piece = self._take(part)
                except Malformed as error:
                    if error.before:
                        yield error.before
                    raise CutShort(f"{self._host} answered with a body that breaks off: {error}") from error
                if piece:
                    yield piece
                if self._is_over():
                    return
            if not (data := await self._read()):
                return

    def _is_over(self) -> bool:
        return self._head.framing.ended

    def _parts(self, data: bytes) -> Iterator[bytes]:
        if not isinstance(self._head.framing, Chunks):
            yield data
            return
        for start in range(0, len(data), SLICE):
            yield data[start : start + SLICE]

    def _take(self, data: bytes) -> bytes:
        """What of it is body. Bytes behind the body's end cost the connection, not the page. Raises `Malformed`."""
        piece, self._rest = self._head.framing.take(data)
        self._end_where_over()
        return piece

    async def _read(self) -> bytes:
        try:
            data = await self._protocol.read(self._seconds)
        except TimedOut as error:
            raise TimedOut(f"{self._host} sent nothing for too long", "read") from error
        if not data and (self._protocol.error is not None or not self._head.framing.may_end):
            raise CutShort(f"{self._host} ended the connection before its answer was complete")
        return data

    def _end_where_over(self) -> None:
        if not self._is_over():
            return
        self._protocol.finish()
        if self._head.keeps and not self._rest:
            self._connection.release()
        else:
            _hang_up(self._connection)

    def close(self) -> None:
        _hang_up(self._connection)


def _protocol_of(connection: Connection) -> AnswerProtocol:
    return cast(AnswerProtocol, connection.protocol)


async def _attempt(
    connection: Connection, wire: bytes, request: TransportRequest, attempt: int
) -> tuple[AnswerHead, _Body] | None:
    """The answer; None where a connection from the pool proved dead before its first byte (RFC 9112, section 9.3.1)."""
    protocol = _protocol_of(connection)
    info = protocol.info
    if not info.reused:
        protocol.info = info.again()
    parts, timeouts = request.parts, request.timeouts
    try:
        if request.body is not None and parts.scheme != "https" and not info.by_setting:
            raise BlockedAddress(f"{parts.host} is sent nothing without TLS; use https")
        if not request.right.may_write():
            raise TurnLost(f"the turn for {parts.host} went elsewhere while the connection was made")
        protocol.begin(wire)
        request.right.written()
        head, rest = await _final_answer(protocol, timeouts.first_byte or timeouts.read)
    except (OSError, Malformed, TimedOut) as error:
        _hang_up(connection)
        translated = _translated(error, parts.host, answered=protocol.answered)
        if info.reused and isinstance(translated, ConnectError) and attempt < MOST_ATTEMPTS:
            return None
        raise translated from error
    except BaseException:
        _hang_up(connection)
        raise
    version = HTTP_VERSIONS.get(head.version, "HTTP/1.1")
    answer = AnswerHead(head.status, head.headers, version, head.reason.decode("latin-1"), info)
    return answer, _Body(head, rest, connection, parts.host, timeouts.read)


async def _final_answer(protocol: AnswerProtocol, seconds: float | None) -> tuple[Head, bytes]:
    """The head of the first answer that is none of 1xx, and what came behind it."""
    rest = b""
    for _ in range(MOST_INTERIM_ANSWERS):
        reader = HeadReader()
        found = reader.feed(rest, has_body=True) if rest else None
        while found is None:
            data = await protocol.read(seconds)
            if not data:
                raise ConnectionResetError("the connection ended before the answer's head was there")
            found = reader.feed(data, has_body=True)
        head, rest = found
        if head.status >= 200:
            return head, rest
        if head.status == 101:
            raise Malformed("a change of protocol that was not asked for")
    raise Malformed(f"more than {MOST_INTERIM_ANSWERS} interim answers")


def _hang_up(connection: Connection) -> None:
    """End a connection that was not given back. At once: an endless body would keep a polite end waiting."""
    if connection.protocol is not None:
        _protocol_of(connection).abort()
        connection.close()


def _translated(error: Exception, host: str, *, answered: bool) -> TransportError:
    if isinstance(error, TimedOut):
        return TimedOut(f"{host} sent nothing for too long", "read")
    if isinstance(error, Malformed):
        return ProtocolError(f"{host} sent an answer that is not valid HTTP: {error}")
    if answered:
        return ProtocolError(f"{host} ended the connection before its answer was complete")
    return ConnectError(f"{host} ended the connection without an answer")


def _request_head(request: TransportRequest) -> bytes:
    """The request line, the headers, and the body of a POST. Refuses what would break out of a line."""
    target, body = request.parts.target, request.body
    lines = [
        f"{'GET' if body is None else 'POST'} {target} HTTP/1.1",
        *[f"{name}: {value}" for name, value in request.headers],
    ]
    head = "\r\n".join(lines)
    breaks = len(lines) - 1
    if " " in target or head.count("\n") != breaks or head.count("\r") != breaks or "\0" in head:
        raise ProtocolError("a request target or header with characters that would break it")
    try:
        return f"{head}\r\n\r\n".encode("latin-1") + (body or b"")
    except UnicodeEncodeError as error:
        raise ProtocolError("a request target or header with characters that no header has") from error
