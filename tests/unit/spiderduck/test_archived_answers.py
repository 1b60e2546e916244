"""Answers read back from the archive for a page's picture; where the archive has none, the picture is fetched."""

import pytest

from fetchers.model import Headers
from schedulers.model import ArchiveLocation, Content, Page
from spiderduck.content.ports import Archived, Damaged, NotUploadedYet
from spiderduck.errors import StoreUnavailable
from spiderduck.pictures.archived import ArchivedAnswers

_HEADERS: Headers = (("content-type", "image/png"), ("etag", '"1"'))


class _Archive:
    def __init__(self, found: Archived | NotUploadedYet | StoreUnavailable | None) -> None:
        self._found = found

    async def read(self, location: ArchiveLocation) -> Archived | NotUploadedYet | Damaged | None:
        if isinstance(self._found, StoreUnavailable):
            raise self._found
        return self._found


def _page(archived: ArchiveLocation | None) -> Page:
    content = Content("image/png", 7, "")
    return Page(1, "key", "http://p.test/a.png", 5.0, 200, content, b"{}", b"{}", archived=archived)


async def test_an_answer_is_what_was_archived() -> None:
    """With its validators and the moment of its fetch, from which its freshness counts."""
    answer = await ArchivedAnswers(_Archive((200, _HEADERS, b"picture"))).answer(_page(ArchiveLocation("f", 0, 9, "")))
    assert answer is not None
    assert (answer.url, answer.status_code, answer.body) == ("http://p.test/a.png", 200, b"picture")
    assert (answer.header("etag"), answer.fetched_at) == ('"1"', 5.0)


@pytest.mark.parametrize("found", [None, NotUploadedYet(3), StoreUnavailable("away")])
async def test_an_archive_without_an_answer_now_is_no_error(
    found: NotUploadedYet | StoreUnavailable | None,
) -> None:
    """Gone by retention, in another process's spool, or out of reach."""
    assert await ArchivedAnswers(_Archive(found)).answer(_page(ArchiveLocation("f", 0, 9, ""))) is None
    assert await ArchivedAnswers(_Archive((200, _HEADERS, b"picture"))).answer(_page(None)) is None
