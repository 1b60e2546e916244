"""How much of a body is read, by what it is for, its status and its type."""

import pytest

from fetchers.body.limits import ERROR_PAGE_BYTES, BodyPlan, plan_body
from fetchers.config import FetchLimits
from fetchers.model import HopRequest

LIMITS = FetchLimits(page_bytes=100, picture_bytes=200, direct_bytes=300, media_bytes=40, robots_bytes=50)


def request(purpose: str = "page", most: int | None = None) -> HopRequest:
    return HopRequest("http://a.test/", 1.0, 1.0, purpose=purpose, max_bytes=most)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "status", "content_type", "expected"),
    [
        (request(), 200, "text/html; charset=utf-8", BodyPlan(100, keeps_parts=True, is_text=True)),
        (request(), 200, "application/vnd.api+json", BodyPlan(100, keeps_parts=True, is_text=True)),
        (request(), 200, "IMAGE/png", BodyPlan(200, keeps_parts=True)),
        (request(), 200, "video/mp4", BodyPlan(40, cut=True, keeps_parts=True)),
        (request(), 200, "application/zip", None),
        (request(), 404, "application/zip", BodyPlan(ERROR_PAGE_BYTES, cut=True, keeps_parts=True)),
        (request("robots"), 200, "text/html", BodyPlan(50, cut=True, keeps_parts=True, is_text=True)),
        (request("picture"), 200, "text/html", BodyPlan(200)),
        (request("picture", 20), 200, "image/png", BodyPlan(20)),
        (request("direct"), 200, "application/zip", BodyPlan(300)),
        (request("direct", 20), 500, "application/zip", BodyPlan(20)),
        (request("direct", 10**9), 200, "application/zip", BodyPlan(300)),
    ],
)
def test_a_body_is_read_as_far_as_it_is_used(
    asked: HopRequest, status: int, content_type: str, expected: BodyPlan | None
) -> None:
    assert plan_body(asked, status, content_type, LIMITS) == expected


@pytest.mark.parametrize(
    ("start", "limit"),
    [
        (b"<html>", 100),
        (b"plain words", 100),
        (b"\x89PNG\r\n\x1a\n", 200),
        (b"OggS\0", 40),
        (b"PK\x03\x04", None),
        (b"\0\1", None),
    ],
)
def test_a_body_without_a_type_is_read_as_what_its_first_bytes_are(start: bytes, limit: int | None) -> None:
    """As far as one that says so."""
    plan = plan_body(request(), 200, "", LIMITS)
    assert plan is not None
    assert plan.sniff is not None
    found = plan.sniff(start)
    assert (found and found.limit) == limit
