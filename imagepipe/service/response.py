"""A finished answer as ASGI sends it, its safety headers, how long others may keep it (RFC 9111,
RFC 5861), and whether 304 is the answer.

The framework's own response class would take longer than finding the picture.
"""

from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime

from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from imagepipe.config import PipelineConfig
from imagepipe.model import VariantResult

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


SHORTLY = 60
"""Seconds for an answer that is not the last word, an old picture or one that stands in: long enough to spare the
origin, short enough to see it come back."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, and when the signed address is over (both epoch seconds; None: never)."""

    now: float
    over_at: int | None = None

    @property
    def left(self) -> float:
        """Seconds for which the address may still be used."""
        return float("inf") if self.over_at is None else max(0.0, self.over_at - self.now)


def cache_control(config: PipelineConfig, found: VariantResult, moment: Moment, *, stands_in: bool) -> bytes:
    """The header's value. `stands_in`: the picture is shown in place of an error."""
    left = moment.left
    if stands_in:
        return b"public, max-age=%d" % min(SHORTLY, left)
    if found.preview or found.storage == "nobody":
        return b"no-store"
    until = found.stale_at - moment.now
    if found.storage == "client":
        return b"private, max-age=%d" % max(0.0, min(until, left))
    fresh = int(min(SHORTLY if until <= 0 else until, config.max_fresh_seconds, left))
    old = max(0.0, -until)  # seconds by which it is stale already
    revalidate = int(min(max(0.0, config.stale_while_revalidate - old), left - fresh))
    on_error = int(min(max(0.0, config.stale_if_error - old), left - fresh))
    return b"public, max-age=%d, stale-while-revalidate=%d, stale-if-error=%d" % (fresh, revalidate, on_error)
