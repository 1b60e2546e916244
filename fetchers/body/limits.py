"""How much of a body is read: in full, the first bytes, or nothing. Pure.

Asked by `exchange.py` once the head is there. A body is read in full only where all of it will be used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fetchers.config import FetchLimits
from fetchers.media_type import essence_of, sniffed_type
from fetchers.model import Ended, Ending, Headers, HopRequest, Response

READ_IN_FULL = (
    "text/",
    "application/xhtml+xml",
    "application/xml",
    "application/json",
    "application/ld+json",
    "application/feed+json",
    "application/activity+json",
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/pdf",
    "image/",
)
READ_FIRST_BYTES = ("audio/", "video/", "application/ogg", "application/vnd.apple.mpegurl", "application/x-mpegurl")
"""Their title and duration stand in the container's first bytes."""

WEBHOOK_BYTES = 16 * 1024
"""Of a receiver's answer, whose status says all: enough to read a usual one to its end and keep the connection."""
ERROR_PAGE_BYTES = 512 * 1024
"""Enough to recognise a challenge or a log-in page behind a 403."""


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """Read at most `limit` decoded bytes; a longer body is cut there (`cut`), or ends the fetch as too large.

    `keeps_parts`: what came of a body that breaks off is of use. `is_text`: its type says so, or what it is for.
    `sniff`: the headers say no type, and its first bytes say what the plan is (None: bodies of that type are not used).
    """

    limit: int
    cut: bool = False
    keeps_parts: bool = False
    is_text: bool = False
    sniff: "Callable[[bytes], BodyPlan | None] | None" = None

    def forbids(self, response: Response) -> bool:
        """Whether the head says already that the body is longer than it may be."""
        length = announced_length(response)
        return length is not None and length > self.limit and not self.cut

    def exceeded(self) -> Ended:
        """How a fetch ends whose body is longer than it may be."""
        return Ended(Ending.TOO_LARGE, f"its body is larger than {self.limit} bytes")


TEXT_ENDINGS = ("/xml", "+xml", "/json", "+json")
TRANSFER_CODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})


def encodings_of(headers: Headers) -> str:
    """All that was done to the body, in order. Several lines are one list (RFC 9110, section 5.3), and a coding of the
    transfer, which nobody asked for, was done last."""
    said = [value for name, value in headers if name == "content-encoding"]
    for name, value in headers:
        if name == "transfer-encoding":
            said += [coding for coding in value.lower().split(",") if coding.strip() in TRANSFER_CODINGS]
    return ",".join(said).strip().lower()


def announced_length(response: Response) -> int | None:
    """How long the body will be, where its server said so and neither an encoding nor chunks count instead."""
    length = response.header("content-length") or ""
    if encodings_of(response.headers) not in ("", "identity") or response.header("transfer-encoding"):
        return None
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None


def plan_body(request: HopRequest, status_code: int, content_type: str, limits: FetchLimits) -> BodyPlan | None:
    """None where bodies of this type are not used at all. `content_type` is empty where none is said."""
    if request.purpose == "robots":
        return BodyPlan(limits.robots_bytes, cut=True, keeps_parts=True, is_text=True)
    if request.purpose == "webhook":
        return BodyPlan(WEBHOOK_BYTES, cut=True, keeps_parts=True)
    if request.purpose == "picture":
        return BodyPlan(request.max_bytes or limits.picture_bytes)
    if request.purpose == "direct":
        return BodyPlan(min(request.max_bytes or limits.direct_bytes, limits.direct_bytes))
    if status_code >= 300:
        return BodyPlan(ERROR_PAGE_BYTES, cut=True, keeps_parts=True, is_text=is_text(essence_of(content_type)))
    if not content_type:
        sniff = partial(_plan_of_sniffed, request, limits)
        return BodyPlan(request.max_bytes or limits.page_bytes, keeps_parts=True, sniff=sniff)
    return _plan_of(essence_of(content_type), request, limits)


def is_text(essence: str) -> bool:
    """Whether bodies of that type are text, whose first bytes cannot be those of compressed data."""
    return essence.startswith("text/") or essence.endswith(TEXT_ENDINGS)


def _plan_of_sniffed(request: HopRequest, limits: FetchLimits, start: bytes) -> BodyPlan | None:
    return _plan_of(sniffed_type(start), request, limits)


def _plan_of(essence: str, request: HopRequest, limits: FetchLimits) -> BodyPlan | None:
    if essence.startswith(READ_IN_FULL) or essence.endswith(("+xml", "+json")):
        limit = limits.picture_bytes if essence.startswith("image/") else limits.page_bytes
        return BodyPlan(request.max_bytes or limit, keeps_parts=True, is_text=is_text(essence))
    if essence.startswith(READ_FIRST_BYTES):
        return BodyPlan(limits.media_bytes, cut=True, keeps_parts=True)
    return None
