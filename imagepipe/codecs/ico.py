"""ICO, read only: favicons. The largest entry is shown; what lies inside is checked, not what the directory says."""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace

from PIL import IcoImagePlugin, Image

from imagepipe.codecs import png
from imagepipe.codecs.bmp import dib_size
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.pillow import decode_with
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture, UnsupportedFormat
from imagepipe.model import PictureInfo

_MAX_ENTRIES = 64  # real icons hold under twenty
_MAX_SIDE = 1024  # the format's own is 256; some tools write more into an embedded PNG


class Ico:
    """The ICO decoder. The directory of cursors (CUR) is the same and is refused."""

    name = "ico"
    content_type = "image/x-icon"
    can_write = False
    has_alpha = True
    can_animate = False
    lossless = True
    max_side = 1024

    def recognises(self, head: bytes) -> bool:
        return head.startswith(b"\0\0\1\0") and len(head) >= 22

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        offset, size = _largest(data)
        inner = data[offset : offset + size]
        width, height = _inner_size(inner)
        if inner.startswith(png.MAGIC):
            # By all that the picture inside says: of two header chunks its decoder believes the second.
            width, height = png.Png().inspect(inner, limits).stored
        if width > _MAX_SIDE or height > _MAX_SIDE:
            raise BrokenPicture(f"icon of {width}×{height}; at most {_MAX_SIDE} on a side")
        return PictureInfo(self.name, width, height)

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        offset, size = _largest(data)
        inner = data[offset : offset + size]
        if inner.startswith(png.MAGIC):
            return png.Png().decode(inner, DecodeWish())
        decoded = decode_with(_open_bitmap, _alone(inner), wish)
        return replace(decoded, frames=_seen(decoded.frames, inner))

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        raise UnsupportedFormat("ICO is read, not written")


def _largest(data: bytes) -> tuple[int, int]:
    """Offset and length of the entry with the most pixels, then the most bits; its own header is asked for its size."""
    count = struct.unpack_from("<H", data, 4)[0]
    if not 0 < count <= _MAX_ENTRIES or len(data) < 6 + 16 * count:
        raise BrokenPicture(f"icon with {count} entries; 1 to {_MAX_ENTRIES} are read")
    best: tuple[int, int, int, int] = (0, 0, 0, 0)
    for index in range(count):
        bits, size, offset = struct.unpack_from("<HII", data, 6 + 16 * index + 6)
        width, height = _inner_size(data[offset : offset + min(size, 40)])
        best = max(best, (width * height, bits, offset, size))
    _, _, offset, size = best
    if not size:
        raise BrokenPicture("icon whose entries are empty")
    return offset, size


def _seen(frames: Iterator[Frame], inner: bytes) -> Iterator[Frame]:
    """An icon with 32 bits whose alpha is 0 everywhere is from before alpha: its mask says what is seen."""
    header, bits = struct.unpack_from("<I10xH", inner)
    for frame in frames:
        image = frame.image
        if bits == 32 and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
            stride = (image.width + 31) // 32 * 4
            mask = inner[header + image.width * image.height * 4 :][: stride * image.height]
            hidden = Image.frombytes(
                "1", image.size, mask.ljust(stride * image.height, b"\0"), "raw", "1;I", stride, -1
            )
            frame = Frame(image.copy(), frame.duration)
            frame.image.putalpha(hidden.convert("L"))
        yield frame


def _inner_size(inner: bytes) -> tuple[int, int]:
    if inner.startswith(png.MAGIC) and len(inner) >= 33:
        width, height = struct.unpack_from(">II", inner, 16)
        return width, height
    if len(inner) < 40:
        return 0, 0
    width, height = dib_size(inner[:12])
    return width, height // 2  # the mask lies below the picture


def _alone(inner: bytes) -> bytes:
    """An icon file with that one entry, so that no other one is looked at."""
    width, height = _inner_size(inner)
    bits = struct.unpack_from("<H", inner, 14)[0]
    entry = struct.pack("<BBBBHHII", width & 255, height & 255, 0, 0, 1, bits, len(inner), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + inner


def _open_bitmap(stream: io.BytesIO) -> IcoImagePlugin.IcoImageFile:
    return IcoImagePlugin.IcoImageFile(stream)
