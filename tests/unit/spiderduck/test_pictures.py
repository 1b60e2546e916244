"""What connects the image pipelines with the product: the fetcher is their source, the archive a cache beside."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from msgspec import structs

from fetchers.body.chunks import BodyEnd
from fetchers.model import Ended, Ending, HopRequest, NotNow, Response
from imagepipe.errors import ImageError, SourceFailed
from imagepipe.ports import SourceEnded, SourceResponse, Wanted
from schedulers.model import ArchiveLocation, Content, Known, Page
from schedulers.urls import dedup_key
from spiderduck.content.ports import Archived, NotUploadedYet
from spiderduck.errors import StoreUnavailable
from spiderduck.fetching import FetchThroughClient
from spiderduck.pictures.archived import MOST_AGE, ArchivedPictures
from spiderduck.pictures.source import FetcherSource, content_range
from spiderduck.stores.ports import Lookups
from tests.clock import FakeClock
from tests.unit.fetchers.bodies import hops

_URL = "http://pics.test/duck.png"
_NOW = 1_000_000_000.0


class _Store:
    def __init__(self, page: Page | None) -> None:
        self._page = page

    async def known(self, keys: Sequence[str]) -> Sequence[Known]:
        assert list(keys) == [dedup_key(_URL)]
        return [Known(page=self._page)]


class _Archive:
    def __init__(self, found: Archived | NotUploadedYet | StoreUnavailable | None) -> None:
        self._found = found

    async def read(self, location: ArchiveLocation) -> Archived | NotUploadedYet | None:
        if isinstance(self._found, StoreUnavailable):
            raise self._found
        return self._found


_PAGE = Page(
    id=1,
    key=dedup_key(_URL),
    url=_URL,
    fetched_at=_NOW - 60,
    status_code=200,
    content=Content("image/png", 5, "hash"),
    metadata=b"{}",
    provenance=b"{}",
    archived=ArchiveLocation("file", 0, 10, "hash"),
)
_BYTES: Archived = (200, (), b"bytes")


@pytest.mark.parametrize(
    ("page", "found", "expected"),
    [
        (_PAGE, _BYTES, b"bytes"),
        (None, _BYTES, None),
        (_PAGE, None, None),
        (_PAGE, NotUploadedYet(5), None),
        (replace(_PAGE, archived=None), _BYTES, None),
        (replace(_PAGE, status_code=404), _BYTES, None),
        (replace(_PAGE, content=Content("text/html", 5, "hash")), _BYTES, None),
        (replace(_PAGE, fetched_at=_NOW - MOST_AGE - 1), _BYTES, None),
        (_PAGE, (200, (("Cache-Control", "private, max-age=60"),), b"bytes"), None),
        (_PAGE, (200, (("cache-control", "max-age=60"), ("Cache-Control", "no-store")), b"bytes"), None),
    ],
    ids=[
        "there",
        "unknown",
        "gone",
        "not uploaded",
        "not archived",
        "an error's",
        "a page",
        "old",
        "private",
        "no-store",
    ],
)
async def test_the_archive_gives_recent_pictures(page: Page | None, found: Any, expected: bytes | None) -> None:
    """And is silent about everything else, so that the origin is asked."""
    cache = ArchivedPictures(cast(Lookups, _Store(page)), _Archive(found), FakeClock(_NOW))
    assert await cache.get(_URL) == expected


async def test_an_archive_that_is_away_is_an_image_error() -> None:
    """Which the pipeline passes over; an address that is none is nothing that it could hold."""
    cache = ArchivedPictures(cast(Lookups, _Store(_PAGE)), _Archive(StoreUnavailable("away")), FakeClock(_NOW))
    with pytest.raises(ImageError):
        await cache.get(_URL)
    assert await cache.get("http://[") is None


def _response(body: bytes, status: int = 200, **headers: str) -> Response:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(_URL, status, named, body, _NOW)


async def _ask(
    outcome: Response | Ended | NotNow, begun: Response | None = None, **wanted: Any
) -> tuple[SourceResponse | SourceEnded, HopRequest]:
    given = begun or outcome
    if isinstance(given, Response):
        end = outcome if isinstance(outcome, Ended) else BodyEnd()
        open_hop, asked = hops((structs.replace(given, body=b""), [given.body] if given.body else [], end))
    else:
        open_hop, asked = hops(given)
    source = FetcherSource(FetchThroughClient(open_hop, 20), FakeClock(_NOW))
    return await source.fetch(Wanted(_URL, 1000, _NOW + 30, **wanted)), asked[0]


async def test_a_picture_with_what_its_origin_said() -> None:
    """Validators, freshness, whether it can be continued."""
    answer, asked = await _ask(
        _response(
            b"bytes",
            etag='"1"',
            accept_ranges="bytes",
            cache_control="public, max-age=60",
            content_type="image/png",
            content_length="5",
        )
    )
    assert isinstance(answer, SourceResponse)
    assert [chunk async for chunk in answer.chunks] == [b"bytes"]
    assert (answer.etag, answer.accept_ranges, answer.fresh_seconds, answer.total) == ('"1"', True, 60.0, 5)
    assert (asked.purpose, asked.max_bytes, asked.byte_range) == ("picture", 1000, None)


async def test_the_rest_is_asked_for_by_range_and_validator() -> None:
    """And comes with its place."""
    rest = _response(b"rest", 206, content_range="bytes 6-9/10", etag='"1"')
    answer, asked = await _ask(rest, resume_from=6, etag='"1"')
    assert isinstance(answer, SourceResponse)
    assert (answer.status, answer.start, answer.total) == (206, 6, 10)
    assert (asked.byte_range, asked.if_range, asked.etag) == ("bytes=6-", '"1"', None)


async def test_what_came_of_a_broken_download_is_handed_on() -> None:
    """Then the stream fails, so that the pipeline keeps the beginning."""
    begun = _response(b"begun", content_type="image/png", content_length="10", etag='"1"', accept_ranges="bytes")
    answer, _ = await _ask(Ended(Ending.PROTOCOL_ERROR, "it broke off"), begun)
    assert isinstance(answer, SourceResponse)
    assert answer.total == 10
    assert await anext(answer.chunks) == b"begun"
    with pytest.raises(SourceFailed, match="broke off"):
        await anext(answer.chunks)


async def test_encoded_bytes_cannot_be_continued() -> None:
    """A range would be one of the compressed bytes."""
    answer, _ = await _ask(_response(b"bytes", accept_ranges="bytes", content_encoding="gzip"))
    assert isinstance(answer, SourceResponse)
    assert not answer.accept_ranges


@pytest.mark.parametrize(
    ("outcome", "ending", "retry_at"),
    [
        (Ended(Ending.ROBOTS_DENIED, "robots.txt says no"), "robots_denied", None),
        (NotNow(_NOW + 9, "its turn is later"), "late", _NOW + 9),
        (_response(b"", 404), "http_error", None),
        (_response(b"", 503, retry_after="7"), "http_error", _NOW + 7),
        (structs.replace(_response(b"sorry", 503), retry_at=_NOW + 60), "http_error", _NOW + 60),
    ],
)
async def test_every_other_ending_has_its_name(
    outcome: Response | Ended | NotNow, ending: str, retry_at: float | None
) -> None:
    """And the moment from which it is worth asking again."""
    answer, _ = await _ask(outcome)
    assert isinstance(answer, SourceEnded)
    assert (answer.ending, answer.retry_at) == (ending, retry_at)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, (0, None)),
        ("bytes 5-9/10", (5, 10)),
        ("bytes 5-9/*", (5, None)),
        ("x 5-9/10", (-1, None)),
        ("bytes */10", (-1, None)),
    ],
)
def test_ranges_are_read(value: str | None, expected: tuple[int, int | None]) -> None:
    """Nothing fits behind one that cannot be read."""
    assert content_range(value) == expected
