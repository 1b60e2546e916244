"""Versions of a page: the one of a moment, and what changed."""

from datetime import UTC, datetime

import msgspec
import pytest

from schedulers.model import Content, Known, Page, Status, UrlState
from spiderduck.api.parameters import BadParameter, moment
from spiderduck.api.urls.versions import Version, described, known_at

URL = "http://a.test/"


def page(number: int, **metadata: object) -> Page:
    return Page(
        id=number,
        key=URL,
        url=URL,
        fetched_at=100.0 * number,
        status_code=200,
        content=Content("text/html", 1, f"sha-{number // 2}"),
        metadata=msgspec.json.encode(metadata),
        provenance=b"{}",
    )


FIRST = page(1, title="A duck", image={"url": "http://a.test/1.png"})
SECOND = page(2, title="A goose", image={"url": "http://a.test/1.png"}, content_hash="x")
THIRD = page(3, title="A goose", description="It flies.")
VERSIONS = [THIRD, SECOND, FIRST]
NOW = Known(state=UrlState(URL, URL, Status.HTTP_ERROR, reason="gone", page_id=3, fresh_until=9.0), page=THIRD)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_version_of_then_was_known_as_fetched(version: Page) -> None:
    found = known_at(NOW, version)
    assert found.page is version
    assert found.state is not None
    assert (found.state.page_id, found.state.status, found.state.reason) == (version.id, Status.FETCHED, None)


def test_without_a_version_nothing_was_known() -> None:
    assert known_at(NOW, None) == Known()
    assert known_at(Known(), None) == Known()


def told(version: Version) -> list[tuple[str, bytes | None, bytes | None]]:
    return [(one.field, one.before and bytes(one.before), one.after and bytes(one.after)) for one in version.changed]


def test_each_version_tells_what_changed() -> None:
    third, second, first = described(VERSIONS)
    assert first.changed == ()
    assert told(second) == [
        ("content.sha256", b'"sha-0"', b'"sha-1"'),
        ("title", b'"A duck"', b'"A goose"'),
    ]
    assert told(third) == [
        ("description", None, b'"It flies."'),
        ("image", b'{"url":"http://a.test/1.png"}', None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:47:34Z",
        "2026-11-22t10:47:34z",
        "2026-11-22 10:47:34Z",
        "2026-11-22T11:47:34+01:00",
        "2026-11-22T11:47:34 01:00",  # a + that was not escaped
        "2026-11-22T08:17:34-02:30",
        "2026-11-22T10:47:34",
        "2026-11-22T10:47:34.000Z",
        "2026-11-22T10:47:34.000000000Z",
        "2026-11-22T10:47:34.0Z",
    ],
)
def test_a_moment_is_a_time(text: str) -> None:
    assert moment(text) == datetime(2026, 11, 22, 10, 47, 34, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-02", 86_400), ("1970-01-01T00:01", 60), ("1970-01-01T00:00:60Z", 60), ("1970-01-01T00:00:00.25Z", 0.25)],
)
def test_parts_may_be_left_out_and_minutes_may_leap(text: str, seconds: float) -> None:
    assert moment(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "yesterday",
            "1764000000",
            "2026-13-01",
            "9" * 99,
            "2026-02-30",
            "2026-W48",
            "20261122",
            "2026-11-22T24:00",
        ),
        *(
            "2026-11-22T10:47:34+99:99",
            "2026-11-22T10",
            "\uff12026-11-22",
            "2026-11-22\n",
            "0000-01-01",
            "2026-11-22T10:47:61Z",
        ),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="as_of"):
        moment(text)
