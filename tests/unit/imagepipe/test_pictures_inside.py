"""A container says one size and the picture inside another: what is decoded is what was inspected, or nothing."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from imagepipe import probe, render
from imagepipe.codecs.av1 import read_streams
from imagepipe.codecs.codec import Decoded, DecodeWish, Frame
from imagepipe.codecs.png import Png
from imagepipe.codecs.registry import Codecs
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture, PictureTooLarge
from imagepipe.model import PictureInfo, Variant
from imagepipe.rendering.footprint import Work, peak_bytes
from imagepipe.rendering.placeholder import describe
from imagepipe.rendering.render import render_bytes
from tests.unit.imagepipe.pictures import animated, encode, ico_with, quarters


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _header(width: int, height: int) -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))


def _png_of_headers(*sizes: tuple[int, int]) -> bytes:
    """A PNG with one header chunk after the other, and pixels for the last."""
    width, height = sizes[-1]
    rows = zlib.compress(bytes((1 + 4 * width) * height), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + b"".join(_header(*size) for size in sizes) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")
    )


def _bitmap(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, 2 * height, 1, 32, 0, 0, 0, 0, 0, 0)
    return head + b"\x40" * (4 * width * height)


@pytest.mark.parametrize("size", [(1100, 20), (20, 1100), (9000, 9000)])
def test_an_icons_png_is_judged_by_its_last_header_too(size: tuple[int, int]) -> None:
    icon = ico_with(_png_of_headers((16, 16), size) if size[0] * size[1] < 10**6 else _huge(size))
    for look in (probe, describe, lambda data: render(data, width=8)):
        with pytest.raises((BrokenPicture, PictureTooLarge)):
            look(icon)


def _huge(size: tuple[int, int]) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n"
        + _header(16, 16)
        + _header(*size)
        + _chunk(b"IDAT", zlib.compress(b""))
        + _chunk(b"IEND", b"")
    )


def test_the_budget_sees_the_size_inside_an_icon() -> None:
    """Header chunks of 16 and then 1,000 pixels: the estimate is that of 1,000 squared."""
    icon = ico_with(_png_of_headers((16, 16), (1000, 1000)))
    assert (probe(icon).width, probe(icon).height) == (1000, 1000)
    assert render_bytes(icon, Variant(width=20, format="png")) > 1000 * 1000 * 4


@pytest.mark.parametrize("side", [16, 256, 300, 1024])
def test_honest_icons_are_shown(side: int) -> None:
    assert render(ico_with(encode(quarters((side, side), "RGBA"), "PNG")), format="png").width == side
    if side <= 256:  # a bitmap cannot be larger
        assert render(ico_with(_bitmap(side, side)), format="png").width == side


def test_an_icon_with_an_animated_png_shows_one_frame() -> None:
    assert not render(ico_with(animated("PNG")), format="webp").animated


@pytest.mark.parametrize("size", [(16, 16), (200, 200)])
def test_a_png_whose_last_header_is_smaller_or_larger_is_never_decoded_as_something_else(size: tuple[int, int]) -> None:
    """The largest header counts; a decoder that believes a smaller one is not followed."""
    data = _png_of_headers((64, 64), size)
    if size > (64, 64):
        assert render(data, format="png").width == 200
    else:
        with pytest.raises(BrokenPicture, match="decoder sees 16×16"):
            render(data, format="png")


class _Liar(Png):
    """Inspects one size and decodes another."""

    name = "liar"

    def __init__(self, told: bool) -> None:
        self.told = told
        self.loaded = 0

    def recognises(self, head: bytes) -> bool:
        return head.startswith(b"liar")

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        return PictureInfo(self.name, 10, 10)

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        return Decoded(self._frames(), size=(50, 50) if self.told else None)

    def _frames(self) -> Iterator[Frame]:
        self.loaded += 1
        yield Frame(Image.new("RGB", (50, 50)))


@pytest.mark.parametrize("told", [True, False])
def test_no_codec_decodes_more_than_it_inspected(told: bool) -> None:
    """Where the decoder tells its size beforehand, not one pixel is decoded."""
    liar = _Liar(told)
    codecs = Codecs([liar, Png()])
    for look in (lambda: render(b"liar", format="png", codecs=codecs), lambda: describe(b"liar", codecs=codecs)):
        with pytest.raises(BrokenPicture, match="decoder sees 50×50"):
            look()
    assert liar.loaded == (0 if told else 2)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "JPEG2000", "BMP"])
@pytest.mark.parametrize("size", [(61, 37), (200, 151)])
def test_honest_pictures_pass(format: str, size: tuple[int, int]) -> None:
    """Also those that the decoder scales while it decodes."""
    data = encode(quarters(size), format)
    assert render(data, width=20, format="png").width == 20
    assert describe(data).info.width == size[0]


def _jp2_with_hidden_size() -> bytes:
    """A marker of no known kind stands between the codestream's start and its size."""
    data = encode(quarters(), "JPEG2000")
    return data.replace(b"\xff\x4f\xff\x51", b"\xff\x4f\xff\x30\xff\x51")


