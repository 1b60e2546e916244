"""What a PNG says of its colours beside its pixels: the transparent one, and the colour space.

Pillow compares the transparent colour with pixels that it has scaled or cut to 8 bits; here it is compared as the
standard says (PNG, third edition, 11.3.1.1).
"""

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageChops, PngImagePlugin

from imagepipe.codecs.colour_space import SRGB, coded_profile, measured_profile

GREY, COLOUR, PALETTE, GREY_ALPHA = 0, 2, 3, 4
_UNIT = 100_000


@dataclass(frozen=True, slots=True)
class ColourKey:
    """The colour that is transparent, one number a channel, in pixels of `depth` bits."""

    depth: int
    values: tuple[int, ...]


def read_key(colour_type: int, depth: int, chunk: bytes) -> ColourKey | None:
    """From a `tRNS` chunk; None where the picture has a palette, an alpha channel, or too short a chunk."""
    channels = {GREY: 1, COLOUR: 3}.get(colour_type)
    if channels is None or len(chunk) < 2 * channels:
        return None
    mask = (1 << depth) - 1  # the other bits are to be ignored
    return ColourKey(depth, tuple(value & mask for value in struct.unpack_from(f">{channels}H", chunk)))


def with_key(image: Image.Image, key: ColourKey, data: bytes) -> Image.Image:
    """The picture with alpha 0 where it has the key's colour; `data` is read again for low bytes that Pillow drops."""
    image.info.pop("transparency", None)
    if len(key.values) == 1:
        return _with_grey_key(image, key)
    if image.mode not in ("RGB", "RGBA"):
        return image
    if key.depth == 8:
        mask = _equal(image, key.values)
    else:
        high, low = zip(*(divmod(value, 256) for value in key.values), strict=True)
        mask = ImageChops.multiply(_equal(image, high), _equal(_low_bytes(data), low))
    shown = image.copy()
    shown.putalpha(ImageChops.invert(mask))
    return shown


def _with_grey_key(image: Image.Image, key: ColourKey) -> Image.Image:
    (value,) = key.values
    if image.mode.startswith("I"):
        wide = image.convert("I")
        alpha = wide.point([0 if level == value else 255 for level in range(65536)], "L")
        shown = high_bytes(image)
    elif image.mode in ("1", "L"):
        shown = image.convert("L")
        scaled = value * 255 // ((1 << key.depth) - 1)
        alpha = shown.point([0 if level == scaled else 255 for level in range(256)])
    else:
        return image
    shown.putalpha(alpha)
    return shown


def high_bytes(image: Image.Image) -> Image.Image:
    """16-bit grey as 8-bit."""
    return image.convert("I").point([level >> 8 for level in range(65536)], "L")


def _equal(image: Image.Image, values: tuple[int, ...]) -> Image.Image:
    """255 where all three channels have these values."""
    tables = [255 if level == value else 0 for value in values for level in range(256)]
    red, green, blue = image.convert("RGB").point(tables).split()
    return ImageChops.multiply(ImageChops.multiply(red, green), blue)


def _low_bytes(data: bytes) -> Image.Image:
    """The low byte of each 16-bit channel."""
    image = PngImagePlugin.PngImageFile(io.BytesIO(data))
    image.tile = [tile._replace(args="RGB;16L") for tile in image.tile]
    image.load()
    return image


def read_profile(chunks: dict[bytes, bytes]) -> bytes | None:
    """The colour space that the chunks name without a profile of their own; None for sRGB, and where none is named."""
    coded = chunks.get(b"cICP", b"")
    if len(coded) == 4:
        return coded_profile(coded[0], coded[1])
    gamma, points = chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b"")
    if b"sRGB" in chunks or len(gamma) != 4:
        return None  # chromaticities alone are passed over, as in browsers
    (encoding,) = struct.unpack(">I", gamma)
    primaries = SRGB
    if len(points) == 32:
        white, red, green, blue = ((x / _UNIT, y / _UNIT) for x, y in struct.iter_unpack(">II", points))
        primaries = (red, green, blue, white)
    return measured_profile(primaries, _UNIT / encoding) if encoding else None


def has_code(chunks: dict[bytes, bytes]) -> bool:
    """Whether the colour space is named by code points, which win over a profile in the file (11.3.2.6)."""
    return len(chunks.get(b"cICP", b"")) == 4
