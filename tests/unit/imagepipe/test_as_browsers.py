"""Odd but valid files, and files that are a little broken, as browsers show them. Expected values: Chromium 156."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence

import pytest
from PIL import Image, ImageChops, ImageStat

import imagepipe
from imagepipe.codecs.jpeg import MARKER
from imagepipe.errors import BrokenPicture
from tests.unit.imagepipe.pictures import animated, decode, encode, photo, png_of, quarters

_SIZE = (160, 120)
_GREEN, _BLUE, _RED, _PINK = (0, 255, 0, 255), (0, 0, 255, 100), (255, 0, 0, 128), (255, 0, 255, 255)
Colour = tuple[int, int, int, int]
Part = tuple[tuple[int, int, int, int], Colour, int, int]
"""Where a frame lies (x, y, width, height), its colour, what is done with it afterwards, and how it is blended."""


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _pixels(colour: Colour, width: int, height: int) -> bytes:
    return zlib.compress((b"\0" + bytes(colour) * width) * height)


def _apng(parts: Sequence[Part], *, hidden: Colour | None = None, step: int = 1) -> bytes:
    header = struct.pack(">IIBBBBB", *_SIZE, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"acTL", struct.pack(">II", len(parts), 3))]
    number = 0
    if hidden is not None:
        chunks.append((b"IDAT", _pixels(hidden, *_SIZE)))
    for index, ((x, y, width, height), colour, disposal, blend) in enumerate(parts):
        control = struct.pack(">IIIIIHHBB", number, width, height, x, y, 1, 10, disposal, blend)
        chunks.append((b"fcTL", control))
        number += step
        if index == 0 and hidden is None:
            chunks.append((b"IDAT", _pixels(colour, width, height)))
        else:
            chunks.append((b"fdAT", struct.pack(">I", number) + _pixels(colour, width, height)))
            number += step
    chunks.append((b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _frames(body: bytes) -> list[Image.Image]:
    image = Image.open(io.BytesIO(body))
    shown = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        shown.append(image.convert("RGBA"))
    return shown


def _over(above: Colour, below: Colour) -> Colour:
    """Porter and Duff's "over", not multiplied."""
    one, other = above[3] / 255, below[3] / 255 * (1 - above[3] / 255)
    whole = one + other
    mixed = [round((a * one + b * other) / whole) if whole else 0 for a, b in zip(above, below, strict=True)]
    return mixed[0], mixed[1], mixed[2], round(whole * 255)


def _near(found: object, expected: Colour, by: int = 3) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) <= by for one, other in zip(found, expected, strict=True))


_WHOLE = (0, 0, *_SIZE)
_CLEAR: Colour = (0, 0, 0, 0)


@pytest.mark.parametrize("blend", [0, 1])
@pytest.mark.parametrize(("disposal", "below"), [(0, None), (1, _CLEAR), (2, _GREEN)])
def test_frames_of_an_apng_are_blended_and_disposed_of(disposal: int, below: Colour | None, blend: int) -> None:
    """Half transparent on solid stays solid where it is blended, and takes its place where it is not."""
    data = _apng(
        [(_WHOLE, _GREEN, 0, 0), ((20, 20, 60, 60), _RED, disposal, blend), ((40, 40, 60, 60), _BLUE, 0, blend)]
    )
    first, second, third = _frames(imagepipe.render(data, format="png", width=80).body)
    in_second = _over(_RED, _GREEN) if blend else _RED
    under = in_second if below is None else below
    assert _near(first.getpixel((30, 30)), _GREEN)
    assert _near(second.getpixel((30, 30)), in_second)
    assert _near(third.getpixel((30, 30)), _over(_BLUE, under) if blend else _BLUE)
    assert _near(third.getpixel((15, 15)), under)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("animate", [True, False])
