"""Any httpx transport behind the `Transport` port: httpx's own (under pytest-httpx), an ASGI application, and others.

They know nothing of the right to send, so it is asked for just before them, and a request counts as written when its
answer's head has come.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

import httpx

from fetchers.errors import ConnectError, ProtocolError, TimedOut, TransportError, TurnLost
from fetchers.ports import AnswerHead, TransportAnswer, TransportRequest


class HttpxTransport:
    """`transport`, as the fetcher asks it. Closing it stays with whoever made it."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    @asynccontextmanager
    async def open(self, request: TransportRequest) -> AsyncIterator[TransportAnswer]:
        """The `Transport` port. A URL reaches the transport as far as httpx can hold it."""
        parts, timeouts = request.parts, request.timeouts
        if not request.right.may_write():
            raise TurnLost(f"the turn for {parts.host} went elsewhere")
        seconds = {
            "connect": timeouts.connect,
            "read": timeouts.read,
            "write": timeouts.read,
            "pool": timeouts.connect,
        }
        with _translated(parts.host):
            outgoing = httpx.Request(
                "GET" if request.body is None else "POST",
                parts.origin + parts.target,
                headers=list(request.headers),
                content=request.body,
                extensions={"target": parts.target.encode("ascii"), "timeout": seconds},
            )
            response = await self._transport.handle_async_request(outgoing)
        request.right.written()
        stream = cast(httpx.AsyncByteStream, response.stream)
        try:
            yield _head(response), _pieces(stream, parts.host)
        finally:
            await stream.aclose()


async def _pieces(stream: httpx.AsyncByteStream, host: str) -> AsyncIterator[bytes]:
    with _translated(host):
        async for piece in stream:
            yield piece


def _head(response: httpx.Response) -> AnswerHead:
    return AnswerHead(
        response.status_code,
        tuple(response.headers.raw),
        _text(response.extensions.get("http_version"), "HTTP/1.1"),
        _text(response.extensions.get("reason_phrase"), ""),
    )


def _text(value: object, default: str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else default


@contextmanager
def _translated(host: str) -> Iterator[None]:
    try:
        yield
    except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
        raise _ours(error, host) from error


def _ours(error: Exception, host: str) -> TransportError:
    said = f"{host}: {error or type(error).__name__}"
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(said, "connect" if isinstance(error, httpx.ConnectTimeout) else "read")
    if isinstance(error, httpx.ProtocolError | httpx.DecodingError | httpx.InvalidURL):
        return ProtocolError(said)
    return ConnectError(said)
