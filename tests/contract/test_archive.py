"""The contract of the `Archive` port, and of reading back, on every adapter; and what warcio says of our files."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import fastwarc.warc as fastwarc
import pytest
from msgspec import structs
from warcio.archiveiterator import ArchiveIterator

from fetchers.model import CutBy, Response
from schedulers.model import ArchiveLocation
from spiderduck.content.fsspec import FsspecArchive
from spiderduck.content.ports import Archived, ArchiveReader, Damaged, NotUploadedYet
from spiderduck.content.warc import WarcArchive
from spiderduck.content.warc_record import target_uri
from tests.clock import FakeClock
from tests.integration.cluster.remote_files import RemoteFiles, remote_files

KINDS = ("folder", "file", "memory", "s3")
SOFTWARE = "SpiderDuck/test"
ROTATE_BYTES = 4_000


class Archive(ArchiveReader, Protocol):
    """Writing and reading."""

    async def append(self, page_id: int, response: Response, metadata: bytes) -> ArchiveLocation: ...
    async def remove_older_than(self, moment: float) -> int: ...
    async def erase(self, locations: Sequence[ArchiveLocation]) -> bool: ...


class Opened:
    """An archive, how its segments are ended, and what lies where they end up."""

    def __init__(self, folder: Path, clock: FakeClock, remote: RemoteFiles | None) -> None:
        self._remote = remote
        self._clock = clock
        self.folder = folder
        self.own: WarcArchive | FsspecArchive
        if remote is None:
            self.own = WarcArchive(folder, clock, software=SOFTWARE, rotate_bytes=ROTATE_BYTES)
        else:
            config = replace(remote.config, rotate_bytes=ROTATE_BYTES)
            self.own = FsspecArchive(folder, config, clock, software=SOFTWARE)
        self.archive: Archive = self.own  # type: ignore[assignment]

    async def end_segments(self) -> None:
        """A minute passes."""
        await self._clock.advance(61.0)
        if isinstance(self.own, FsspecArchive):
            assert await self.own.upload_due()
        else:
            await self.own.seal()

    def segments(self) -> dict[str, bytes]:
        if self._remote is not None:
            return self._remote.contents()
        return {path.name: path.read_bytes() for path in sorted(self.folder.glob("*.warc.gz"))}

    def delete(self, name: str) -> None:
        if self._remote is not None:
            self._remote.delete(name)
        else:
            (self.folder / name).unlink()

    async def body(self, location: ArchiveLocation) -> bytes:
        found = await self.archive.read(location)
        assert isinstance(found, tuple)
        return found[2]


OpenArchive = Callable[[], AbstractAsyncContextManager[Opened]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=KINDS)
async def open_archive(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[OpenArchive]:
    """Opens the archive over the same folder; leaving the block is the end of its process."""
    with remote_files(request.param, tmp_path) as remote:

        @asynccontextmanager
        async def open_one() -> AsyncIterator[Opened]:
            opened = Opened(tmp_path / "spool", clock, remote)
            yield opened
            await opened.own.close()

        yield open_one


@pytest.fixture
async def opened(open_archive: OpenArchive) -> AsyncIterator[Opened]:
    async with open_archive() as found:
        yield found


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


def names_in(folder: Path) -> list[str]:
    return [path.name for path in sorted(folder.glob("*.warc.gz"))]


LONG = bytes(range(256)) * 2


async def test_what_was_appended_is_read_back_at_once_and_later(opened: Opened) -> None:
    location = await opened.archive.append(7, response(b"bytes \r\n\r\n\x00 of all kinds"), b"{}")
    at_once = await opened.archive.read(location)
    await opened.end_segments()
    later: Archived | NotUploadedYet | Damaged | None = await opened.archive.read(location)
    for found in (at_once, later):
        assert isinstance(found, tuple)
        status, headers, body = found
        assert (status, body) == (200, b"bytes \r\n\r\n\x00 of all kinds")
        assert dict(headers)["content-type"] == "text/html"


async def test_many_at_once_all_have_their_place(opened: Opened) -> None:
    bodies = [f"page {number}".encode() * number for number in range(50)]
    appending = (opened.archive.append(number, response(body), b"{}") for number, body in enumerate(bodies))
    locations = await asyncio.gather(*appending)
    await opened.end_segments()
    for location, body in zip(locations, bodies, strict=True):
        assert await opened.body(location) == body


async def test_files_are_rotated_by_size(opened: Opened) -> None:
    for number in range(20):
        await opened.archive.append(number, response(LONG), b"{}")
    await opened.end_segments()
    assert len(opened.segments()) > 1


async def test_a_file_that_is_gone_is_said_to_be(opened: Opened, clock: FakeClock) -> None:
    location = await opened.archive.append(7, response(), b"{}")
    await opened.end_segments()
    opened.delete(location.file)
    await clock.advance(86_400.0)
    assert await opened.archive.read(location) is None


async def test_warcio_reads_every_record_with_its_digest(opened: Opened, tmp_path: Path) -> None:
    """WARC/1.1: warcinfo, then response, request and metadata of each page."""
    secured = structs.replace(response(content_encoding="br", content_length="3"), tls_version="TLSv1.3")
    secured = structs.replace(secured, certificate_subject="news.test\r\nWARC-Type: warcinfo")
    await opened.archive.append(7, secured, b'{"title": "A"}')
    await opened.archive.append(8, response(b""), b"{}")
    await opened.end_segments()
    kinds = []
    for name, segment in opened.segments().items():
        path = tmp_path / f"copy-{name}"
        path.write_bytes(segment)
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                kinds.append(record.rec_type)
                assert record.rec_headers.protocol == "WARC/1.1"
                content = record.content_stream().read()
                if record.rec_type == "response" and record.rec_headers["SpiderDuck-Page-Id"] == "7":
                    assert record.rec_headers["WARC-Target-URI"] == "http://news.test/a?b=1"
                    assert record.rec_headers["WARC-IP-Address"] == "93.184.216.34"
                    assert record.rec_headers["WARC-Protocol"] == "tls/1.3"
                    subject = record.rec_headers["SpiderDuck-Certificate-Subject"]
                    assert subject == "news.test WARC-Type: warcinfo", "on one line, whatever it holds"
                    assert record.http_headers["X-Archive-Orig-content-encoding"] == "br"
                    assert record.http_headers["Content-Length"] == str(len(content))
                    assert content == b"<title>A</title>"
                if record.rec_type == "request":
                    assert record.http_headers.protocol == "GET"
    assert kinds == ["warcinfo", "response", "request", "metadata", "response", "request", "metadata"]


async def test_a_restart_never_writes_behind_a_torn_record(open_archive: OpenArchive, clock: FakeClock) -> None:
    """And leaves no torn segment where segments end up."""
    crashed = open_archive()
    first = await crashed.__aenter__()
    location = await first.archive.append(7, response(), b"{}")
    path = first.folder / location.file
    path.write_bytes(path.read_bytes()[:-10])
    await clock.advance(1.0)
    async with open_archive() as second:
        other = await second.archive.append(8, response(b"other"), b"{}")
        assert other.file != location.file
        await second.end_segments()
        assert await second.body(location) == b"<title>A</title>", "the page's own record was whole"
        assert await second.body(other) == b"other"
    await crashed.__aexit__(None, None, None)


async def test_old_files_can_be_removed(opened: Opened, clock: FakeClock) -> None:
    for number in range(20):
        await opened.archive.append(number, response(LONG), b"{}")
    await opened.end_segments()
    assert await opened.archive.remove_older_than(0.0) == 0
    count = len(opened.segments())
    assert await opened.archive.remove_older_than(10.0**11) == count
    assert opened.segments() == {}


async def test_the_current_file_is_never_removed(tmp_path: Path) -> None:
    archive = WarcArchive(tmp_path, FakeClock(), software=SOFTWARE, rotate_bytes=ROTATE_BYTES)
    for number in range(20):
        last = await archive.append(number, response(LONG), b"{}")
    assert await archive.remove_older_than(10.0**11) >= 1
    await archive.close()
    assert names_in(tmp_path) == [last.file]


@pytest.mark.parametrize("damage", ["empty", "cut inside", "cut behind", "zeroes", "other bytes"])
async def test_a_file_that_lost_its_bytes_is_said_to_be_damaged(tmp_path: Path, clock: FakeClock, damage: str) -> None:
    """A power cut leaves files of no bytes, or torn ones: no error, and never other bytes than were archived."""
    archive = WarcArchive(tmp_path, clock, software=SOFTWARE)
    whole = await archive.append(1, response(b"one page" * 50), b"{}")
    hurt = await archive.append(2, response(b"another" * 50), b"{}")
    await archive.seal()
    (path,) = tmp_path.glob("*.warc.gz")
    data, middle = path.read_bytes(), hurt.offset + hurt.length // 2
    path.write_bytes(
        {
            "empty": b"",
            "cut inside": data[:middle],
            "cut behind": data[: hurt.offset],
            "zeroes": data[: hurt.offset] + bytes(len(data) - hurt.offset),
            "other bytes": data[:middle] + bytes(9) + data[middle + 9 :],
        }[damage]
    )
    found = await archive.read(hurt)
    assert isinstance(found, Damaged)
    assert hurt.file in found.reason
    assert isinstance(await archive.read(whole), Damaged if damage == "empty" else tuple)
    assert isinstance(await archive.read(replace(whole, sha256="0")), Damaged)
    await archive.close()


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("http://a.test/x?y=1#part", "http://a.test/x?y=1"),
        ("http://a.test/a|b?x=[1]&y={2}&z=%zz&k=%C3%A9", "http://a.test/a%7Cb?x=%5B1%5D&y=%7B2%7D&z=%25zz&k=%C3%A9"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"),
    ],
)
def test_the_target_of_a_record_is_a_uri(url: str, uri: str) -> None:
    """RFC 3986 is stricter than the URL standard, and so are readers of archives."""
    assert target_uri(url) == uri


@pytest.mark.parametrize("cut_by", [None, "length", "disconnect", "time", "unspecified"])
async def test_files_pass_the_digests_of_fastwarc_and_say_what_was_cut(
    tmp_path: Path, clock: FakeClock, cut_by: CutBy | None
) -> None:
    """Every record has a block digest; a response says why its body ends early (ISO 28500, section 5.13)."""
    archive = WarcArchive(tmp_path, clock, software=SOFTWARE)
    cut = structs.replace(response(b"\x00\xff" * 500, content_encoding="gzip"), truncated=bool(cut_by), cut_by=cut_by)
    await archive.append(1, cut, b'{"title": "x"}')
    await archive.close()
    (path,) = tmp_path.glob("*.warc.gz")
    records = list(fastwarc.ArchiveIterator(io.BytesIO(path.read_bytes()), parse_http=True))
    kinds = [record.headers["WARC-Type"] for record in records]
    assert kinds == ["warcinfo", "response", "request", "metadata"]
    with path.open("rb") as file:
        assert all(record.verify_block_digest() for record in fastwarc.ArchiveIterator(file, parse_http=False))
    with path.open("rb") as file:
        found = next(iter(fastwarc.ArchiveIterator(file, record_types=fastwarc.WarcRecordType.response)))
        assert found.verify_payload_digest()
        assert found.headers.get("WARC-Truncated") == cut_by


WORDS = (b"Amsel", b"Drossel", b"Fink")


async def three(opened: Opened) -> list[ArchiveLocation]:
    """Three pages, each with a word of its own in its body, its metadata and its address."""
    return [
        await opened.archive.append(
            number, structs.replace(response(word * 9), url=f"http://{word.decode()}.test/"), b'{"title":"%b"}' % word
        )
        for number, word in enumerate(WORDS)
    ]


def inflated(opened: Opened) -> bytes:
    """All segments, those in the spool as well, read by somebody else's reader."""
    found = {path.name: path.read_bytes() for path in opened.folder.glob("*.warc.gz")} | opened.segments()
    read = (
        record.rec_headers.to_str() + record.raw_stream.read().decode("latin-1")
        for content in found.values()
        for record in ArchiveIterator(io.BytesIO(content))
    )
    return "".join(read).encode("latin-1")


