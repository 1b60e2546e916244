"""A finished answer as ASGI sends it, its safety headers, and whether 304 is the answer.

The framework's own response class would take longer than finding the picture.
"""

from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime

from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

SAFETY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


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


def http_date(moment: float) -> str:
    """A moment as HTTP writes it."""
    return formatdate(moment, usegmt=True)


def is_not_modified(etag: str, modified_at: float, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether 304 is the answer."""
    if if_none_match is not None:
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return "*" in tags or etag in tags
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since).timestamp()
    except (ValueError, OverflowError, OSError):  # no date, or one that this system has no number for
        return False
    return int(modified_at) <= since
