"""One connection of a client: reads requests, writes answers, on httptools' parser.

Made by `server.py` for each client; `handle` gives the answer. One request at a time, within limits of size, and a body
goes out as fast as the client takes it, without being copied together. A client that has not yet shown the token has
ten seconds for a request, and gives its place up when there are too many.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import cast

import httptools

from groundwork.front.connections import Connections

MOST_REQUEST_BYTES = 1024 * 1024
MOST_HEAD_BYTES = 64 * 1024
"""Of a request's line and header fields; a caller of ours sends a few hundred."""
REQUEST_SECONDS = 10.0
"""For a request to come whole, from its first byte; for a client that is not known, from the connect as well."""
SLICE = 256 * 1024
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    503: "Unavailable",
}


@dataclass(slots=True)
class Request:
    """A request as it came; names of headers in lower case. `has_certificate`: one that our authority signed."""

    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    has_certificate: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`pieces` are sent one after the other, large ones by slices. `is_for_callers`: the caller has shown the token."""

    status: int
    content_type: str
    pieces: Sequence[bytes]
    is_for_callers: bool = True


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """An answer (200) that is pulled while it comes about. What it raises ends the connection, so that a part is never
    taken for the whole.
    """

    content_type: str
    pieces: AsyncGenerator[Sequence[bytes], None]


Handle = Callable[[Request], Awaitable[Answer | StreamedAnswer]]


class ClientConnection(asyncio.Protocol):
    """See the module."""

    def __init__(
        self,
        handle: Handle,
        connections: "set[ClientConnection]",
        places: Connections,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._handle = handle
        self._connections = connections
        self._places = places
        self._request_seconds = request_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._is_known = False  # it has shown the token
        self._refused = False
        self._overhead = 0  # bytes since the last progress: of an unfinished head, of chunk extensions, of trailers
        self._moved = self._begun = self._in_head = False
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._body: list[bytes] = []
        self._size = 0
        self._task: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._out: list[bytes] = []
        self._last = False
        self._has_certificate = False

    # asyncio's side ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._has_certificate = bool(transport.get_extra_info("peercert"))
        self._connections.add(self)
        peer = transport.get_extra_info("peername")
        if self._places.admit(self, peer[0] if isinstance(peer, tuple) else None):
            self._watch()
        else:
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client that is gone wants no answer: its request gives its place in the queue up."""
        self._connections.discard(self)
        self._places.release(self)
        self._transport = None
        self._watch()
        self._may_write.set()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        start = 0
        while start < len(data) and not self._refused:
            piece = data[start : start + MOST_HEAD_BYTES - self._overhead]
            start += len(piece)
            if not piece:
                self._refuse(431)
                return
            self._moved = False
            try:
                self._parser.feed_data(piece)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError):
                self._refuse(400)
            self._overhead = 0 if self._moved else self._overhead + len(piece)
        self._watch()

    def displace(self) -> None:
        """Give the place up for a newcomer."""
        if self._transport is not None:
            self._transport.abort()

    def _refuse(self, status: int) -> None:
        """Whatever still comes is thrown away until the client or the deadline ends the connection, so that the client
        sees the status."""
        self._refused = self._last = True
        if self._transport is None or self._task is not None:
            self._end()
            return
        self._transport.write(self._head(status, "text/plain", 0))
        if status == 503 or not self._transport.can_write_eof():
            self._end()
        else:
            self._transport.write_eof()
        self._watch()

    def _watch(self) -> None:
        """A deadline where a request is awaited: one that has begun, or any from a client that is not known."""
        unfinished = self._begun or bool(self._overhead)
        waiting = self._transport is not None and self._task is None and (unfinished or not self._is_known)
        self._places.waits(self, waiting and not self._is_known)
        if waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._request_seconds, self._overdue)
        elif not waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _overdue(self) -> None:
        self._timer = None
        if self._refused or not self._overhead:
            self.displace()
        else:
            self._refuse(408)

    # httptools' side --------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._task is not None:
            raise ValueError("a second request before the first is answered")
        self._request, self._body, self._size = Request(has_certificate=self._has_certificate), [], 0
        self._begun = self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._request.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # not a trailer, which must not pass for a header
            self._request.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._in_head, self._moved = False, True

    def on_body(self, body: bytes) -> None:
        self._moved = True
        self._size += len(body)
        if self._size > MOST_REQUEST_BYTES:
            raise ValueError("the request is too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._request.method = self._parser.get_method().decode("ascii")
        self._request.body = b"".join(self._body)
        self._last = not self._parser.should_keep_alive()
        self._begun, self._moved = False, True
        self._task = asyncio.get_running_loop().create_task(self._answer(self._request))

    # The answer -------------------------------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> None:
        answer = await self._handle(request)
        self._is_known = isinstance(answer, StreamedAnswer) or (self._is_known or answer.is_for_callers)
        if isinstance(answer, StreamedAnswer):
            await self._send_chunks(answer)
        else:
            await self._send(answer)
        self._task = None
        self._watch()
        if self._last:
            self._end()

    async def _send(self, answer: Answer) -> None:
        length = sum(map(len, answer.pieces))
        head = self._head(answer.status, answer.content_type, length)
        if length <= SLICE and self._transport is not None:
            self._transport.writelines([head, *answer.pieces])
        else:
            for piece in (head, *answer.pieces):
                await self._write(piece)

    async def _send_chunks(self, answer: StreamedAnswer) -> None:
        """RFC 9112, section 7.1: the only way to send what has no known length and to keep the connection."""
        head: tuple[bytes, ...] = (self._head(200, answer.content_type, None),)  # goes out with the first piece
        try:
            async with aclosing(answer.pieces) as groups:
                async for pieces in groups:
                    size = sum(map(len, pieces))
                    if size <= SLICE:
                        self._put(*head, b"%x\r\n" % size, *pieces, b"\r\n")
                        if not self._may_write.is_set():
                            await self._may_write.wait()
                    else:
                        self._flush()
                        for piece in (*head, b"%x\r\n" % size, *pieces, b"\r\n"):
                            await self._write(piece)
                    head = ()
        except Exception:
            if self._transport is not None:
                self._transport.abort()
            raise
        self._put(*head, b"0\r\n\r\n")
        self._flush()

    def _put(self, *pieces: bytes) -> None:
        """Send them with whatever else is put before the loop's next round: a short answer goes out at once."""
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out += pieces

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None:
            self._transport.writelines(out)

    def _head(self, status: int, content_type: str, length: int | None) -> bytes:
        close = "connection: close\r\n" if self._last else ""
        size = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
        line = f"HTTP/1.1 {status} {REASONS[status]}\r\n"
        return f"{line}content-type: {content_type}\r\n{size}\r\n{close}\r\n".encode("latin-1")

    async def _write(self, piece: bytes) -> None:
        view = memoryview(piece)
        for start in range(0, len(piece), SLICE):
            if self._transport is None:
                return
            self._transport.write(piece if len(piece) <= SLICE else view[start : start + SLICE])
            if not self._may_write.is_set():
                await self._may_write.wait()

    def finish(self) -> None:
        """Close now where nothing is under way, else after the answer."""
        self._last = True
        if self._task is None:
            self._end()

    def _end(self) -> None:
        if self._transport is not None:
            self._transport.close()
