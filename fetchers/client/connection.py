"""One connection to a fetcher's service, kept for the next question. Made and kept by `http.py`.

One question at a time. The answer is pulled: what has come and was not read yet is bounded, and the service waits for
who reads slowly.
"""

import asyncio
from collections import deque
from typing import cast

import httptools

OK = 200
MOST_HEAD_BYTES = 16 * 1024
MOST_UNREAD = 256 * 1024


class ServiceConnection(asyncio.Protocol):
    """See the module."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._unread: deque[bytes] = deque()
        self._size = 0
        self._head_bytes = 0
        self._status = 0
        self._seconds_left = self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._over = True
        self._error: OSError | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_ready(self) -> bool:
        """For the next question: the last one was answered to its end."""
        return self.is_open and self._over and not self._unread

    async def ask(self, request: bytes, seconds: float) -> int:
        """Send `request`; the status of its answer, whose content `read` gives, all within so many seconds of waiting.

        Raises OSError, of which TimeoutError is one.
        """
        if self._transport is None:
            raise ConnectionResetError("the fetcher ended the connection")
        self._unread.clear()
        self._size = self._head_bytes = self._status = 0
        self._over, self._seconds_left = False, seconds
        self._transport.write(request)
        while not self._status:
            await self._more()
        return self._status

    async def read(self) -> bytes:
        """The next piece of the content; empty at its end. Raises OSError."""
        while not self._unread and not self._over:
            await self._more()
        if not self._unread:
            return b""
        piece = self._unread.popleft()
        self._size -= len(piece)
        if self._paused and self._size <= MOST_UNREAD and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return piece

    def close(self) -> None:
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()

    async def _more(self) -> None:
        """Returns when something has come. Time in which nobody waits is not the fetcher's."""
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        self._due = self._loop.time() + self._seconds_left
        if self._timer is None:  # one for all waits of an answer, and set anew where it rings too early
            self._timer = self._loop.call_at(self._due, self._ring)
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._seconds_left = max(self._due - self._loop.time(), 0.0)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._ring)
        else:
            self._fail(TimeoutError("no answer in time"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: OSError) -> None:
        self._error = self._error or error
        self.close()
        self._wake()

    # asyncio's side ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(ConnectionResetError("the fetcher ended the connection"))

    def data_received(self, data: bytes) -> None:
        if self._over:
            self.close()  # nothing was asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError) as error:
            self._fail(ConnectionError(f"invalid answer: {error}"))
            return
        if not self._status:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._fail(ConnectionError("invalid answer: its head does not end"))
        elif self._size > MOST_UNREAD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    # httptools' side --------------------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._unread.append(body)
        self._size += len(body)

    def on_message_complete(self) -> None:
        if self._over:
            raise ValueError("a second answer to one request")
        self._over = True
        self._stop_timer()
        if not self._parser.should_keep_alive() and self._transport is not None:
            self._transport.close()
