"""WebP, lossy and lossless, still and animated (container: RFC 9649)."""

import struct
from collections.abc import Iterator

from PIL import WebPImagePlugin

from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.exif import ExifFacts, read_exif, write_copyright
from imagepipe.codecs.pillow import decode_with, save
from imagepipe.codecs.quality import quality_of
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture
from imagepipe.model import PictureInfo

METHOD = 2
"""Effort 0 to 6. Measured on photographs: 2 costs two thirds of 4 and is 3 % larger."""


_ALPHA = 0x10  # RFC 9649, 2.7.1


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and length of each chunk's content."""
    return bounded(_chunks(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, at + 8, length
        at += 8 + length + (length & 1)


class WebP:
    """The WebP codec."""

    name = "webp"
    content_type = "image/webp"
    can_write = True
    has_alpha = True
    can_animate = True
    lossless = False
    max_side = 16_383  # RFC 9649: 14 bits in a frame's header

    def recognises(self, head: bytes) -> bool:
        return head[:4] == b"RIFF" and head[8:12] == b"WEBP"

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        width = height = frames = 0
        opaque = True
        facts = ExifFacts()
        for kind, at, length in chunks(data):
            if kind in (b"VP8X", b"VP8L", b"VP8 ", b"ANMF"):
                # The outermost of all that say a size, so that no part can be larger than what was checked.
                w, h = _size(kind, data, at)
                width, height = max(width, w), max(height, h)
                opaque = opaque and kind != b"VP8L" and not (kind == b"VP8X" and data[at] & _ALPHA)
                frames += kind == b"ANMF"
            elif kind == b"EXIF":
                facts = read_exif(data[at : at + length])
            if frames > limits.frames:
                break
        if not width or not height:
            raise BrokenPicture("WebP without a picture chunk")
        if facts.orientation >= 5:
            width, height = height, width
        return PictureInfo(
            self.name,
            width,
            height,
            max(frames, 1),
            orientation=facts.orientation,
            has_location=facts.has_location,
            opaque=opaque,
        )

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        owner = next(
            (read_exif(data[at : at + size]).copyright for kind, at, size in chunks(data) if kind == b"EXIF"), None
        )
        return decode_with(WebPImagePlugin.WebPImageFile, data, wish, owner)

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        exif = {"exif": write_copyright(wish.copyright)} if wish.copyright else {}
        # Flat animations (screencasts, logos) are ten times smaller where a frame may be lossless, and a third of that
        # where few frames are whole ones.
        animation = {"loop": wish.loop, "allow_mixed": True, "minimize_size": True} if len(frames) > 1 else {}
        return save(frames, "WEBP", quality=quality_of("webp", wish.quality), method=METHOD, **animation, **exif)


def _size(kind: bytes, data: bytes, at: int) -> tuple[int, int]:
    head = data[at : at + 16].ljust(16, b"\0")
    if kind == b"VP8X":
        return _uint24(head, 4) + 1, _uint24(head, 7) + 1
    if kind == b"ANMF":
        return _uint24(head, 6) + 1, _uint24(head, 9) + 1
    if kind == b"VP8L":
        bits: int = struct.unpack_from("<I", head, 1)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", head, 6)
    return width & 0x3FFF, height & 0x3FFF


def _uint24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
