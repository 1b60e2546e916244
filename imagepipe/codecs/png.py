"""PNG and APNG. Chunks are walked by their lengths, so that the real number of frames is known beforehand."""

import struct
from collections.abc import Iterator

from PIL import PngImagePlugin

from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.exif import ExifFacts, read_exif, write_copyright
from imagepipe.codecs.pillow import decode_with, save
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture
from imagepipe.model import PictureInfo

MAGIC = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and length of each chunk's content, up to the end or the first one that cannot be whole."""
    return bounded(_chunks(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at + 8, length
        at += 12 + length


class Png:
    """The PNG codec. An animation is written as APNG."""

    name = "png"
    content_type = "image/png"
    can_write = True
    has_alpha = True
    can_animate = True
    lossless = True
    max_side = 2**31 - 1

    def recognises(self, head: bytes) -> bool:
        return head.startswith(MAGIC)

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        if data[12:16] != b"IHDR" or len(data) < 33:
            raise BrokenPicture("PNG does not begin with its header chunk")
        width, height = struct.unpack_from(">II", data, 16)
        announced, drawn, seen_pixels, facts = 0, 0, False, ExifFacts()
        plain = data[25] in (0, 2)
        for kind, start, length in chunks(data):
            if kind == b"IHDR" and length >= 8 and start + 8 <= len(data):
                # Pillow believes the last one of several.
                again = struct.unpack_from(">II", data, start)
                width, height = max(width, again[0]), max(height, again[1])
                plain = plain and data[start + 9 : start + 10] in (b"\0", b"\2")
            elif kind == b"tRNS":
                plain = False
            elif kind == b"IDAT":
                seen_pixels = True
            elif kind == b"acTL" and not seen_pixels and length == 8:
                announced = struct.unpack_from(">I", data.ljust(start + 4, b"\0"), start)[0]
            elif kind == b"fcTL":
                drawn += 1
            elif kind == b"eXIf":
                facts = read_exif(data[start : start + length])
            if drawn > limits.frames:
                break
        frames = max(announced, drawn) if announced else 1
        if facts.orientation >= 5:
            width, height = height, width
        return PictureInfo(
            self.name,
            width,
            height,
            frames,
            orientation=facts.orientation,
            has_location=facts.has_location,
            plain=plain,
        )

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        owner = next(
            (read_exif(data[at : at + size]).copyright for kind, at, size in chunks(data) if kind == b"eXIf"), None
        )
        return decode_with(PngImagePlugin.PngImageFile, _without_texts(data), wish, owner)

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        exif = {"exif": write_copyright(wish.copyright)} if wish.copyright else {}
        if len(frames) > 1:
            exif["loop"] = wish.loop  # type: ignore[assignment]
        return save(frames, "PNG", compress_level=6, **exif)


def _without_texts(data: bytes) -> bytes:
    """The picture alone: nobody reads its texts, and each may unfold to a megabyte."""
    if not any(kind in data for kind in _TEXTS):
        return data
    kept, at = [], 0
    for kind, start, length in chunks(data):
        if kind in _TEXTS:
            kept.append(data[at : start - 8])
            at = start + length + 4
    return b"".join((*kept, data[at:]))
