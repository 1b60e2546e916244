"""Bombs: small files that would fill a machine. Each is refused by its structure, before anything is decoded."""

import struct
import time
import tracemalloc
import zlib

import pytest
from PIL import Image

from imagepipe import probe, render
from imagepipe.codecs.av1 import read_streams
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture, PictureTooLarge, UnsupportedFormat
from imagepipe.model import Variant
from imagepipe.rendering.render import render_variant
from tests.unit.imagepipe.pictures import animated, encode, gif_bomb, ico_with, photo, png_header, quarters


def _jpeg_lying(width: int, height: int) -> bytes:
    data = bytearray(encode(quarters(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def _webp_lying() -> bytes:
    data = bytearray(animated("WEBP"))
    at = data.index(b"VP8X") + 8 + 4
    data[at : at + 6] = b"\xff" * 6
    return bytes(data)


def _jpeg_scans(count: int) -> bytes:
    data = encode(photo((64, 64)), "JPEG", progressive=True)
    at = data.index(b"\xff\xda")
    end = data.index(b"\xff", at + 2 + struct.unpack_from(">H", data, at + 2)[0])
    return data[:at] + data[at:end] * count + b"\xff\xd9"


def _jp2_lying() -> bytes:
    data = bytearray(encode(quarters(), "JPEG2000"))
    at = data.index(b"ihdr") + 4
    data[at : at + 8] = struct.pack(">II", 1_900_000_000, 600_000_000)
    return bytes(data)


def _jp2_tiles() -> bytes:
    """255×257 in tiles of one pixel: 65,535, the most a codestream can have."""
    data = bytearray(encode(quarters(), "JPEG2000", no_jp2=True))
    data[8:16] = struct.pack(">II", 255, 257)
    data[24:32] = struct.pack(">II", 1, 1)
    return bytes(data)


def _avif_small_outside(frames: int = 1) -> bytes:
    """4,100 squared inside, 100 squared in every box."""
    picture = Image.new("RGB", (4100, 4100))
    more = {"save_all": True, "append_images": [picture] * (frames - 1)} if frames > 1 else {}
    data = bytearray(encode(picture, "AVIF", speed=10, quality=1, **more))
    at = data.find(b"ispe")
    while at >= 0:
        data[at + 8 : at + 16] = struct.pack(">II", 100, 100)
        at = data.find(b"ispe", at + 4)
    return bytes(data)


def _png_two_headers() -> bytes:
    second = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return png_header(10, 10, (b"IHDR", second))


_BOMBS = {
    "png of 50,000 squared": png_header(50_000, 50_000),
    "gif with a frame beyond its screen": b"GIF89a"
    + struct.pack("<HHBBB", 1, 1, 0, 0, 0)
    + b"\x2c"
    + struct.pack("<HHHHB", 65_000, 65_000, 1, 1, 0)
    + b"\x02\x00;",
    "icon with a png of 50,000 squared": ico_with(png_header(50_000, 50_000)),
    "icon in an icon": ico_with(ico_with(png_header(50_000, 50_000))),
    "icon of 60,000 entries": ico_with(b"", 1)[:4] + struct.pack("<H", 60_000) + b"\0" * 1000,
    "jpeg that says 65,000 squared": _jpeg_lying(65_000, 65_000),
    "jpeg of 5,000 scans": _jpeg_scans(5_000),
    "webp that says 16 million squared": _webp_lying(),
    "bmp of 2 billion": b"BM" + b"\0" * 12 + struct.pack("<Iii", 40, 2**31 - 1, -(2**31)) + b"\0" * 40,
    "jpeg 2000 of 4 billion": b"\xff\x4f\xff\x51\0\0\0\0" + b"\xff" * 8 + b"\0" * 70,
    "jpeg 2000 of 65,535 tiles": _jp2_tiles(),
    "jpeg 2000 whose header says more than its codestream": _jp2_lying(),
    "png with a second header": _png_two_headers(),
    "avif of 4 billion": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf"
    + b"\0\0\0\x14ispe\0\0\0\0"
    + struct.pack(">II", 2**32 - 1, 2**32 - 1),
}  # fmt: skip


_LONG = {
    "apng that announces a million frames": png_header(100, 100, (b"acTL", struct.pack(">II", 1_000_000, 0))),
    "png whose frames together are too many pixels": png_header(7000, 7000, (b"acTL", struct.pack(">II", 5, 0))),
    "gif of 10,000 frames": gif_bomb(10_000),
    "apng with a canvas of 25 megapixels": png_header(5000, 5000, (b"acTL", struct.pack(">II", 2, 0))),
    "gif of 700 frames": gif_bomb(700),
}  # fmt: skip


@pytest.mark.parametrize("name", _LONG)
def test_of_an_animation_beyond_the_limits_the_first_frame_is_shown(name: str) -> None:
    """And no other is looked at; the picture says so."""
    info = probe(_LONG[name])
    assert info.first_frame_only
    assert not info.animated
    assert "first_frame_only" in render(_LONG[name], width=10).problems


def test_a_long_animation_is_shown_smaller_or_still() -> None:
    """What may be written bounds it at its own size, not at a smaller one."""
    images = [Image.new("P", (500, 500), number % 7) for number in range(200)]
    for image in images:
        image.putpalette(bytes(range(240)))
    data = encode(
        images[0], "GIF", save_all=True, append_images=images[1:], duration=[50 + 10 * (n % 3) for n in range(200)]
    )
    still, moving = render(data, format="webp"), render(data, format="webp", width=100)
    assert (still.animated, still.problems) == (False, ("first_frame_only",))
    assert (moving.animated, moving.problems) == (True, ())


_LARGE = 16 * 1024 * 1024
_SCREEN = b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0)
_WALKS = {
    "jpeg of fill bytes": b"\xff\xd8\xff" + b"\xff" * _LARGE,
    "jpeg of empty segments": b"\xff\xd8" + b"\xff\xe0\0\2" * (_LARGE // 4),
    "jpeg of markers": b"\xff\xd8" + b"\xff\x01" * (_LARGE // 2),
    "jpeg of zeros": b"\xff\xd8\xff\xe0\0\2" + b"\0" * _LARGE,
    "png of empty chunks": png_header(9, 9) + struct.pack(">I4sI", 0, b"abCd", 0) * (_LARGE // 12),
    "webp of empty chunks": b"RIFF\0\0\0\0WEBP" + b"ABCD\0\0\0\0" * (_LARGE // 8),
    "gif of zeros": _SCREEN + b"\0" * _LARGE,
    "gif of one byte in each sub-block": _SCREEN + b"\x21\xfe" + b"\1a" * (_LARGE // 2),
    "gif of empty extensions": _SCREEN + b"\x21\xfe\0" * (_LARGE // 3),
    "jpeg 2000 of codestreams": b"\xff\x4f\xff\x51" * (_LARGE // 4),
    "avif of sizes": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf"
    + (b"\0\0\0\x14ispe\0\0\0\0" + struct.pack(">II", 1, 1)) * (_LARGE // 20),
    "avif of boxes": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + b"\0\0\0\x08free" * (_LARGE // 8),
}  # fmt: skip


@pytest.mark.parametrize("name", _WALKS)
def test_a_file_of_nothing_but_structure_is_given_up_soon(name: str) -> None:
    """16 MiB of empty blocks: walking them all would hold the interpreter for seconds, or, once, for days."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        with pytest.raises((PictureTooLarge, BrokenPicture)):
            render(_WALKS[name], width=100)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05  # the least: on a busy machine the same work takes more processor time


@pytest.mark.parametrize("cuts", [(), (210,)], ids=["whole", "in two pieces"])
def test_an_avif_cannot_hide_its_stream(cuts: tuple[int, ...]) -> None:
    """Not behind padding, and not by cutting the very header in two."""
    large = _avif_small_outside()
    padding = b"\x7a\xc8\x01" + b"\0" * 200  # a unit of the bitstream that says nothing, 203 bytes
    stream = padding + large[large.index(b"mdat") + 4 :]
    begin, ends = 200, (*cuts, len(stream))
    extents = [struct.pack(">II", begin + start, end - start) for start, end in zip((0, *cuts), ends, strict=True)]
    item = struct.pack(">HHHHH", 0x4400, 1, 1, 0, len(extents))
    location = struct.pack(">I", 0) + item + b"".join(extents)
    boxes = _box(b"ftyp", b"avif\0\0\0\0avif") + _box(b"meta", b"\0\0\0\0" + _box(b"iloc", location))
    assert read_streams(boxes.ljust(begin, b"\0") + stream).sizes == ((4100, 4100),)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def test_the_texts_of_a_png_are_not_unfolded() -> None:
    """Sixty texts of a megabyte each, in some 60 KB: a picture all the same."""
    text = b"a\0\0" + zlib.compress(b" " * 1_000_000)
    chunk = struct.pack(">I4s", len(text), b"zTXt") + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    data = encode(quarters(), "PNG")
    tracemalloc.start()
    try:
        assert render(data[:33] + chunk * 60 + data[33:], width=20).width == 20
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("frames", [1, 3])
def test_an_avif_is_judged_by_its_stream(frames: int) -> None:
    """Its boxes may say something smaller than what the decoder will make room for."""
    with pytest.raises(PictureTooLarge, match="in its stream"):
        probe(_avif_small_outside(frames), limits=PictureLimits(pixels=1_000_000, animated_pixels=1_000_000))


@pytest.mark.parametrize("name", _BOMBS)
def test_refused_quickly_and_cheaply(name: str) -> None:
    """Under 50 ms and 20 MB."""
    data = _BOMBS[name]
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises((PictureTooLarge, BrokenPicture)):
            render(data, width=100)
        spent = time.process_time() - began
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert spent < 0.05 * 10  # tracing makes Python several times slower, and a busy machine twice that
    assert peak < 20_000_000


def test_more_bytes_than_allowed_are_refused() -> None:
    """Before they are looked at."""
    with pytest.raises(PictureTooLarge, match="bytes"):
        probe(b"x" * 11, limits=PictureLimits(bytes=10))


def test_a_format_that_is_not_listed_is_refused() -> None:
    """Though a codec for it is there."""
    with pytest.raises(UnsupportedFormat, match="list"):
        probe(encode(quarters(), "PNG"), limits=PictureLimits(formats=("jpeg",)))


def test_a_format_is_not_asked_for_more_than_it_holds() -> None:
    """WebP ends at 16,383 pixels; `auto` takes another format, whoever insists is told."""
    long = encode(Image.new("RGB", (1, 20_000)), "PNG")
    with pytest.raises(PictureTooLarge, match="webp"):
        render(long, format="webp")
    assert render_variant(long, Variant(accepted=("avif", "webp"), format="auto")).format == "avif"
    assert render_variant(long, Variant(accepted=("webp", "png"))).format == "png"


def test_enlarging_has_a_limit() -> None:
    """A pixel cannot be blown up to more than may be written."""
    with pytest.raises(PictureTooLarge):
        render(encode(quarters((1, 1)), "PNG"), width=8192, height=8192, fit="fill", enlarge=True)
