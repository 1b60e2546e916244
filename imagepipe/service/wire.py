"""A finished answer as ASGI sends it. The framework's own response class would take longer than finding the picture."""

from dataclasses import dataclass

from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from imagepipe.service.safety import SAFETY_HEADERS

Headers = list[tuple[bytes, bytes]]

ALWAYS: Headers = [
    *((name.lower().encode(), value.encode()) for name, value in SAFETY_HEADERS.items()),
    (b"vary", b"Accept, Save-Data"),
]


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """An ASGI application that answers one request."""

    status: int
    headers: Headers
    body: bytes

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": self.status,
            "headers": [*ALWAYS, *self.headers],
        }
        await send(start)
        body: HTTPResponseBodyEvent = {"type": "http.response.body", "body": self.body, "more_body": False}
        await send(body)
