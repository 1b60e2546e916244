"""Open connections, kept for the next request to the same origin: aiohttp's pool and protocol, within our limits.

Asked by `aiohttp.py`; new connections come from `dialler.py`. Everything is bounded: connections in use, idle ones, and
the bytes and number of an answer's headers.
"""

import asyncio
from typing import Any, cast

from aiohttp import BaseConnector, ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http_exceptions import HttpProcessingError

from fetchers.transport.dialler import ConnectionInfo, Dialler
from fetchers.urls import UrlParts

KEEP_ALIVE_SECONDS = 15.0
MOST_HEADERS = 200
LONGEST_HEADER = 32 * 1024
"""Some sites send a Content-Security-Policy of 16 KB."""
MOST_HEAD_BYTES = 256 * 1024
"""Chrome's limit for all headers of an answer (net/http/http_stream_parser.cc)."""
READ_BUFFER = 128 * 1024


class Target:
    """What the pool asks of a request."""

    __slots__ = ("connection_key", "parts")

    proxy = None

    def __init__(self, parts: UrlParts) -> None:
        self.parts = parts
        self.connection_key = ConnectionKey(parts.host, parts.port, parts.scheme == "https", True, None, None, None)


class Pool(BaseConnector):
    """aiohttp's pool, filled by our dialler; idle connections are bounded too, the oldest host's going first."""

    def __init__(self, dialler: Dialler, connections: int, per_host: int) -> None:
        super().__init__(keepalive_timeout=KEEP_ALIVE_SECONDS, limit=connections, limit_per_host=per_host)
        self._dialler = dialler
        self._most_idle = max(connections, 1)

    def has_room_for(self, target: Target) -> bool:
        """Whether a connection to it could be made now, within the limits."""
        return self._available_connections(target.connection_key) > 0

    async def _create_connection(
        self, req: ClientRequest, traces: list[Any], timeout: ClientTimeout
    ) -> "AnswerProtocol":
        target = cast(Target, req)
        protocol, info = await self._dialler.dial(target.parts, self._make_protocol)
        protocol.info = info
        return protocol

    def _make_protocol(self) -> "AnswerProtocol":
        return AnswerProtocol(self._loop)

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        super()._release(key, protocol, should_close=should_close)
        if len(self._conns) > self._most_idle:
            oldest, idle = next(iter(self._conns.items()))
            idle.popleft()[0].close()
            if not idle:
                del self._conns[oldest]


class AnswerProtocol(ResponseHandler):
    """aiohttp's protocol, with a limit on the bytes of an answer's head."""

    info: ConnectionInfo

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.head_bytes = 0
        self._in_head = False

    def begin(self, wire: bytes, *, has_body: bool, read_timeout: float | None) -> None:
        """Send a request and get ready for its answer."""
        self.head_bytes = 0
        self._in_head = True
        self.set_response_params(
            skip_payload=not has_body,
            read_until_eof=True,
            auto_decompress=False,
            read_timeout=read_timeout,
            read_bufsize=READ_BUFFER,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
            max_headers=MOST_HEADERS,
        )
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the connection was closed meanwhile")
        transport.write(wire)
        self.start_timeout()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self.head_bytes += len(data)
            if self._buffer:
                self._in_head = False
            elif self.head_bytes > MOST_HEAD_BYTES:
                self._in_head = False
                self.set_exception(HttpProcessingError(message=f"more than {MOST_HEAD_BYTES} bytes of headers"))
