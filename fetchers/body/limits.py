"""How much of a body is read: in full, the first bytes, or nothing. Pure; asked by `fetcher.py` once the head is there.

A body is read in full only where all of it will be used.
"""

from dataclasses import dataclass

from fetchers.config import Limits
from fetchers.model import HopRequest

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

ERROR_PAGE_BYTES = 512 * 1024
"""Enough to recognise a challenge or a log-in page behind a 403."""


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """Read at most `limit` decoded bytes; a longer body is cut there (`cut`), or ends the fetch as too large."""

    limit: int
    cut: bool = False


def plan_body(request: HopRequest, status_code: int, content_type: str | None, limits: Limits) -> BodyPlan | None:
    """None where bodies of this type are not used at all."""
    if request.purpose == "robots":
        return BodyPlan(limits.robots_bytes, cut=True)
    if request.purpose == "picture":
        return BodyPlan(request.max_bytes or limits.picture_bytes)
    if request.purpose == "direct":
        return BodyPlan(min(request.max_bytes or limits.direct_bytes, limits.direct_bytes))
    if status_code >= 300:
        return BodyPlan(ERROR_PAGE_BYTES, cut=True)
    essence = (content_type or "text/html").partition(";")[0].strip().lower()
    if essence.startswith(READ_IN_FULL) or essence.endswith(("+xml", "+json")):
        limit = limits.picture_bytes if essence.startswith("image/") else limits.page_bytes
        return BodyPlan(request.max_bytes or limit)
    if essence.startswith(READ_FIRST_BYTES):
        return BodyPlan(limits.media_bytes, cut=True)
    return None