@pytest.mark.parametrize("tail", [b"", struct.pack(">I4s", 12, b"free") + b"\xff\x4f\xff\x51" + bytes(60)])
def test_a_jpeg_2000_must_begin_its_codestream_with_its_size(tail: bytes) -> None:
    with pytest.raises(BrokenPicture):
        probe(_jp2_with_hidden_size() + tail)


def test_a_gif_counts_the_pixels_of_its_frames() -> None:
    """A screen of one pixel, and frames that are a thousand times as large."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 900, 900, 0) + b"\x02\x02\x44\x01\x00"
    first = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    assert probe(head + first + frame * 200 + b";").first_frame_only
    assert probe(head + first + frame * 100 + b";").part_pixels == 81_000_001


class _Bits:
    def __init__(self) -> None:
        self.text = ""

    def put(self, value: int, count: int) -> "_Bits":
        self.text += format(value, f"0{count}b")
        return self

    def bytes(self) -> bytes:
        padded = self.text.ljust(-(-len(self.text) // 8) * 8, "0")
        return int(padded, 2).to_bytes(len(padded) // 8)


def _sequence(side: int, *, points: int = 1, profile: int = 0, deep: bool = False) -> bytes:
    """A sequence header with so many operating points in front of the size."""
    bits = _Bits().put(profile, 3).put(0, 2).put(0, 1).put(0, 1).put(points - 1, 5)
    for _ in range(points):
        bits.put(0, 12).put(9, 5).put(0, 1)
    bits.put(15, 4).put(15, 4).put(side - 1, 16).put(side - 1, 16).put(0, 1).put(0, 3)
    bits.put(0, 4).put(0, 1).put(1, 1).put(1, 1).put(0, 3).put(deep, 1)
    content = bits.bytes() + b"\0"
    return b"\x0a" + bytes((len(content),)) + content


def _avif_of(*items: bytes) -> bytes:
    at, extents = 400, b""
    for number, item in enumerate(items, 1):
        extents += struct.pack(">HHHII", number, 0, 1, at, len(item))
        at += len(item)
    location = b"\0\0\0\0" + struct.pack(">HH", 0x4400, len(items)) + extents
    boxes = _box(b"ftyp", b"avif\0\0\0\0avif") + _box(b"meta", b"\0\0\0\0" + _box(b"iloc", location))
    return boxes.ljust(400, b"\0") + b"".join(items)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.mark.parametrize("points", [1, 2, 32])
def test_operating_points_do_not_hide_an_av1_size(points: int) -> None:
    assert read_streams(_avif_of(_sequence(9000, points=points))).sizes == ((9000, 9000),)


@pytest.mark.parametrize(
    "grid", [struct.pack(">BBBBHH", 0, 0, 3, 4, 50_000, 40_000), struct.pack(">BBBBII", 0, 1, 3, 4, 50_000, 40_000)]
)
def test_the_size_of_a_picture_in_tiles_is_read(grid: bytes) -> None:
    assert (50_000, 40_000) in read_streams(_avif_of(_sequence(64), grid)).sizes


@pytest.mark.parametrize(("profile", "deep", "each"), [(0, False, 1.5), (0, True, 3), (1, False, 3), (1, True, 6)])
def test_the_frames_an_av1_decoder_keeps_are_counted(profile: int, deep: bool, each: float) -> None:
    """Eight at most, less the one in work; also where they are never shown."""
    header = _sequence(100, profile=profile, deep=deep)
    for frames, kept in ((1, 0), (2, 1), (8, 7), (50, 7)):
        streams = read_streams(_avif_of(header + b"\x32\x01\0" * frames))
        assert streams.kept(1) == round(kept * each * 10_000)


def test_the_kept_frames_are_in_the_estimate() -> None:
    animation = animated("AVIF", 9, (320, 240))
    info = probe(animation)
    assert info.reference_bytes >= 7 * 320 * 240 * 3 // 2
    with_none = replace(info, reference_bytes=0)
    work = Work((info.width, info.height), (320, 240), info.frames)
    assert peak_bytes(1000, info, work, None) - peak_bytes(1000, with_none, work, None) == info.reference_bytes
    assert probe(encode(quarters((320, 240)), "AVIF")).reference_bytes == 0
    assert probe(encode(quarters((320, 240), "RGBA"), "AVIF")).reference_bytes == 0