def test_a_still_picture_that_is_no_frame_is_not_shown(count: int, animate: bool) -> None:
    """It is for programs that know no APNG."""
    parts: list[Part] = [(_WHOLE, _GREEN, 0, 0), (_WHOLE, _BLUE, 0, 0)]
    shown = _frames(imagepipe.render(_apng(parts[:count], hidden=_PINK), format="webp", animate=animate).body)
    assert _near(shown[0].getpixel((5, 5)), _GREEN, 12)
    assert len(shown) == (count if animate else 1)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_an_apng_out_of_order_is_shown_up_to_there(parts: int) -> None:
    frames: list[Part] = [(_WHOLE, _GREEN, 0, 0), (_WHOLE, _BLUE, 0, 0), (_WHOLE, _RED, 0, 0)]
    shown = _frames(imagepipe.render(_apng(frames[:parts], step=2), format="png").body)
    assert len(shown) == 1
    assert _near(shown[0].getpixel((5, 5)), _GREEN)


def test_an_apng_of_too_many_frames_shows_its_first() -> None:
    frames: list[Part] = [(_WHOLE, _GREEN, 0, 0)] * 1000
    found = imagepipe.render(_apng(frames), format="webp")
    assert found.problems == ("first_frame_only",)
    assert not found.animated


def test_a_frame_of_an_apng_beyond_its_picture_ends_it() -> None:
    data = _apng([(_WHOLE, _GREEN, 0, 0), ((100, 0, 100, 100), _BLUE, 0, 0)])
    assert len(_frames(imagepipe.render(data, format="png").body)) == 1


def _header_segments(data: bytes) -> list[int]:
    """Where segments begin behind the first scan of a progressive JPEG."""
    found = [match.start() for match in MARKER.finditer(data) if data[match.start() + 1] in (0xC4, 0xDA)]
    return found[found.index(data.find(b"\xff\xda")) + 1 :]


@pytest.mark.parametrize("inside", [1, 2, 3, 4, 5, 8, 14])
def test_a_jpeg_that_is_cut_off_inside_a_header_shows_the_scans_before(inside: int) -> None:
    """Whichever header it is; and it looks no worse than without those bytes."""
    picture = quarters((160, 120))
    data = encode(picture, "JPEG", quality=90, progressive=True)
    for start in _header_segments(data)[3:]:
        shown = decode(imagepipe.render(data[: start + inside], format="png").body)
        assert max(ImageStat.Stat(ImageChops.difference(shown.convert("RGB"), picture)).mean) < 30


def _jpeg_with(*segments: bytes) -> bytes:
    data = encode(quarters((32, 24)), "JPEG", quality=95)
    made = b"".join(b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment for segment in segments)
    return data[:2] + made + data[2:]


def _exif(orientation: int) -> bytes:
    entry = struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


@pytest.mark.parametrize(
    ("segments", "turned"),
    [
        ((_exif(6), _exif(1)), True),
        ((_exif(1), _exif(6)), False),
        ((b"Exif\0\0II*\0\x08" + bytes(9), _exif(6)), False),
        ((b"http://ns.adobe.com/xap/1.0/\0<x/>", _exif(8)), True),
    ],
)
def test_the_first_exif_counts(segments: tuple[bytes, ...], turned: bool) -> None:
    found = imagepipe.render(_jpeg_with(*segments))
    assert (found.width, found.height) == ((24, 32) if turned else (32, 24))


