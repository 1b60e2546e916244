"""A tombstone is a gzip member of exactly the length that is asked for, and a WARC record."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from spiderduck.content.warc_erasing import is_tombstone, tombstone

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
