"""How many bytes a render takes at most, from what the header says. Pure;
`tests/integration/imagepipe/test_footprint.py` holds the factors against measured peaks.

Pillow keeps four bytes a pixel whatever the picture's mode. Beside these stand the decoder's own buffers, a second copy
where a palette is unfolded or alpha is multiplied in before scaling, and what each frame takes until it is written.
"""

from dataclasses import dataclass

from imagepipe.codecs.codec import Codec
from imagepipe.codecs.webp import reduced
from imagepipe.model import PictureInfo

_PIXEL = 4
COPIES = 4
"""Of the picture's bytes: the message, the body read from it, the decoder's, and one on its way through the pipe."""
_BASE = 4 * 1024 * 1024  # profiles, tables, buffers of lines


@dataclass(frozen=True, slots=True)
class Cost:
    """Bytes at the peak: of a decode and of an encoder for each pixel, and for each pixel of every further frame."""

    decode: float
    encode: float
    frame: float = 12


# Measured on 20 megapixels with Pillow 13, and on animations of 20 frames; a sixth or more is added.
_COSTS = {
    "jpeg": Cost(decode=10, encode=14),
    "png": Cost(decode=14, encode=14),
    "webp": Cost(decode=20, encode=40, frame=8),
    "gif": Cost(decode=16, encode=28, frame=9),
    "avif": Cost(decode=16, encode=36, frame=8),
    "jp2": Cost(decode=44, encode=56),
    "bmp": Cost(decode=10, encode=14),
    "ico": Cost(decode=20, encode=14),
}
_UNKNOWN = Cost(decode=44, encode=56)  # a codec of somebody else's
_PLAIN = 8  # without palette or alpha nothing is unfolded
_COEFFICIENTS = 8  # of a JPEG in several scans: two bytes for each of up to four components
_SCALED = 40  # for each pixel of the result: a box average of up to twice its size on a side, twice
_ANIMATED = 12  # the frame before, a copy of the canvas, and the one that is handed on


@dataclass(frozen=True, slots=True)
class Work:
    """What a render will do: `decoded` is the size that the decoder gives, `out` the one that is written."""

    decoded: tuple[int, int]
    out: tuple[int, int]
    frames: int = 1


def peak_bytes(length: int, info: PictureInfo, work: Work, writer: Codec | None) -> int:
    """Of a picture of `length` bytes; `writer` is None where nothing is encoded."""
    cost = _COSTS.get(info.format, _UNKNOWN)
    decoded, out = work.decoded[0] * work.decoded[1], work.out[0] * work.out[1]
    each = (_PLAIN if info.plain else cost.decode) + (_ANIMATED if info.animated else 0)
    reading = max(decoded, info.largest_part) * each + (info.pixels * _COEFFICIENTS if info.scans > 1 else 0)
    reading += info.reference_bytes
    scaling = min(decoded * 2 * _PIXEL, out * _SCALED)
    writing = 0.0
    if writer is not None:
        written = _COSTS.get(writer.name, _UNKNOWN)
        writing = out * (written.encode + (work.frames - 1) * written.frame)
    return round(reading + scaling + writing) + COPIES * length + _BASE


def probe_bytes(body: bytes, **_options: object) -> int:
    """To look at a header."""
    return COPIES * len(body)


def decoded_size(info: PictureInfo, at_least: tuple[int, int]) -> tuple[int, int]:
    """A JPEG is scaled by 1/2, 1/4 or 1/8 while it is decoded, a still WebP to what is wanted; others not at all."""
    if info.format == "webp" and not info.animated and not info.first_frame_only:
        return reduced(info.stored, at_least)
    if info.format != "jpeg":
        return info.width, info.height
    stored = info.stored
    scale = next((by for by in (8, 4, 2) if stored[0] // by >= at_least[0] and stored[1] // by >= at_least[1]), 1)
    return -(-stored[0] // scale), -(-stored[1] // scale)