def _gif(screen: tuple[int, int], *frames: tuple[tuple[int, int, int, int], int, int]) -> bytes:
    """Frames of one colour: where, its number, what is done with it afterwards."""
    table = bytes((255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9))
    data = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x81, 0, 0) + table
    for (x, y, width, height), number, disposal in frames:
        data += b"\x21\xf9\x04" + struct.pack("<BHBB", disposal << 2, 10, 0, 0)
        data += b"\x2c" + struct.pack("<HHHHB", x, y, width, height, 0)
        bits = "".join(
            f"{code:03b}"[::1] for code in reversed([code for _ in range(width * height) for code in (4, number)])
        )
        packed = int("101" + bits, 2).to_bytes((len(bits) + 10) // 8, "little")
        data += b"\x02" + b"".join(
            bytes((len(packed[at : at + 255]),)) + packed[at : at + 255] for at in range(0, len(packed), 255)
        )
        data += b"\0"
    return data + b";"


@pytest.mark.parametrize(
    ("screen", "first", "size"),
    [
        ((20, 20), (10, 10, 20, 20), (30, 30)),
        ((20, 20), (0, 0, 10, 30), (20, 30)),
        ((0, 0), (5, 5, 20, 10), (25, 15)),
        ((20, 20), (5, 5, 10, 10), (20, 20)),
    ],
)
def test_a_screen_holds_its_first_frame_where_that_lies(
    screen: tuple[int, int], first: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    """Later frames are cut instead."""
    found = imagepipe.render(_gif(screen, (first, 1, 0), ((0, 0, 40, 40), 2, 0)), format="png")
    assert (found.width, found.height) == size


@pytest.mark.parametrize(("disposal", "left"), [(1, 1), (3, 0), (4, 0), (5, 1)])
def test_what_a_frame_of_a_gif_leaves_behind(disposal: int, left: int) -> None:
    data = _gif((8, 8), ((0, 0, 8, 8), 0, 1), ((2, 2, 4, 4), 1, disposal), ((0, 0, 1, 1), 2, 1))
    last = _frames(imagepipe.render(data, format="png").body)[-1]
    assert _near(last.getpixel((3, 3)), ((255, 0, 0, 255), (0, 255, 0, 255))[left])


def test_a_frame_without_pixels_is_passed_over() -> None:
    data = _gif((8, 8), ((0, 0, 8, 8), 0, 1), ((0, 0, 0, 0), 1, 1), ((0, 0, 8, 8), 2, 1))
    shown = _frames(imagepipe.render(data, format="png").body)
    assert _near(shown[-1].getpixel((3, 3)), (0, 0, 255, 255))


def test_half_transparent_pixels_of_a_gif_are_there_or_not() -> None:
    """Half of them each."""
    picture = quarters((256, 16), "RGBA")
    picture.putalpha(Image.linear_gradient("L").rotate(90).resize((256, 16)))
    shown = decode(imagepipe.render(encode(picture, "PNG"), format="gif").body).convert("RGBA")
    assert 0.45 < ImageStat.Stat(shown.getchannel("A")).mean[0] / 255 < 0.55


@pytest.mark.parametrize("hidden", ["left", "right", "nothing"])
def test_an_old_icon_is_seen_where_its_mask_says(hidden: str) -> None:
    """32 bits, all of whose alpha is 0."""
    row = {"left": b"\xff\0\0\0", "right": b"\0\xff\0\0", "nothing": bytes(4)}[hidden]
    bitmap = struct.pack("<IiiHHIIiiII", 40, 16, 32, 1, 32, 0, 0, 0, 0, 0, 0) + bytes((9, 99, 200, 0)) * 256 + row * 16
    data = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(bitmap), 22) + bitmap
    shown = decode(imagepipe.render(data, format="png").body).convert("RGBA")
    expected = {"left": (0, 255), "right": (255, 0), "nothing": (255, 255)}[hidden]
    assert [shown.getchannel("A").getpixel((x, 4)) for x in (2, 13)] == list(expected)
    assert _near(shown.getpixel((2 if hidden != "left" else 13, 4)), (200, 99, 9, 255))


_LEAN = {
    "lossy": lambda: encode(photo((160, 120)), "WEBP", quality=30),
    "lossless": lambda: encode(quarters((160, 120)), "WEBP", lossless=True),
}
_WEBP: dict[str, Callable[[], bytes]] = {
    "lossy": lambda: encode(photo((160, 120)), "WEBP", quality=90),
    "lossless": lambda: encode(photo((160, 120)), "WEBP", lossless=True),
}


@pytest.mark.parametrize("name", _WEBP)
@pytest.mark.parametrize("share", [0.5, 0.8, 0.99])
@pytest.mark.parametrize("width", [160, 40])
def test_the_rows_of_a_webp_that_came_are_shown(name: str, share: float, width: int) -> None:
    data = _WEBP[name]()
    found = imagepipe.render(data[: int(len(data) * share)], width=width, format="png")
    assert found.problems == ("cut_off",)
    whole = decode(imagepipe.render(data, width=width, format="png").body).convert("RGB")
    above = (0, 0, found.width, int(found.height * share / 2))
    difference = ImageChops.difference(decode(found.body).convert("RGB").crop(above), whole.crop(above))
    assert max(ImageStat.Stat(difference).mean) < 3


def test_an_animated_webp_has_the_frames_that_are_whole() -> None:
    data = animated("WEBP", 5, (40, 30), lossless=True)
    counts = set()
    for end in range(30, len(data)):
        try:
            counts.add(len(_frames(imagepipe.render(data[:end], format="png").body)))
        except BrokenPicture:
            counts.add(0)
    assert counts == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("name", _WEBP)
@pytest.mark.parametrize("junk", [b"x" * 50, b"junk", b"\0"])
def test_what_stands_behind_a_webp_is_left_out(name: str, junk: bytes) -> None:
    """And a length in its head that is wrong is put right."""
    data = _LEAN[name]()
    for odd in (data + junk, data[:4] + struct.pack("<I", 2 * len(data)) + data[8:]):
        found = imagepipe.render(odd, format="webp")
        assert found.body == data
        assert found.problems == ()


@pytest.mark.parametrize("mode", ["RGB", "P", "L", "1"])
def test_a_bitmap_that_ends_too_early_says_so(mode: str) -> None:
    data = encode(quarters((40, 30)).convert(mode), "BMP")
    assert imagepipe.render(data).problems == ()
    assert imagepipe.render(data[: -len(data) // 3]).problems == ("cut_off",)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_grey_profile_holds_for_grey_with_alpha(depth: int) -> None:
    """Gamma 1 at a quarter of full light is 137 of 255, at both depths."""
    most = (1 << depth) - 1
    curve = b"curv" + struct.pack(">IIH", 0, 1, 256) + bytes(2)
    white = b"XYZ " + struct.pack(">Iiii", 0, 63190, 65536, 54061)
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, 20, b"kTRC", 176, 16)
    head = struct.pack(">I4xI4s4s4s12x4s", 192, 0x02400000, b"mntr", b"GRAY", b"XYZ ", b"acsp").ljust(68, b"\0")
    profile = (head + struct.pack(">iii", 63190, 65536, 54061)).ljust(128, b"\0") + tags + white + curve
    chunk = (b"iCCP", b"x\0\0" + zlib.compress(profile))
    data = png_of(4, depth, ((most // 4, most), (most // 4, most // 2)), chunk)
    shown = decode(imagepipe.render(data, format="png", width=30).body).convert("RGBA")
    assert _near(shown.getpixel((4, 4)), (137, 137, 137, 255))
    assert _near(shown.getpixel((28, 4)), (137, 137, 137, 127))


def test_code_points_win_over_a_profile() -> None:
    """PNG, third edition, 11.3.2.6."""
    other = encode(quarters((8, 8)), "PNG", icc_profile=_swapped())
    profile = next(content for kind, content in _chunks(other) if kind == b"iCCP")
    colour = ((128, 64, 32),)
    with_both = png_of(2, 8, colour, (b"iCCP", profile), (b"cICP", b"\x01\x0d\x00\x01"))
    assert _near(_first(with_both), (128, 64, 32, 255))
    assert not _near(_first(png_of(2, 8, colour, (b"iCCP", profile))), (128, 64, 32, 255))


def _first(data: bytes) -> object:
    return decode(imagepipe.render(data, width=20, format="png").body).convert("RGBA").getpixel((4, 4))


def _swapped() -> bytes:
    from imagepipe.codecs.colour_space import coded_profile

    found = coded_profile(9, 8)
    assert found is not None
    return found


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found
