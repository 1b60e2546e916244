"""Open connections, kept for the next request to the same origin: aiohttp's pool, within our limits.

Asked by `aiohttp.py`; new connections come from `dialler.py`. Connections in use and idle ones are bounded.
"""

import asyncio
from typing import Any, NamedTuple, cast

from aiohttp import BaseConnector, ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey

from fetchers.errors import TimedOut
from fetchers.transport.connection import LATE_SECONDS, AnswerProtocol
from fetchers.transport.dialler import Dialler
from fetchers.urls import UrlParts

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
