"""uvicorn's HTTP/1.1 protocol within limits: sizes of heads, deadlines for heads, bodies and answers, pipelining.

    fresh ─► head ─► body ─► busy ─► idle ─► head …          refused ─► what still comes is thrown away ─► closed

uvicorn bounds none of these: a head of 300 MB is kept in memory, and one that comes a byte every five seconds never
ends. Time is the loop's (`loop.time`, `loop.call_at`), one timer per connection.
"""

import asyncio
import logging
from asyncio.events import TimerHandle
from collections import deque
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from groundwork.front.connections import Connections
from groundwork.front.limits import FrontLimits
from groundwork.problems import MEDIA_TYPE, problem

log = logging.getLogger(__name__)

DRAIN_SECONDS = 5.0
DRAIN_BYTES = 512 * 1024 * 1024
"""What is thrown away after a refusal: a close with bytes unread resets the connection, and the client loses the
status. Throwing away costs no memory and little time, so the seconds are the bound that matters."""
FRAMING = frozenset({b"connection", b"content-length", b"transfer-encoding"})
"""The fields of a head that say where its body ends, and whether another request may follow."""
SMALL_BYTES = 64 * 1024
"""Of a body; such requests are most of all, and a place for each of them is a bound by itself."""
BODY_PER_FRAMING = 4
"""Least bytes of a body for each byte around its chunks, beyond `PIECE_BYTES`: lines of 24 characters one by one."""
PIECE_BYTES = 16 * 1024
"""So much goes to the parser at a time."""
UNUSED_BYTES = 32 * 1024 * 1024
"""Of a body whose request was answered before it came whole."""


class _Refused(Exception):
    """Leaves the parser from a callback; `FrontProtocol._refusal` says why."""


