"""A tombstone is a gzip member of exactly the length that is asked for, and a WARC record."""

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from fetchers.model import Response
from schedulers.model import ArchiveLocation
from spiderduck.content.warc_erasing import erase, is_tombstone, tombstone
from spiderduck.content.warc_record import file_info, page_records, read_http_block

ID, DATE = b"<urn:uuid:0e0a1c0e-9a6b-4a3f-8b6e-3f6a8f4f0c11>", b"2026-11-30T12:00:00.123Z"
SHORTEST = 220
"""No record of ours is shorter: three digests and ids do not compress."""
AROUND_BLOCKS = [65_553 + extra for extra in range(-8, 12)] + [131_093 + extra for extra in range(-8, 12)]


@given(st.one_of(st.integers(SHORTEST, 1_500), st.sampled_from(AROUND_BLOCKS), st.integers(1_500, 300_000)))
def test_any_length_can_be_had(length: int) -> None:
    made = tombstone(length, ID, DATE)
    assert len(made) == length
    assert is_tombstone(made)
    text = gzip.decompress(made)
    (record,) = ArchiveIterator(io.BytesIO(made))
    assert (record.rec_type, record.rec_headers["WARC-Record-ID"]) == ("metadata", ID.decode())
    assert text.endswith(b"\r\n\r\n")
    assert text == gzip.decompress(tombstone(length, ID, DATE)), "twice is the same"


def test_one_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        tombstone(100, ID, DATE)


@pytest.mark.parametrize(
    "data",
    [b"", b"no gzip", gzip.compress(b"WARC/1.1\r\n\r\nelse"), tombstone(400, ID, DATE)[:30]],
    ids=["nothing", "no gzip", "another record", "cut"],
)
def test_what_is_none_is_none(data: bytes) -> None:
    assert not is_tombstone(data)


def archived(word: str) -> tuple[bytes, bytes, str]:
    response = Response(
        f"http://{word}.test/", 200, (("content-type", "text/html"),), word.encode() * 9, 1_700_000_000.0
    )
    return page_records(7, response, b'{"title":"%b"}' % word.encode())


@pytest.mark.parametrize("cut", [*range(0, 1_900, 97), 100_000])
def test_in_a_file_that_a_crash_cut_what_is_left_is_erased_and_nothing_else(tmp_path: Path, cut: int) -> None:
    """It does not grow, and the records before stay."""
    first, second = archived("amsel"), archived("drossel")
    head = file_info("one.warc.gz", "test", 1.0)
    whole = b"".join((head, *first[:2], *second[:2]))
    file = tmp_path / "one.warc.gz"
    file.write_bytes(whole[:cut])
    place = len(head) + len(first[0]) + len(first[1])
    erase(file, [ArchiveLocation(file.name, place, len(second[0]), second[2])])
    left = file.read_bytes()
    assert len(left) == min(cut, len(whole))
    assert left[:place] == whole[:place][:cut]
    assert second[0][40:80] not in left
    if cut >= place:
        kept = ArchiveLocation(file.name, len(head), len(first[0]), first[2])
        found = read_http_block(left[kept.offset : kept.offset + kept.length], kept)
        assert isinstance(found, tuple)
        assert found[2] == b"amsel" * 9


def test_a_record_that_is_damaged_is_overwritten_all_the_same(tmp_path: Path) -> None:
    first = archived("amsel")
    file = tmp_path / "one.warc.gz"
    file.write_bytes(b"\x00" * 20 + first[0][20:] + first[1])
    erase(file, [ArchiveLocation(file.name, 0, len(first[0]), first[2])])
    assert is_tombstone(file.read_bytes()[: len(first[0])])
