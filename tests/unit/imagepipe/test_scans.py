"""A progressive JPEG while it grows: what can be shown, at the cost of its new bytes only."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from imagepipe.codecs.jpeg import read_header, scan_ends
from imagepipe.codecs.jpeg_scans import ScanWalk, closed
from imagepipe.originals.partials import Download
from imagepipe.ports import SourceResponse
from tests.unit.imagepipe.pictures import decode, encode, photo

PICTURE = encode(photo((320, 240)), "JPEG", quality=90, progressive=True)
ENDS = scan_ends(PICTURE, read_header(PICTURE).scan_at, 100)


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


def _download(*pieces: bytes) -> Download:
    download = Download("http://o.test/a", [], 0, None, SourceResponse(200, _nothing()), 0.0)
    for piece in pieces:
        download.add(piece)
    return download


def scan_prefix(data: bytes, limit: int) -> bytes | None:
    """All complete scans so far as a picture; None where there is none, or it is no progressive JPEG."""
    walk = ScanWalk()
    while walk.advance(data):
        pass
    end = walk.last_end(limit)
    return None if end is None else closed(data, end)


def test_each_prefix_is_a_picture() -> None:
    for end in ENDS:
        prefix = scan_prefix(PICTURE[: end + 2], 100)
        assert prefix == closed(PICTURE, end)
        assert decode(prefix).size == (320, 240)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100, 5000])
def test_growing_by_any_step_finds_what_looking_at_the_whole_finds(step: int) -> None:
    """Also where a marker, its length or a segment is cut in two."""
    walk, found = ScanWalk(), set()
    for end in range(0, len(PICTURE) + step, step):
        while walk.advance(PICTURE[:end]):
            pass
        last = walk.last_end(100)
        whole = scan_ends(PICTURE[:end], read_header(PICTURE).scan_at, 100)
        assert last is None or last in ENDS
        if step < 100 and last is not None and end > 2 * read_header(PICTURE).scan_at:
            assert last == max(whole)
        found.add(last)
    assert max(each for each in found if each is not None) == ENDS[-1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"no jpeg at all",
        encode(photo((64, 48)), "JPEG"),
        b"\xff" * 100_000,
        b"\xff\xd8" + b"\xff\xe0\0\x02" * 30_000,
    ],
    ids=["nothing", "start", "text", "baseline", "fill bytes", "empty segments"],
)
def test_what_is_no_progressive_jpeg_has_nothing_to_show(data: bytes) -> None:
    assert scan_prefix(data, 100) is None


def test_more_scans_than_allowed_are_not_shown() -> None:
    assert scan_prefix(PICTURE, len(ENDS) - 1) is None
    assert scan_prefix(PICTURE, len(ENDS)) is not None


def test_a_step_is_short_and_no_byte_is_looked_at_twice() -> None:
    """Thirty megabytes take as many steps as they have quarters of a mebibyte; asked again, none."""
    head = PICTURE[: ENDS[0]]
    data = head + b"\x11" * 30_000_000
    walk, steps = ScanWalk(), 1
    while walk.advance(data):
        steps += 1
    assert steps == -(-(len(data) - read_header(PICTURE).scan_at) // (256 * 1024))
    assert not walk.advance(data)
    more = 0
    for grown in range(1, 4):
        while walk.advance(data + b"\x22" * (100_000 * grown)):
            more += 1
    assert more == 0, "what is new is less than a step each time"


async def test_previews_of_one_download_scan_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty ask at once, and again: as many steps as one alone, with turns for others in between."""
    steps = 0
    advance = ScanWalk.advance

    def counted(self: ScanWalk, data: bytes) -> bool:
        nonlocal steps
        steps += 1
        return advance(self, data)

    monkeypatch.setattr(ScanWalk, "advance", counted)
    download = _download(PICTURE[: ENDS[0]], *([b"\x11" * 100_000] * 30))
    shown = await asyncio.gather(*(download.shown_until(100) for _ in range(20)))
    once = steps
    assert once <= 3_000_000 // (256 * 1024) + 2
    await asyncio.gather(*(download.shown_until(100) for _ in range(20)))
    download.add(b"\x11" * 100)
    await download.shown_until(100)
    assert steps == once, "a few new bytes are not worth joining all for"
    assert len(set(shown)) == 1


async def test_a_download_shows_more_as_more_comes() -> None:
    download = _download()
    assert await download.shown_until(100) is None
    ends = []
    for at in range(0, len(PICTURE), 4000):
        download.add(PICTURE[at : at + 4000])
        if (end := await download.shown_until(100)) is not None:
            ends.append(end)
            assert decode(download.begin(end)).size == (320, 240)
    assert len(set(ends)) > 1
    assert ends == sorted(ends)