class FrontProtocol(HttpToolsProtocol):
    """One connection. Bytes of a head are counted before the parser collects them; whatever brings neither a head to
    its end nor a body forward (chunk extensions, trailers, blank lines) counts like a head."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        limits: FrontLimits,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, asyncio.get_running_loop())
        self._limits = limits
        self._connections = connections
        self._cycles: deque[RequestResponseCycle] = deque()  # not answered yet, the oldest first
        self._timer: TimerHandle | None = None
        self._timer_at = self._deadline = 0.0  # 0: none
        self._stall: TimerHandle | None = None
        self._phase = ""
        self._overhead = 0  # bytes since the last progress
        self._progressed = False
        self._in_head = self._in_body = False
        self._head_seen = self._fields = 0
        self._in_window = 0  # bytes of the body
        self._unused = 0
        self._kept = 0  # bytes of bodies that are not answered yet
        self._chunks: list[bytes] = []  # of the body, not handed on yet
        self._received = self._received_before = 0  # bytes of bodies: all, and those of earlier requests
        self._framing = 0  # bytes of what is around the chunks of this body
        self._refusal = HTTPStatus.BAD_REQUEST
        self._deaf = False  # what comes is thrown away
        self._drained = 0
        self._resuming = False  # a new parser reads the head that another one has read

    # asyncio's side ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        if self._connections.admit(self, self.client[0] if self.client else None):
            self._settle()
        else:
            self._deaf = True
            self.transport.write(refusal(HTTPStatus.SERVICE_UNAVAILABLE))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """uvicorn tells the last request alone; those before it would go on for nobody."""
        self._connections.release(self)
        self._deadline = 0.0
        self._deaf = True
        for timer in (self._timer, self._stall):
            if timer is not None:
                timer.cancel()
        for cycle in self._cycles:
            cycle.disconnected = True
            cycle.message_event.set()
        self._cycles.clear()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._drained += len(data)
            if self._drained > DRAIN_BYTES:
                self.transport.abort()
            return
        self._unset_keepalive_if_required()
        start = 0
        while start < len(data) and not self._deaf:
            piece = data[start : start + min(PIECE_BYTES, self._limits.head_bytes - self._overhead)]
            if not piece:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                return
            start += len(piece)
            self._feed(piece)
        self._settle()

    def pause_writing(self) -> None:
        super().pause_writing()
        size = self.transport.get_write_buffer_size()
        self._watch_writing(size)
        self._connections.hold(self, self._kept + size)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        self._connections.hold(self, self._kept if self._kept > SMALL_BYTES else 0)

    def give_way(self) -> bool:
        """See `Holder`. An answer is taken too slowly, or a body comes too slowly."""
        if self.flow.write_paused:
            self._deaf = True
            self.transport.abort()
        elif self._in_body and not self._deaf:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            return False
        return True

    def displace(self) -> None:
        """Give the place up for a newcomer."""
        self._deaf = True
        self.transport.abort()

    # The parser's side ------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._resuming:
            return
        super().on_message_begin()
        self._in_head, self._head_seen, self._fields = True, 0, 0

    def on_url(self, url: bytes) -> None:
        if self._resuming:
            return
        self._head_seen += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer, which must not pass for a header (RFC 9110, section 6.5.1)
        self._head_seen += len(name) + len(value) + 4
        self._fields += 1
        if self._fields > self._limits.head_fields:
            self._raise(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._resuming:
            return
        if self._head_seen > self._limits.head_bytes:
            self._raise(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not self.url.startswith(b"/"):
            self._read_absolute_form()
        if len(self.pipeline) >= self._limits.pipelined:
            self._cycles[-1].keep_alive = False  # the answer to the last one that was taken ends the connection
            self._deaf = True
            raise _Refused
        super().on_headers_complete()
        self._in_head, self._in_body, self._progressed = False, True, True
        self._in_window = self._unused = self._framing = 0
        self._received_before = self._received
        self._phase = "begun"  # so that the body's first window is a whole one
        self._cycles.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        """Called for every chunk, however small, so that it does next to nothing."""
        self._progressed = True
        self._received += len(body)
        self._chunks.append(body)

    def _deliver(self) -> None:
        if not self._chunks:
            return
        body = b"".join(self._chunks)
        self._chunks.clear()
        self._in_window += len(body)
        if self.cycle.response_complete:
            self._unused += len(body)
            if self._unused > UNUSED_BYTES:
                self._deaf = True
                self.transport.close()
        if not self._deaf:
            super().on_body(body)
            self._keep(len(body))

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # the parser says so at the end of the head already
        self._deliver()
        self._in_body, self._progressed = False, True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._cycles:
            self._cycles.popleft()
        if not self._cycles:
            self._kept = 0
            if not self.flow.write_paused:
                self._connections.hold(self, 0)
        super().on_response_complete()
        self._settle()

    def _keep(self, size: int) -> None:
        if not self.cycle.response_complete:
            self._kept += size
            if self._kept > SMALL_BYTES:
                self._connections.hold(self, self._kept)

    def _feed(self, piece: bytes) -> None:
        self._progressed = False
        rest, in_body, before = piece, self._in_body, self._received
        try:
            while rest and not self._deaf:
                rest = self._parse(rest)
            if in_body and self._in_body:
                self._count_framing(len(piece) - (self._received - before))
        except (httptools.HttpParserError, _Refused):
            if not self._deaf:
                self._refuse(self._refusal)
            return
        if self._progressed:
            self._overhead = self._head_seen if self._in_head else 0
        else:
            self._overhead += len(piece)

    def _count_framing(self, size: int) -> None:
        """A body in chunks of a byte costs a hundred times what it costs in large ones."""
        self._framing += size
        if self._framing > PIECE_BYTES + (self._received - self._received_before) // BODY_PER_FRAMING:
            self._raise(HTTPStatus.BAD_REQUEST)

    def _parse(self, piece: bytes) -> bytes:
        """Returns what the parser left, which it does at an upgrade."""
        try:
            self.parser.feed_data(piece)
            self._deliver()
            return b""
        except httptools.HttpParserUpgrade as upgrade:
            if self.scope["method"] == "CONNECT":  # what follows is no HTTP
                self._in_body, self._progressed, self._deaf = False, True, True
                self.cycle.keep_alive = self.cycle.more_body = False
                self.cycle.message_event.set()
                return b""
            self._ignore_upgrade()
            return piece[upgrade.args[0] :]

    def _ignore_upgrade(self) -> None:
        """There is nothing to upgrade to, so the request goes on as if it had not asked (RFC 9110, section 7.8). The
        parser would skip its body; a new one, told how long the body is, reads it."""
        head = [b"POST / HTTP/" + self.parser.get_http_version().encode("ascii")]
        head += [name + b": " + value for name, value in self.headers if name in FRAMING]
        self.parser = httptools.HttpRequestParser(self)
        self._resuming = True
        try:
            self.parser.feed_data(b"\r\n".join([*head, b"", b""]))
        finally:
            self._resuming = False

    def _raise(self, status: HTTPStatus) -> None:
        self._refusal = status
        raise _Refused

    def _read_absolute_form(self) -> None:
        """The authority of the target takes the place of `Host` (RFC 9112, section 3.2.2); the rest is the path."""
        target = httptools.parse_url(self.url)  # raises for what is no URL, e.g. `*`
        if target.schema is None or not target.host or target.userinfo is not None:
            self._raise(HTTPStatus.BAD_REQUEST)
        host = b"[%b]" % target.host if b":" in target.host else target.host
        port = b"" if target.port is None else b":%d" % target.port
        self.headers[:] = [(name, value) for name, value in self.headers if name != b"host"]
        self.headers.append((b"host", host + port))
        self.url = (target.path or b"/") + (b"" if target.query is None else b"?" + target.query)

    # Deadlines --------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Look at where the connection is, and set the deadline where that is something new."""
        if self.transport.is_closing():
            phase = "closing"
        elif self._deaf and not self._cycles:
            phase = "drain"
        elif self._in_body and not self._deaf:
            phase = "body"
        elif self._cycles:
            phase = "busy"
        elif self._in_head or self._overhead or not self._phase:
            phase = "head"
        else:
            phase = "idle"
        if phase == self._phase:
            return
        self._phase = phase
        self._connections.waits(self, phase in ("head", "idle"))
        limits = self._limits
        self._expect(
            {
                "closing": limits.stall_seconds,
                "drain": DRAIN_SECONDS,
                "body": limits.body_seconds,
                "head": limits.head_seconds,
                "idle": limits.idle_seconds,
            }.get(phase)
        )

    def _expect(self, seconds: float | None) -> None:
        if seconds is None:
            self._deadline = 0.0
            return
        self._deadline = self.loop.time() + seconds
        if self._timer is not None and self._timer_at > self._deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer_at = self._deadline
            self._timer = self.loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        """A deadline that has moved on costs one look more, and no timer per request."""
        self._timer = None
        if not self._deadline:
            return
        if self.loop.time() < self._deadline:
            self._timer_at = self._deadline
            self._timer = self.loop.call_at(self._deadline, self._look)
        else:
            self._overdue()

    def _overdue(self) -> None:
        if self._phase in ("closing", "drain"):
            self.transport.abort()
        elif self._phase == "body" and self._body_moves():
            self._in_window = 0
            self._expect(self._limits.body_seconds)
        elif self._phase == "head" and not self._overhead and not self._in_head:
            self.transport.close()  # a browser connects in advance and must not find a 408 there
            self._settle()
        elif self._phase == "idle":
            self.transport.close()
            self._settle()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _body_moves(self) -> bool:
        """Not the client's fault: we do not read, since the application is slower."""
        return self.flow.read_paused or (
            self._in_window >= self._limits.body_bytes_per_second * self._limits.body_seconds
        )

    def _watch_writing(self, size: int) -> None:
        """A client that takes nothing of its answer holds the answer's memory."""
        self._stall = self.loop.call_later(self._limits.stall_seconds, self._look_at_writing, size)

    def _look_at_writing(self, before: int) -> None:
        size = self.transport.get_write_buffer_size()
        if size and size >= before:
            self.transport.abort()
        else:
            self._watch_writing(size)

    # Refusals ---------------------------------------------------------------------------------------------------------

    def _refuse(self, status: HTTPStatus) -> None:
        """End the connection, with an answer where none is under way."""
        self._deaf = True
        log.debug("%s: %s", self.client, status.phrase)
        if self.transport.is_closing():
            return
        if self._in_body:
            self._refuse_body(status)
        elif self._cycles:
            self._cycles[-1].keep_alive = False  # this was a later request: the earlier ones are answered
        else:
            self._answer(status)
        self._settle()

    def _refuse_body(self, status: HTTPStatus) -> None:
        """The application learns that the client is gone, and its answer goes nowhere."""
        alone = len(self._cycles) == 1 and not self._cycles[0].response_started
        for cycle in self._cycles:
            cycle.disconnected = True
            cycle.message_event.set()
        self._cycles.clear()
        if alone:
            self._answer(status)
        else:
            self.transport.close()

    def _answer(self, status: HTTPStatus) -> None:
        self.flow.resume_reading()
        self.transport.write(refusal(status))
        if self.transport.can_write_eof():
            self.transport.write_eof()


def refusal(status: HTTPStatus) -> bytes:
    """A whole answer with a problem, after which the connection ends."""
    body = problem(status.value, status.name.lower(), status.phrase, status.description or status.phrase)
    head = [
        b"HTTP/1.1 %d %b" % (status.value, status.phrase.encode("ascii")),
        b"connection: close",
        b"content-type: " + MEDIA_TYPE.encode(),
        b"content-length: %d" % len(body),
        *([b"retry-after: 1"] if status is HTTPStatus.SERVICE_UNAVAILABLE else []),
    ]
    return b"\r\n".join([*head, b"", body])