@pytest.mark.parametrize("erased", [(0,), (1,), (2,), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("when", ["before rotation", "after rotation", "twice"])
async def test_what_is_erased_leaves_no_byte_and_moves_nothing(
    opened: Opened, erased: Sequence[int], when: str
) -> None:
    locations = await three(opened)
    if when == "after rotation":
        await opened.end_segments()
    for _ in range(2 if when == "twice" else 1):
        assert await opened.archive.erase([locations[number] for number in erased])
    for _ in range(2):
        for number, word in enumerate(WORDS):
            found = await opened.archive.read(locations[number])
            assert isinstance(found, tuple) is (number not in erased)
            assert (word in inflated(opened)) is (number not in erased)
            assert (word.lower() in inflated(opened).lower()) is (number not in erased)
        await opened.archive.append(9, response(b"more"), b"{}")  # behind it as before
        await opened.end_segments()
    assert await opened.archive.erase([locations[number] for number in erased])


async def test_what_lies_in_nobodys_reach_is_not_said_to_be_erased(opened: Opened, clock: FakeClock) -> None:
    """A segment in another process's spool is erased by that one; a day later there is none. Embedded there is no
    other process."""
    (location,) = (await three(opened))[:1]
    elsewhere = replace(location, file=f"spiderduck-{int(clock.now() * 1000)}-00009-abcd.warc.gz")
    assert await opened.archive.erase([elsewhere]) is isinstance(opened.own, WarcArchive)
    await clock.advance(2 * 86_400.0)
    assert await opened.archive.erase([elsewhere])
