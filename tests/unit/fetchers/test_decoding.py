"""Content-Encoding undone within limits."""

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from random import Random

import brotli  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.body.decoding import MOST_MEMBERS, STEP, BodyDecoder

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MEGABYTE = 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def gzip_with_every_header_field(data: bytes) -> bytes:
    """Extra field, name, comment and header checksum."""
    plain = gzip.compress(data)
    header = plain[:3] + b"\x1e" + plain[4:10] + b"\x03\x00abc" + b"name\x00" + b"comment\x00" + b"\x12\x34"
    return header + plain[10:]


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "gzip header": ("gzip", gzip_with_every_header_field),
    "zlib": ("deflate", zlib.compress),
    "raw": ("deflate", raw_deflate),
    "brotli": ("br", lambda data: brotli.compress(data, quality=5)),
    "zstd": ("zstd", zstd.compress),
}
every_encoding = pytest.mark.parametrize("kind", ENCODERS)

TEXT = b"".join(b"<p>paragraph %d of a page</p>" % number for number in range(4000))


def decode(encoding: str, data: bytes, *, limit: int = 10 * MEGABYTE, step: int = 1000) -> tuple[bytes, BodyDecoder]:
    decoder = BodyDecoder(encoding, limit)
    out = [piece for start in range(0, len(data), step) for piece in decoder.steps(data[start : start + step])]
    out += decoder.finish()
    return b"".join(out), decoder


@every_encoding
@pytest.mark.parametrize("step", [1, 7, 1000, 1_000_000])
def test_what_was_encoded_comes_back(kind: str, step: int) -> None:
    """However the network cuts it."""
    encoding, encode = ENCODERS[kind]
    body, decoder = decode(encoding, encode(TEXT), step=step)
    assert body == TEXT
    assert not decoder.ended


@every_encoding
@given(data=st.binary(max_size=2000), step=st.integers(1, 300))
def test_any_bytes_come_back(kind: str, data: bytes, step: int) -> None:
    """Also what cannot be compressed, and nothing at all."""
    encoding, encode = ENCODERS[kind]
    body, decoder = decode(encoding, encode(data), step=step)
    assert (body, decoder.broken, decoder.too_large) == (data, False, False)


@every_encoding
@given(data=st.binary(max_size=300))
def test_garbage_never_raises(kind: str, data: bytes) -> None:
    """Whatever stands behind the name."""
    decode(ENCODERS[kind][0], data, step=11)


