"""One connection to a fetcher's service, kept for the next question. Made and kept by `http.py`.

One question at a time, and a body is held once, however large: what arrives goes at once to whoever wants it (`Sink`).
"""

import asyncio
import io
from typing import Protocol, cast

import httptools

OK = 200
MOST_HEAD_BYTES = 16 * 1024


class Sink(Protocol):
    """Takes the content of a good answer as it comes. May raise ValueError for what it cannot be."""

    def write(self, piece: bytes, /) -> object: ...


class ServiceConnection(asyncio.Protocol):
    """See the module."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._complaint = io.BytesIO()
        self._sink: Sink = self._complaint
        self._head_bytes = 0
        self._status = 0
        self._timer: asyncio.TimerHandle | None = None
        self._seconds_left = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, sink: Sink, seconds: float) -> tuple[int, bytes]:
        """The status, and what was said where that is not 200; else the content is in `sink`.

        Raises OSError, of which TimeoutError is one; the connection is closed then.
        """
        if self._transport is None:
            raise ConnectionResetError("the fetcher ended the connection")
        answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._sink, self._head_bytes, self._status = sink, 0, 0
        self._transport.write(request)
        self._set_timer(seconds)
        try:
            return await answer
        except BaseException:
            self.close()  # the answer would be taken for the next one's
            raise
        finally:
            self._answer = None
            self._sink = self._complaint
            self.resume()
            self._stop_timer()

    def pause(self) -> None:
        """Read no more until `resume`: whoever wants the content is behind. That is not the fetcher's time."""
        if self._transport is not None and self.is_open:
            self._transport.pause_reading()
            if self._timer is not None:
                self._seconds_left = max(self._timer.when() - asyncio.get_running_loop().time(), 0.0)
                self._stop_timer()

    def resume(self) -> None:
        if self._transport is not None and self.is_open:
            self._transport.resume_reading()
            if self._timer is None and self._answer is not None:
                self._set_timer(self._seconds_left)

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
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError) as error:
            self._fail(ConnectionError(f"invalid answer: {error}"))
            return
        if not self._status:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._fail(ConnectionError("invalid answer: its head does not end"))

    # httptools' side --------------------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._status != OK:
            self._sink = self._complaint = io.BytesIO()

    def on_body(self, body: bytes) -> None:
        self._sink.write(body)

    def on_message_complete(self) -> None:
        if self._answer is None or self._answer.done():
            raise ValueError("a second answer to one request")
        if not self._parser.should_keep_alive():
            self.close()
        said = b"" if self._status == OK else self._complaint.getvalue()
        self._answer.set_result((self._status, said))

    def _set_timer(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._fail, TimeoutError("no answer in time"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail(self, error: OSError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
