"""HTTP manners around an ASGI application, the same for every call of it:

- a request id: the caller's `X-Request-Id` or a new one; in the answer, and in what is logged meanwhile (`request_id`);
- `HEAD` wherever there is `GET`;
- `ETag` and 304 for answers that may be kept (their handler sets `Cache-Control` with a `max-age`);
- gzip and zstd for whole JSON bodies.

An answer that comes in pieces is passed on as it is.
"""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any

from groundwork.front.encodings import ENCODERS, accepted_coding

Message = Any
Headers = list[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered; empty outside of one."""

REQUEST_ID = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")
"""What is taken over from a caller. Anything else could break a log line, so a new id takes its place."""
SMALLEST_ENCODED = 1024
"""Bytes. Below, a coding saves less than a packet."""
INLINE_BYTES = 64 * 1024
"""What is longer is encoded beside the loop."""
MOST_BESIDE = 4
"""So many at a time. More go out as they are: each that waited would hold its whole body in memory."""
ENCODED_TYPES = (b"application/json", b"application/problem+json", b"application/vnd.oai.openapi")


class Manners:
    """An ASGI application before another one."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._beside = asyncio.Semaphore(MOST_BESIDE)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send, self._beside)
        token = request_id.set(answer.request_id.decode())
        try:
            await self._app(answer.scope, answer.receive, answer.send)
        finally:
            request_id.reset(token)


class _Answer:
    """One request and its answer on its way out."""

    def __init__(self, scope: Any, receive: Receive, send: Send, beside: asyncio.Semaphore) -> None:
        self._beside = beside
        self._headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self._is_head = scope["method"] == "HEAD"
        self._is_get = self._is_head or scope["method"] == "GET"
        self._receive = receive
        self._send = send
        self._start: Message | None = None
        self._over = False
        self.scope = {**scope, "method": "GET"} if self._is_head else scope
        given = _value(self._headers, b"x-request-id")
        self.request_id = given if given and REQUEST_ID.fullmatch(given) else secrets.token_hex(8).encode()

    async def receive(self) -> Message:
        """To a handler whose answer is over already (`HEAD` of a stream), its client has left."""
        return {"type": "http.disconnect"} if self._over else await self._receive()

    async def send(self, message: Message) -> None:
        if self._over:
            return
        if message["type"] == "http.response.start":
            headers = [_with_head(pair) for pair in message.get("headers", ())]
            message["headers"] = [*headers, (b"x-request-id", self.request_id)]
            self._start = message
            return
        if self._start is None:  # the head is out: a further piece of a body, or nothing that concerns us
            await self._send(message)
            return
        start, self._start = self._start, None
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            body = await self._finished(start, body)
            message = {"type": "http.response.body", "body": body}
        await self._send(start)
        if self._is_head:
            self._over = True
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _finished(self, start: Message, body: bytes) -> bytes:
        """A whole answer as it goes out; `start` is changed to fit."""
        headers: Headers = start["headers"]
        is_large = len(body) >= SMALLEST_ENCODED and _value(headers, b"content-type").startswith(ENCODED_TYPES)
        is_encoded = is_large and not _value(headers, b"content-encoding")
        if is_encoded:
            headers.append((b"vary", b"Accept-Encoding"))  # on a 304 as well (RFC 9110, section 15.4.5)
        if self._is_get and start["status"] == 200 and b"max-age" in _value(headers, b"cache-control"):
            tag = _value(headers, b"etag")
            if not tag:
                tag = b'W/"%b"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()
                headers.append((b"etag", tag))
            if _matches(_value(self._headers, b"if-none-match"), tag):
                start["status"] = 304
                start["headers"] = [pair for pair in headers if not pair[0].lower().startswith(b"content-")]
                return b""
        return await self._encoded(start, body) if is_encoded else body

    async def _encoded(self, start: Message, body: bytes) -> bytes:
        headers: Headers = start["headers"]
        coding = accepted_coding(_value(self._headers, b"accept-encoding").decode("latin-1"))
        if coding is None or (len(body) > INLINE_BYTES and self._beside.locked()):
            return body
        encode = ENCODERS[coding]
        if len(body) <= INLINE_BYTES:
            body = encode(body)
        else:
            async with self._beside:
                body = await asyncio.to_thread(encode, body)
        start["headers"] = [pair for pair in headers if pair[0].lower() != b"content-length"]
        start["headers"] += [(b"content-encoding", coding.encode()), (b"content-length", b"%d" % len(body))]
        return body


def _with_head(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A field; `Allow` says that what takes GET takes HEAD."""
    name, value = pair
    if name.lower() != b"allow" or b"HEAD" in value or b"GET" not in value:
        return pair
    return name, value.replace(b"GET", b"GET, HEAD", 1)


def _value(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """All values under a name as one list; empty where there is none."""
    found = [value for name, value in headers if name.lower() == wanted]
    return found[0] if len(found) == 1 else b", ".join(found)


def _matches(if_none_match: bytes, tag: bytes) -> bool:
    """Weak comparison (RFC 9110, section 13.1.2)."""
    opaque = tag.removeprefix(b"W/")
    return any(one.strip().removeprefix(b"W/") == opaque or one.strip() == b"*" for one in if_none_match.split(b","))
