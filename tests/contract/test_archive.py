"""The contract of the `Archive` port on every adapter; and what warcio says of our files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from fetchers.model import Response
from spiderduck.content.warc import WarcArchive
from tests.clock import FakeClock


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[WarcArchive]:
    archive = WarcArchive(tmp_path, FakeClock(), software="SpiderDuck/test", rotate_bytes=4_000)
    yield archive
    await archive.close()


def response(body: bytes = b"<title>A</title>", **headers: str) -> Response:
    pairs = (("content-type", "text/html"), *((name.replace("_", "-"), value) for name, value in headers.items()))
    return Response(
        "http://news.test/a?b=1#c",
        200,
        pairs,
        body,
        1_700_000_000.25,
        request_headers=(("Host", "news.test"), ("User-Agent", "SpiderDuck")),
        reason_phrase="OK",
        address="93.184.216.34",
    )


async def test_what_was_appended_is_read_back(archive: WarcArchive) -> None:
    location = await archive.append(7, response(b"bytes \r\n\r\n\x00 of all kinds"), b"{}")
    found = await archive.read(location)
    assert found is not None
    status, headers, body = found
    assert (status, body) == (200, b"bytes \r\n\r\n\x00 of all kinds")
    assert dict(headers)["content-type"] == "text/html"


async def test_many_at_once_all_have_their_place(archive: WarcArchive) -> None:
    bodies = [f"page {number}".encode() * number for number in range(50)]
    locations = await asyncio.gather(
        *(archive.append(number, response(body), b"{}") for number, body in enumerate(bodies))
    )
    for location, body in zip(locations, bodies, strict=True):
        found = await archive.read(location)
        assert found is not None
        assert found[2] == body


async def test_files_are_rotated_by_size(archive: WarcArchive, tmp_path: Path) -> None:
    for number in range(20):
        await archive.append(number, response(bytes(range(256)) * 2), b"{}")
    assert len(list(tmp_path.glob("*.warc.gz"))) > 1


async def test_a_file_that_is_gone_is_said_to_be(archive: WarcArchive, tmp_path: Path) -> None:
    location = await archive.append(7, response(), b"{}")
    (tmp_path / location.file).unlink()
    assert await archive.read(location) is None


async def test_warcio_reads_every_record_with_its_digest(archive: WarcArchive, tmp_path: Path) -> None:
    """WARC/1.1: warcinfo, then response, request and metadata of each page."""
    await archive.append(7, response(content_encoding="br", content_length="3"), b'{"title": "A"}')
    await archive.append(8, response(b""), b"{}")
    kinds = []
    for path in tmp_path.glob("*.warc.gz"):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                kinds.append(record.rec_type)
                assert record.rec_headers.protocol == "WARC/1.1"
                content = record.content_stream().read()
                if record.rec_type == "response" and record.rec_headers["SpiderDuck-Page-Id"] == "7":
                    assert record.rec_headers["WARC-Target-URI"] == "http://news.test/a?b=1"
                    assert record.rec_headers["WARC-IP-Address"] == "93.184.216.34"
                    assert record.http_headers["X-Archive-Orig-content-encoding"] == "br"
                    assert record.http_headers["Content-Length"] == str(len(content))
                    assert content == b"<title>A</title>"
                if record.rec_type == "request":
                    assert record.http_headers.protocol == "GET"
    assert kinds == ["warcinfo", "response", "request", "metadata", "response", "request", "metadata"]


async def test_a_restart_never_writes_behind_a_torn_record(tmp_path: Path) -> None:
    first = WarcArchive(tmp_path, FakeClock(), software="SpiderDuck/test")
    location = await first.append(7, response(), b"{}")
    await first.close()
    path = tmp_path / location.file
    path.write_bytes(path.read_bytes()[:-10])
    second = WarcArchive(tmp_path, FakeClock(1_000_001.0), software="SpiderDuck/test")
    other = await second.append(8, response(), b"{}")
    assert other.file != location.file
    assert await second.read(location) is not None, "the page's own record was whole"
    assert await second.read(other) is not None
    await second.close()


async def test_old_files_can_be_removed_but_never_the_current_one(archive: WarcArchive, tmp_path: Path) -> None:
    for number in range(20):
        last = await archive.append(number, response(bytes(range(256)) * 2), b"{}")
    assert await archive.remove_older_than(10.0**11) >= 1
    assert [path.name for path in tmp_path.glob("*.warc.gz")] == [last.file]
