"""The transport: one HTTP/1.1 request and its answer, on aiohttp's connection pool and parser.

Called by `exchange.py`. New connections come from `dialler.py`, behind the address guard. What is asked goes on the
wire byte for byte, and what comes back is passed on as it came: no cookies, no redirects, no decompression, no proxies
from the environment.

aiohttp's `ClientSession` is left out: it parses the URL again (yarl drops the `?` of an empty query) and costs more
than the exchange itself. Of aiohttp there remain the pool (`BaseConnector`, extended as its own Unix and TCP connectors
extend it, in `pool.py`) and the parser with its flow control (`ResponseHandler`).

Request extensions: `url` (a WHATWG serialisation; httpx's own URL class refuses some valid hosts) or `parts` (the same,
split), `target` (bytes), `timeout` (httpx's, with `first_byte` beside `read`), `may_write` (asked just before the head
is written; False ends the request as `TurnLost`), `on_written` (called whenever the head has been written), `again`
(awaited before the request is written a second time; False gives it up). Response extensions: `connection`
(`ConnectionInfo`), `http_version`, `reason_phrase`.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import lru_cache
from typing import cast

import httpx
from aiohttp import ClientError, ClientRequest, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

from fetchers.errors import ConnectError, ProtocolError, TimedOut, TransportError, TurnLost
from fetchers.transport.dialler import Dialler, make_ssl_context
from fetchers.transport.pool import AnswerProtocol, Pool, Target
from fetchers.transport.resolver import Overrides, Resolver
from fetchers.urls import UrlParts, split
from groundwork.address_guard import AddressPolicy
from groundwork.interfaces import own_addresses

MOST_INTERIM_ANSWERS = 8
MOST_ATTEMPTS = 3

HTTP_VERSIONS = {(1, 0): b"HTTP/1.0", (1, 1): b"HTTP/1.1"}
NO_TIMEOUT: Mapping[str, float | None] = {}
Pace = Callable[[str], Awaitable[None]]
"""Waits until one more request may go to an address."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """See the module. One per process; to be closed with `aclose`."""

    takes_url_from_extensions = True
    """`request.url` may be a placeholder: httpx's own class refuses some valid hosts, and costs more than the rest."""

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        resolve: Mapping[str, str] | None = None,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 512,
        connections_per_host: int = 6,
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
        self._limits = (connections, connections_per_host)
        self._pace = pace
        self._pool: Pool | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and return the answer's head, its body still to come. Raises a `TransportError`."""
        extensions = request.extensions
        parts = extensions.get("parts") or split(extensions.get("url") or str(request.url))
        if parts.scheme not in ("http", "https"):
            raise ProtocolError(f"{parts.scheme}: is not spoken here, only http and https")
        wire = _request_head(request, extensions.get("target") or _target(request, parts))
        if request.method not in ("GET", "HEAD"):
            wire += await request.aread()
        timeout = extensions.get("timeout") or NO_TIMEOUT
        for attempt in range(1, MOST_ATTEMPTS + 1):
            connection = await self._connect(parts, timeout.get("connect"))
            if self._pace is not None:
                await self._keep_pace(connection, self._pace)
            answer = await _attempt(connection, wire, request, parts, timeout, attempt)
            if answer is not None:
                return answer
            again: Callable[[], Awaitable[bool]] | None = extensions.get("again")
            if again is not None and not await again():
                break
        raise ConnectError(f"{parts.host} closed every connection without an answer")

    async def _keep_pace(self, connection: Connection, pace: Pace) -> None:
        address = cast(AnswerProtocol, connection.protocol).info.paced_by
        if address is None:
            return
        try:
            await pace(address)
        except BaseException:
            _hang_up(connection)
            raise

    async def aclose(self) -> None:
        """Close all connections, also those in use."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
        await self.resolver.close()

    async def _connect(self, parts: UrlParts, seconds: float | None) -> Connection:
        if self._pool is None:
            total, per_host = self._limits
            self._pool = Pool(self._dialler, total, per_host)
        target = Target(parts)
        try:
            return await self._pool.connect(cast(ClientRequest, target), [], _connect_timeout(seconds))
        except TimeoutError as error:
            phase = "connect" if self._pool.has_room_for(target) else "pool"
            raise TimedOut(f"no connection to {parts.host} within {seconds} s", phase) from error


@lru_cache(maxsize=64)
def _connect_timeout(seconds: float | None) -> ClientTimeout:
    return ClientTimeout(connect=seconds)


class _Body(httpx.AsyncByteStream):
    """The body as it comes. Its end gives the connection back; closed before that, the connection is over."""

    __slots__ = ("_connection", "_host", "_payload")

    def __init__(self, payload: StreamReader, connection: Connection, host: str) -> None:
        self._payload = payload
        self._connection = connection
        self._host = host

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while chunk := await self._payload.readany():
                yield chunk
        except (ClientError, HttpProcessingError, OSError) as error:
            raise _translated(error, self._host, answered=True) from error

    async def aclose(self) -> None:
        _hang_up(self._connection)


async def _attempt(
    connection: Connection,
    wire: bytes,
    request: httpx.Request,
    parts: UrlParts,
    timeout: Mapping[str, float | None],
    attempt: int,
) -> httpx.Response | None:
    """The answer; None where a connection from the pool proved dead before its first byte (RFC 9112, section 9.3.1)."""
    protocol = cast(AnswerProtocol, connection.protocol)
    info = protocol.info
    if not info.reused:
        protocol.info = info.again()
    read = timeout.get("read")
    try:
        may_write: Callable[[], bool] | None = request.extensions.get("may_write")
        if may_write is not None and not may_write():
            raise TurnLost(f"the turn for {parts.host} went elsewhere while the connection was made")
        protocol.begin(wire, has_body=request.method != "HEAD", read_timeout=timeout.get("first_byte") or read)
        on_written: Callable[[], None] | None = request.extensions.get("on_written")
        if on_written is not None:
            on_written()
        message, payload = await _final_answer(protocol)
    except (ClientError, HttpProcessingError, OSError) as error:
        _hang_up(connection)
        translated = _translated(error, parts.host, answered=protocol.head_bytes > 0)
        if info.reused and isinstance(translated, ConnectError) and attempt < MOST_ATTEMPTS:
            return None
        if isinstance(translated, TransportError):
            raise translated from error
        raise
    except BaseException:
        _hang_up(connection)
        raise
    if "first_byte" in timeout and not payload.is_eof():
        protocol.read_timeout = read
        protocol.start_timeout()
    payload.on_eof(connection.release)
    return httpx.Response(
        message.code,
        headers=message.raw_headers,
        stream=_Body(payload, connection, parts.host),
        extensions={
            "connection": info,
            "http_version": HTTP_VERSIONS.get(message.version, b"HTTP/1.1"),
            "reason_phrase": message.reason.encode("utf-8", "surrogateescape"),
        },
    )


async def _final_answer(protocol: AnswerProtocol) -> tuple[RawResponseMessage, StreamReader]:
    """The first answer that is none of 1xx."""
    for _ in range(MOST_INTERIM_ANSWERS):
        message, payload = await protocol.read()
        if message.code >= 200:
            return message, payload
        if message.code == 101:
            raise HttpProcessingError(message="a change of protocol that was not asked for")
    raise HttpProcessingError(message=f"more than {MOST_INTERIM_ANSWERS} interim answers")


def _hang_up(connection: Connection) -> None:
    """End a connection that was not given back. At once: an endless body would keep a polite end waiting."""
    if connection.protocol is not None:
        connection.protocol.abort()
        connection.close()


def _translated(error: Exception, host: str, *, answered: bool) -> TransportError:
    if isinstance(error, TimeoutError):
        return TimedOut(f"{host} sent nothing for too long", "read")
    if isinstance(error, HttpProcessingError):
        said = " ".join(error.message.split())[:200]
        return ProtocolError(f"{host} answered with what is no proper HTTP: {said or 'unreadable'}")
    if answered:
        return ProtocolError(f"{host} ended the connection before its answer was complete")
    return ConnectError(f"{host} ended the connection without an answer")


def _target(request: httpx.Request, parts: UrlParts) -> bytes:
    """A plain httpx request's own target, unless the URL came with the extensions."""
    extensions = request.extensions
    if "url" in extensions or "parts" in extensions:
        return parts.target.encode("ascii")
    return request.url.raw_path


def _request_head(request: httpx.Request, target: bytes) -> bytes:
    """The request line and the headers. Refuses what would break out of a line."""
    headers = request.headers.raw
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), target)]
    lines += [b"%b: %b" % pair for pair in headers]
    head = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if b" " in target or head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
        raise ProtocolError("a request target or header with characters that would break it")
    return head + b"\r\n\r\n"
