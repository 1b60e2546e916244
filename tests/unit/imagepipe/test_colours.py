"""Colours and transparency as browsers show them: colour keys, profiles, and colour spaces named by numbers."""

import io
import struct
from itertools import pairwise

import pytest
from PIL import Image, ImageCms

import imagepipe
from imagepipe.codecs.colour_space import SRGB, coded_profile, measured_profile
from tests.unit.imagepipe.pictures import decode, encode, photo, png_of

_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290))
_ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.3290))


def _shown(data: bytes, x: int = 4) -> tuple[int, ...]:
    found = decode(imagepipe.render(data, width=32, format="png").body).convert("RGBA").getpixel((x, 4))
    assert isinstance(found, tuple)
    return found


def _near(found: tuple[int, ...], expected: tuple[int, ...], by: int = 2) -> bool:
    return all(abs(one - other) <= by for one, other in zip(found, expected, strict=False))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_grey_that_is_transparent(depth: int) -> None:
    """At every depth, for every tenth level, compared exactly; bits beyond the depth are passed over."""
    most = (1 << depth) - 1
    levels = sorted({round(most * tenth / 10) for tenth in range(11)})
    above = 0 if depth == 16 else 0x8000
    for level, other in [*pairwise(levels), (most, most - 1)]:
        data = png_of(_GREY, depth, ((level,), (other,)), (b"tRNS", struct.pack(">H", level | above)))
        assert _shown(data)[3] == 0
        assert _shown(data, 28) == (*[other * 255 // most if depth < 16 else other >> 8] * 3, 255)


@pytest.mark.parametrize(("depth", "one"), [(8, 1), (16, 1), (16, 256)])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_colour_that_is_transparent(depth: int, one: int, channel: int) -> None:
    """One step in one channel is another colour, also where that step is in the low byte."""
    key = [(1 << depth) // 2] * 3
    other = list(key)
    other[channel] += one
    data = png_of(_RGB, depth, (tuple(key), tuple(other)), (b"tRNS", struct.pack(">3H", *key)))
    assert _shown(data)[3] == 0
    assert _shown(data, 28) == (*(value >> (depth - 8) for value in other), 255)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize(("alphas", "seen"), [(b"\x00", (0, 255)), (b"\x80\x40", (128, 64)), (b"\xff\x00", (255, 0))])
def test_alpha_of_a_palette(depth: int, alphas: bytes, seen: tuple[int, int]) -> None:
    palette = bytes((10, 20, 30, 200, 100, 50))
    data = png_of(_PALETTE, depth, ((0,), (1,)), (b"tRNS", alphas), palette=palette)
    assert (_shown(data)[3], _shown(data, 28)[3]) == seen


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("kind", "channels"), [(_GREY_ALPHA, 1), (_RGBA, 3)])
def test_an_alpha_channel_beats_a_colour_key(kind: int, channels: int, depth: int) -> None:
    """There the chunk is forbidden, and passed over."""
    most = (1 << depth) - 1
    key = struct.pack(f">{channels}H", *[most] * channels)
    data = png_of(kind, depth, ((*[most] * channels, most), (*[most] * channels, most // 2)), (b"tRNS", key))
    assert (_shown(data)[3], _shown(data, 28)[3]) == (255, 127)


def test_a_short_colour_key_is_passed_over() -> None:
    assert _shown(png_of(_RGB, 8, ((1, 2, 3),), (b"tRNS", b"\0\1\0\2")))[3] == 255


def _grey_profile(gamma: float) -> bytes:
    """A profile of one curve (ICC.1, 8.3.4)."""
    curve = struct.pack(">4s4xIH", b"curv", 1, round(gamma * 256))
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, len(white), b"kTRC", 176, len(curve))
    size = 176 + len(curve)
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x02400000, b"mntr", b"GRAY", b"XYZ ", b"acsp").ljust(68, b"\0")
    head += struct.pack(">3i", 63190, 65536, 54061).ljust(60, b"\0")
    return head + tags + white + curve


@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
def test_grey_profiles_hold_with_and_without_alpha(mode: str, gamma: float) -> None:
    """What the curve makes of middle grey, and the alpha as it was."""
    image = Image.new(mode, (32, 32), 128 if mode == "L" else (128, 200))
    found = _shown(encode(image, "PNG", icc_profile=_grey_profile(gamma)))
    linear = (128 / 255) ** gamma
    expected = round(255 * (1.055 * linear ** (1 / 2.4) - 0.055))
    assert _near(found, (expected, expected, expected, 255 if mode == "L" else 200))


def _linear_named_srgb() -> bytes:
    """As GIMP writes one: its description has the letters sRGB."""
    made = measured_profile(SRGB, 1.0)
    assert made is not None
    return made + b"GIMP built-in Linear sRGB"


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_profile_is_what_it_does_not_what_it_is_called(mode: str) -> None:
    """Linear light comes out brighter, whatever its profile calls itself."""
    image = Image.new(mode, (32, 32), (55, 20, 128, 255)[: len(mode)])
    assert _near(_shown(encode(image, "PNG", icc_profile=_linear_named_srgb())), (128, 79, 188, 255))


def test_srgb_by_any_name_is_left_alone() -> None:
    """Byte for byte what comes without the profile."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = photo((32, 32))
    with_profile = imagepipe.render(encode(image, "PNG", icc_profile=srgb), format="png")
    assert with_profile.body == imagepipe.render(encode(image, "PNG"), format="png").body


@pytest.mark.parametrize("damage", [b"", b"\0" * 200, _grey_profile(2.2)[:140]])
def test_a_broken_profile_is_passed_over(damage: bytes) -> None:
    image = Image.new("RGB", (32, 32), (55, 20, 128))
    assert _shown(encode(image, "PNG", icc_profile=damage or None)) == (55, 20, 128, 255)


def test_a_profile_of_other_colours_is_passed_over() -> None:
    image = Image.new("RGB", (32, 32), (55, 20, 128))
    assert _shown(encode(image, "PNG", icc_profile=_grey_profile(1.0))) == (55, 20, 128, 255)


def test_a_colour_profile_holds_for_a_grey_picture() -> None:
    """A grey JPEG of a camera carries the camera's own profile."""
    profile = measured_profile(SRGB, 1.0)
    data = encode(Image.new("L", (32, 32), 55), "JPEG", icc_profile=profile, quality=100)
    assert _near(_shown(data), (128, 128, 128, 255))


def _through(profile: bytes, colour: tuple[int, int, int]) -> tuple[int, ...]:
    """The colour by LittleCMS alone, in sRGB."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    image = Image.new("RGB", (1, 1), colour)
    done = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    assert done is not None
    found = done.getpixel((0, 0))
    assert isinstance(found, tuple)
    return found


def _avif(primaries: int, transfer: int, colour: tuple[int, int, int]) -> bytes:
    data = encode(Image.new("RGB", (32, 32), colour), "AVIF", quality=100, subsampling="4:4:4")
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


@pytest.mark.parametrize("primaries", [1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 22])
@pytest.mark.parametrize("transfer", [1, 2, 4, 5, 6, 8, 13, 14, 15])
def test_avif_in_the_colours_that_its_numbers_name(primaries: int, transfer: int) -> None:
    """BT.709 with a video curve is sRGB; all else is converted."""
    colour = (128, 64, 32)
    profile = coded_profile(primaries, transfer)
    expected = colour if profile is None else _through(profile, colour)
    assert (profile is None) == (primaries in (1, 2) and transfer not in (4, 5, 8))
    assert _near(_shown(_avif(primaries, transfer, colour)), expected, 4)


def test_display_p3_by_its_own_arithmetic() -> None:
    """From the definition: linear light times the matrix, then sRGB's curve."""
    assert _near(_shown(_avif(12, 13, (128, 64, 32))), (139, 59, 21), 4)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_not_taken_for_something_else(transfer: int) -> None:
    assert _near(_shown(_avif(9, transfer, (128, 64, 32))), (128, 64, 32), 4)


def test_an_avif_without_the_box_is_as_its_stream_says() -> None:
    """The encoder wrote sRGB into it."""
    data = _avif(12, 13, (128, 64, 32)).replace(b"colrnclx", b"freenclx")
    assert _near(_shown(data), (128, 64, 32), 4)


def _chrm(primaries: tuple[tuple[float, float], ...]) -> tuple[bytes, bytes]:
    red, green, blue, white = primaries
    numbers = [round(value * 100_000) for point in (white, red, green, blue) for value in point]
    return b"cHRM", struct.pack(">8I", *numbers)


_LINEAR = (b"gAMA", struct.pack(">I", 100_000))


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([(b"cICP", b"\x0c\x0d\x00\x01")], (139, 59, 21)),
        ([(b"cICP", b"\x01\x0d\x00\x01"), _LINEAR, _chrm(_P3)], (128, 64, 32)),
        ([_chrm(_P3), (b"gAMA", struct.pack(">I", 45455))], (139, 59, 21)),
        ([_chrm(SRGB), _LINEAR], (188, 137, 99)),
        ([_LINEAR], (188, 137, 99)),
        ([(b"gAMA", struct.pack(">I", 45455))], (128, 64, 32)),
        ([(b"iCCP", b"x\0\0no profile"), _LINEAR], (188, 137, 99)),
        ([_chrm(_ADOBE)], (128, 64, 32)),
        ([(b"sRGB", b"\0"), _chrm(_ADOBE), _LINEAR], (128, 64, 32)),
        ([_chrm(((0.3, 0.3),) * 4), _LINEAR], (128, 64, 32)),
        ([(b"gAMA", bytes(4)), _chrm(_P3)], (128, 64, 32)),
    ],
)
def test_png_in_the_colours_that_its_chunks_name(
    chunks: list[tuple[bytes, bytes]], expected: tuple[int, int, int]
) -> None:
    """cICP first, then sRGB; then gamma, with chromaticities or those of sRGB, where they make sense."""
    assert _near(_shown(png_of(_RGB, 8, ((128, 64, 32),), *chunks)), expected)
