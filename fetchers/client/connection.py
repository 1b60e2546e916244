"""One connection to a fetcher's service, kept for the next question. Made and kept by `http.py`.

Its one rule: one question at a time, and a body is held once, however large: what arrives goes at once to whoever wants
it (`Sink`). The service is ours, so its answers have a status line and a length and nothing cleverer.
"""

import asyncio
import io
import re
from typing import Protocol, cast

OK = 200
MOST_HEAD_BYTES = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*\r\n", re.IGNORECASE)


class Sink(Protocol):
    """Takes the content of a good answer as it comes. May raise ValueError for what it cannot be."""

    def write(self, piece: memoryview, /) -> object: ...


class ServiceConnection(asyncio.Protocol):
    """See the module."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._complaint = io.BytesIO()
        self._sink: Sink = self._complaint
        self._head = b""
        self._status = 0
        self._left = 0
        self._last = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, sink: Sink, seconds: float) -> tuple[int, bytes]:
        """The status, and what was said where that is not 200; else the content is in `sink`.

        Raises OSError, of which TimeoutError is one; the connection is closed then.
        """
        if self._transport is None:
            raise ConnectionResetError("the fetcher ended the connection")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[int, bytes]] = loop.create_future()
        self._answer = answer
        self._sink, self._head, self._status = sink, b"", 0
        self._transport.write(request)
        timer = loop.call_later(seconds, self._fail, TimeoutError("no answer in time"))
        try:
            return await answer
        except BaseException:
            self.close()  # the answer would be taken for the next one's
            raise
        finally:
            timer.cancel()
            self._answer = None
            self._sink = self._complaint

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # asyncio's side ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(ConnectionResetError("the fetcher ended the connection"))

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # nothing was asked
            return
        try:
            piece = memoryview(data) if self._status else self._begin(data)
            if piece is not None:
                self._take(piece)
        except ValueError as error:
            self._fail(ConnectionError(f"no proper answer: {error}"))

    def _begin(self, data: bytes) -> memoryview | None:
        """Read the head, once it is there; returns what of `data` lies behind it."""
        head = self._head + data if self._head else data
        end = head.find(b"\r\n\r\n")
        if end < 0:
            if len(head) > MOST_HEAD_BYTES:
                raise ValueError("its head does not end")
            self._head = head
            return None
        lines = head[: end + 2]
        status, length = _STATUS.match(lines), _LENGTH.search(lines)
        if status is None or length is None:
            raise ValueError("it has no status or no length")
        self._status, self._left = int(status[1]), int(length[1])
        self._last = _CLOSE.search(lines) is not None
        if self._status != OK:
            self._sink = self._complaint = io.BytesIO()
        return memoryview(head)[end + 4 :]

    def _take(self, piece: memoryview) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise ValueError("it is longer than it says")
        if piece:
            self._sink.write(piece)
        if self._left == 0 and self._answer is not None:
            if self._last:
                self.close()
            said = b"" if self._status == OK else self._complaint.getvalue()
            self._answer.set_result((self._status, said))

    def _fail(self, error: OSError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
