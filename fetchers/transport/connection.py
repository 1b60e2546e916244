"""One connection (`AnswerProtocol`), and the pool that keeps open ones for the next request to the same origin.

A connection sends a request, and lets its answer be read piece by piece. Who reads slowly slows the far end down. A
connection on which bytes come that nobody asked for is over: they would be taken for the next URL's page. The pool is
aiohttp's, within our limits; new connections come from `dialler.py`. Those in use and idle ones are bounded.
"""

import asyncio
import select
from collections import deque
from typing import Any, NamedTuple, cast

from aiohttp import BaseConnector, ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey

from fetchers.errors import TimedOut
from fetchers.ports import ConnectionInfo
from fetchers.transport.dialler import Dialler
from fetchers.urls import UrlParts

READ_BUFFER = 128 * 1024
LATE_SECONDS = 0.1
"""A timer that fires so much too late says that our own loop stood still, and what came meanwhile is not read yet."""


class AnswerProtocol(asyncio.Protocol):
    """The bytes of a connection. What the pool asks of it has the names of aiohttp's protocols."""

    info: ConnectionInfo
    closed: asyncio.Future[None] | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.transport: asyncio.Transport | None = None
        self.answered = False
        self.error: Exception | None = None
        self._loop = loop
        self._came: deque[bytes] = deque()
        self._size = 0
        self._over = False
        self._paused = False
        self._asked = False
        self._waiter: asyncio.Future[None] | None = None

    # What the pool asks -----------------------------------------------------------------------------------------------

    @property
    def should_close(self) -> bool:
        return self._over or bool(self._came) or self.transport is None

    def is_connected(self) -> bool:
        """Whether a request may be sent: open, and nothing lies there that came unasked, read or not."""
        transport = self.transport
        if transport is None or transport.is_closing() or self._over or self._came:
            return False
        return self._asked or not _has_something(transport)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()
            self.transport = None

    def abort(self) -> None:
        """At once: an endless body would keep a polite end waiting."""
        if self.transport is not None:
            self.transport.abort()
            self.transport = None

    # One request and its answer ---------------------------------------------------------------------------------------

    def begin(self, wire: bytes) -> None:
        """Send a request. Raises ConnectionResetError where the connection is gone."""
        transport = self.transport
        if transport is None or transport.is_closing() or self._over or self._came:
            raise ConnectionResetError("the connection was closed meanwhile")
        self.answered = False
        self._asked = True
        transport.write(wire)

    def finish(self) -> None:
        """The answer has been read to its end."""
        self._asked = False

    async def read(self, seconds: float | None) -> bytes:
        """What came; empty at the connection's end, which `error` explains. Raises `TimedOut` where nothing comes in
        `seconds`."""
        if not self._came and not self._over:
            await self._wait(seconds)
        data = self._came.popleft() if len(self._came) == 1 else b"".join(self._came)
        self._came.clear()
        self._size = 0
        if self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()
        return data

    async def _wait(self, seconds: float | None) -> None:
        loop = self._loop
        self._waiter = waiter = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, self._time_is_up, waiter, loop.time() + seconds)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _time_is_up(self, waiter: asyncio.Future[None], due: float) -> None:
        if waiter.done():
            return
        now = self._loop.time()
        late = now - due
        if late > LATE_SECONDS:
            self._loop.call_later(late, self._time_is_up, waiter, now + late)
            return
        waiter.set_exception(TimedOut("nothing came for too long", "read"))

    # What the loop tells ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._asked:
            self._over = True
            self.abort()
            return
        self.answered = True
        self._came.append(data)
        self._size += len(data)
        if self._size > READ_BUFFER and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._over = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self.error = error
        self._over = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _has_something(transport: asyncio.Transport) -> bool:
    """Whether the system holds bytes, or the end, of a connection that the loop has not read yet."""
    opened = transport.get_extra_info("socket")
    if opened is None or opened.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(opened.fileno(), select.POLLIN)
    return bool(poll.poll(0))


KEEP_ALIVE_SECONDS = 15.0


class PoolLimits(NamedTuple):
    """How many connections may be open: of all hosts together, and of one."""

    connections: int = 512
    per_host: int = 6


DEFAULT_LIMITS = PoolLimits()


class Target:
    """What the pool asks of a request. `connect_seconds` is for making a connection, not for waiting until one of the
    others is free: for that a request has all its time."""

    __slots__ = ("connect_seconds", "connection_key", "parts")

    proxy = None

    def __init__(self, parts: UrlParts, connect_seconds: float | None) -> None:
        self.parts = parts
        self.connect_seconds = connect_seconds
        self.connection_key = ConnectionKey(parts.host, parts.port, parts.scheme == "https", True, None, None, None)


class Pool(BaseConnector):
    """aiohttp's pool, filled by our dialler; idle connections are bounded too, the oldest host's going first."""

    def __init__(self, dialler: Dialler, limits: PoolLimits) -> None:
        super().__init__(keepalive_timeout=KEEP_ALIVE_SECONDS, limit=limits.connections, limit_per_host=limits.per_host)
        self._dialler = dialler
        self._most_idle = max(limits.connections, 1)

    async def _create_connection(
        self, req: ClientRequest, traces: list[Any], timeout: ClientTimeout
    ) -> ResponseHandler:
        target = cast(Target, req)
        seconds = target.connect_seconds
        try:
            began = self._loop.time()
            async with asyncio.timeout(seconds):
                protocol, info = await self._dialler.dial(target.parts, self._make_protocol)
        except TimeoutError as error:
            late = seconds is not None and self._loop.time() - began > seconds + LATE_SECONDS
            phase = "late" if late else "connect"
            raise TimedOut(f"no connection to {target.parts.host} within {seconds} s", phase) from error
        protocol.info = info
        return cast(ResponseHandler, protocol)  # as much of one as the pool asks for

    def _make_protocol(self) -> AnswerProtocol:
        return AnswerProtocol(self._loop)

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        super()._release(key, protocol, should_close=should_close)
        if len(self._conns) > self._most_idle:
            oldest, idle = next(iter(self._conns.items()))
            idle.popleft()[0].close()
            if not idle:
                del self._conns[oldest]
