"""Bodies whose `Content-Encoding` is wrong: what browsers show is read, and what nobody can read is said to be so."""

import gzip
import sys
import zlib
from collections.abc import Callable
from random import Random

import brotli  # type: ignore[import-untyped]
import pytest

from fetchers.body.decoding import BodyDecoder
from fetchers.body.reading import encodings_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = b"<!doctype html><title>Ducks on the pond</title>" + b"<p>quack</p>" * 300
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "deflate": zlib.compress,
    "raw": raw_deflate,
}


def decode(encoding: str, data: bytes, step: int = 10**6) -> tuple[bytes, BodyDecoder]:
    decoder = BodyDecoder(encoding, 10**7)
    out = [piece for at in range(0, len(data), step) for piece in decoder.steps(data[at : at + step])]
    out += decoder.finish()
    return b"".join(out), decoder


@pytest.mark.parametrize("step", [1, 5, 10**6])
@pytest.mark.parametrize("said", ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "gzip, br", "gzip, gzip"])
@pytest.mark.parametrize(
    "plain",
    [PAGE, b"  \r\n<html>", b"\xef\xbb\xbf<p>caf\xc3\xa9", b'{"a": 1}', b"k", b"user-agent: *\ndisallow: /\n", PNG],
    ids=["page", "short", "mark", "json", "one", "robots", "png"],
)
def test_what_is_not_encoded_at_all_is_read_as_it_is(plain: bytes, said: str, step: int) -> None:
    """Proxies unpack a body and leave the header; one byte might be brotli."""
    if plain == b"k" and "br" in said:
        return
    body, decoder = decode(said, plain, step)
    assert (body, decoder.broken) == (plain, False)


@pytest.mark.parametrize("step", [1, 7, 10**6])
@pytest.mark.parametrize(
    ("said", "is_really"),
    [
        ("gzip", "deflate"),
        ("gzip", "zstd"),
        ("deflate", "gzip"),
        ("deflate", "zstd"),
        ("deflate", "raw"),
        ("br", "gzip"),
        ("br", "zstd"),
        ("zstd", "gzip"),
        ("compress", "gzip"),
    ],
)
def test_what_bears_the_mark_of_another_encoding_is_decoded_as_that(said: str, is_really: str, step: int) -> None:
    body, decoder = decode(said, PACK[is_really](PAGE), step)
    assert (body, decoder.broken) == (PAGE, False)


@pytest.mark.parametrize("done", ["gzip", "br", "zstd", "deflate"])
@pytest.mark.parametrize("said", ["gzip, {}", "{}, gzip", "{0}, {0}", "br, {}, identity"])
def test_what_is_said_twice_and_done_once_is_read(said: str, done: str) -> None:
    body, decoder = decode(said.format(done), PACK[done](PAGE))
    assert (body, decoder.broken) == (PAGE, False)


@pytest.mark.parametrize("said", ["gzip", "br", "zstd", "compress", "gzip, gzip"])
def test_what_nothing_can_decode_is_undecodable(said: str) -> None:
    """Not a page of nothing, nor of the few bytes that a wrong decoder makes of it."""
    noise = bytes([0x81, 0x00, 0xFE]) + Random(1).randbytes(5000)
    _, decoder = decode(said, noise)
    assert decoder.broken
    assert decoder.undecodable


@pytest.mark.parametrize("name", ["gzip", "br", "zstd", "deflate"])
def test_what_breaks_off_after_its_beginning_is_not_undecodable(name: str) -> None:
    """It is the beginning of a page."""
    page = PAGE + Random(2).randbytes(150_000).hex().encode()  # more than a block of zstd
    body, decoder = decode(name, PACK[name](page)[:-300])
    assert (decoder.broken, decoder.early, decoder.undecodable) == (True, True, False)
    assert body.startswith(PAGE[:100])


@pytest.mark.parametrize("step", [1, 3, 100, 10**6])
@pytest.mark.parametrize("tail", [b"xx", b"\0", b"\n" * 5000, b"<!-- cached -->"])
@pytest.mark.parametrize("name", ["gzip", "br", "zstd", "deflate", "raw"])
def test_bytes_behind_the_end_take_nothing_away(name: str, tail: bytes, step: int) -> None:
    """Caches and templates add them; browsers do not mind."""
    page = PAGE + Random(3).randbytes(20_000).hex().encode()
    said = "deflate" if name == "raw" else name
    body, decoder = decode(said, PACK[name](page) + tail, step)
    assert (body, decoder.broken) == (page, False)


def test_an_empty_body_is_empty_in_every_encoding() -> None:
    for name, pack in PACK.items():
        said = "deflate" if name == "raw" else name
        assert decode(said, pack(b""))[0] == b""
        assert not decode(said, b"")[1].broken


@pytest.mark.parametrize(
    ("headers", "encodings"),
    [
        ([("content-encoding", "gzip"), ("content-encoding", "br")], "gzip,br"),
        ([("content-encoding", "identity"), ("x", "y"), ("content-encoding", " GZIP ")], "identity, gzip"),
        ([("content-encoding", "br"), ("transfer-encoding", "gzip, chunked")], "br,gzip"),
        ([("transfer-encoding", "chunked")], ""),
    ],
)
def test_all_encodings_count_in_order(headers: list[tuple[str, str]], encodings: str) -> None:
    """Of all lines, then those of the transfer."""
    assert encodings_of(tuple(headers)) == encodings