@every_encoding
@given(where=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_one_wrong_byte_never_raises(kind: str, where: float, value: int) -> None:
    """And what comes out stays within the limit."""
    encoding, encode = ENCODERS[kind]
    data = bytearray(encode(TEXT[:5000]))
    data[int(len(data) * where)] = value
    body, _ = decode(encoding, bytes(data), limit=6000)
    assert len(body) <= 6000


@every_encoding
def test_a_truncated_body_keeps_what_was_read(kind: str) -> None:
    """A flag says that it ended early."""
    encoding, encode = ENCODERS[kind]
    noise = Random(7).randbytes(300_000).hex().encode()
    whole = encode(noise)
    body, decoder = decode(encoding, whole[: len(whole) * 9 // 10])
    assert decoder.broken
    assert len(body) > 400_000
    assert noise.startswith(body)


@every_encoding
def test_limit_is_counted_while_decoding(kind: str) -> None:
    """Exactly at the limit is no matter, one byte more is too large, and what is given stays within it."""
    encoding, encode = ENCODERS[kind]
    body, decoder = decode(encoding, encode(TEXT), limit=len(TEXT))
    assert (len(body), decoder.too_large) == (len(TEXT), False)
    body, decoder = decode(encoding, encode(TEXT), limit=len(TEXT) - 1)
    assert (len(body), decoder.too_large, decoder.ended) == (len(TEXT) - 1, True, True)


def bomb(kind: str) -> tuple[str, bytes]:
    """A gigabyte of zeros in about a megabyte at the most."""
    encoding = ENCODERS[kind][0]
    return encoding, b"".join(_encoded_zeros(kind, 1024))


def _encoded_zeros(kind: str, megabytes: int) -> Iterator[bytes]:
    zeros = bytes(MEGABYTE)
    if kind in ("zlib", "raw", "gzip"):
        wbits = {"zlib": zlib.MAX_WBITS, "raw": -zlib.MAX_WBITS, "gzip": zlib.MAX_WBITS | 16}[kind]
        deflater = zlib.compressobj(1, wbits=wbits)
        # A full flush makes every megabyte encode alike but for the header, so one is enough to make.
        first = deflater.compress(zeros) + deflater.flush(zlib.Z_FULL_FLUSH)
        second = deflater.compress(zeros) + deflater.flush(zlib.Z_FULL_FLUSH)
        yield first
        yield second * (megabytes - 1)
    elif kind == "brotli":
        encoder = brotli.Compressor(quality=1)
        yield encoder.process(zeros)
        for _ in range(63):
            yield encoder.process(zeros)
        yield encoder.finish()
    else:
        frame = zstd.compress(zeros)
        yield frame * megabytes


@pytest.mark.parametrize("kind", ["gzip", "zlib", "raw", "brotli", "zstd"])
def test_a_bomb_ends_as_too_large(kind: str) -> None:
    """In one chunk, within a limit of 10 MB, with less than 20 MB of growth."""
    encoding, data = bomb(kind)
    decoder = BodyDecoder(encoding, 10 * MEGABYTE, cut=False)
    tracemalloc.start()
    try:
        size = sum(map(len, decoder.steps(data)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert decoder.too_large
    assert size <= 10 * MEGABYTE
    assert peak < 20 * MEGABYTE


EMPTY_MEMBERS = {
    "gzip": gzip.compress(b""),
    "zstd": zstd.compress(b""),
    "zstd, smallest": b"\x28\xb5\x2f\xfd" + b"\x20\x00" + b"\x01\x00\x00",
    "zstd, skippable": b"\x5f\x2a\x4d\x18" + bytes(4),
    "zstd, skippable with content": b"\x50\x2a\x4d\x18" + b"\x03\x00\x00\x00" + b"abc",
}
every_empty_member = pytest.mark.parametrize("kind", EMPTY_MEMBERS)


@every_empty_member
@pytest.mark.parametrize("step", [7, 65_536])
def test_members_are_counted(kind: str, step: int) -> None:
    """As many as a body may have are one body, whatever is in them; with more it is refused, not read on."""
    encoding, member = kind.partition(",")[0], EMPTY_MEMBERS[kind]
    body, decoder = decode(encoding, member * MOST_MEMBERS, step=step)
    assert (body, decoder.ended) == (b"", False)
    _, decoder = decode(encoding, member * (MOST_MEMBERS + 1), step=step)
    assert decoder.refusal is not None
    assert "parts" in decoder.refusal


@every_empty_member
@pytest.mark.parametrize("around", [1, 2])
def test_members_folded_into_a_few_bytes_are_refused_early(kind: str, around: int) -> None:
    """A chain whose inner stage makes megabytes of nothing of some kilobytes: little of it is ever unfolded."""
    encoding, member = kind.partition(",")[0], EMPTY_MEMBERS[kind]
    data = member * (5 * MEGABYTE // len(member))
    for _ in range(around):
        data = gzip.compress(data)
    _, decoder = decode(", ".join([encoding, *["gzip"] * around]), data, step=65_536)
    assert decoder.refusal is not None
    assert sum(decoder._counts) < MEGABYTE


def test_what_is_unfolded_between_stages_is_measured_by_what_went_in() -> None:
    """One member of blocks that hold nothing: no member is counted, no byte comes out, and it ends all the same."""
    stored_empty = b"\x00\x00\x00\xff\xff"
    data = gzip.compress(stored_empty * MEGABYTE)
    body, decoder = decode("deflate, gzip", data)
    assert body == b""
    assert decoder.refusal is not None
    assert "unfold" in decoder.refusal


def test_steps_are_small_whatever_comes_out() -> None:
    """By what goes through the stages, not by what comes out: 8 MB of nothing take more than a hundred steps, and no
    step gives more than a few pieces."""
    assert sum(1 for _ in BodyDecoder("deflate", 10 * MEGABYTE).steps(b"\x00\x00\x00\xff\xff" * 1_600_000)) > 100
    sizes = [len(piece) for piece in BodyDecoder("gzip", 10 * MEGABYTE).steps(gzip.compress(bytes(9 * MEGABYTE)))]
    assert sum(sizes) == 9 * MEGABYTE
    assert max(sizes) <= 3 * STEP


def test_endless_members_end_as_too_large() -> None:
    """What is taken in is limited too."""
    stored_empty = b"\x00\x00\x00\xff\xff"
    _, decoder = decode("deflate", stored_empty * 100_000, limit=10_000)
    assert decoder.too_large


def test_skippable_frames_are_passed_over() -> None:
    """RFC 8878, section 3.1.2: before, between and behind frames; one that is cut off breaks the body."""
    skippable = b"\x53\x2a\x4d\x18" + (100).to_bytes(4, "little") + bytes(100)
    data = skippable + zstd.compress(b"one ") + skippable + zstd.compress(b"two") + skippable
    for step in (1, 9, 10_000):
        body, decoder = decode("zstd", data, step=step)
        assert (body, decoder.broken) == (b"one two", False)
    for cut in (2, 6, 60):
        body, decoder = decode("zstd", data[:-cut] if cut != 6 else data[:-102], step=9)
        assert (body, decoder.broken) == (b"one two", True)


def test_chained_encodings_are_undone_in_reverse() -> None:
    """The last one applied comes off first; identity and unknown names change nothing."""
    data = zstd.compress(brotli.compress(gzip.compress(TEXT)))
    body, decoder = decode("gzip, br , identity,ZSTD", data)
    assert body == TEXT
    assert not decoder.broken


@pytest.mark.parametrize("many", [4, 5, 1000])
def test_too_many_encodings_are_not_undone(many: int) -> None:
    """Three at the most, and the reason says so."""
    data = TEXT
    for _ in range(3):
        data = gzip.compress(data)
    assert decode("gzip," * 3, data)[0] == TEXT
    body, decoder = decode("gzip," * many, data)
    assert body == b""
    assert decoder.refusal is not None
    assert "more than 3 times" in decoder.refusal


@pytest.mark.parametrize("encoding", ["", "identity", "utf-8", "none", ","])
def test_plain_bodies_pass(encoding: str) -> None:
    """With the same limit."""
    assert decode(encoding, TEXT)[0] == TEXT
    body, decoder = decode(encoding, TEXT, limit=100)
    assert (body, decoder.too_large) == (TEXT[:100], True)


def test_gzip_members_are_one_body_and_padding_is_ignored() -> None:
    """RFC 1952 members; zeros or junk behind the last one are no body."""
    two = gzip.compress(b"one ") + gzip.compress(b"two")
    for padding in (b"", bytes(100), b"junk"):
        body, decoder = decode("gzip", two + padding, step=3)
        assert (body, decoder.broken) == (b"one two", False)


def test_zstd_frames_are_one_body() -> None:
    """RFC 8878, section 3.1."""
    assert decode("zstd", zstd.compress(b"one ") + zstd.compress(b"two"), step=3)[0] == b"one two"


def test_a_wrong_checksum_does_not_cost_the_page() -> None:
    """Browsers show it."""
    data = bytearray(gzip.compress(TEXT))
    data[-8:] = b"\xff" * 8
    body, decoder = decode("gzip", bytes(data))
    assert (body, decoder.broken) == (TEXT, False)


def test_an_empty_body_is_whole() -> None:
    """Answers to HEAD and 304 name encodings and have no body."""
    body, decoder = decode("gzip", b"")
    assert (body, decoder.broken) == (b"", False)
