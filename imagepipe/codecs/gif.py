"""GIF, still and animated. The blocks are walked first: 10,000 frames of one pixel are a bomb of a few kilobytes."""

import struct

from PIL import GifImagePlugin

from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.pillow import decode_with, save
from imagepipe.config import PictureLimits
from imagepipe.model import PictureInfo


class Gif:
    """The GIF codec (GIF89a)."""

    name = "gif"
    content_type = "image/gif"
    can_write = True
    has_alpha = True
    can_animate = True
    lossless = False  # 256 colours

    def recognises(self, head: bytes) -> bool:
        return head.startswith((b"GIF87a", b"GIF89a"))

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        width, height = struct.unpack_from("<HH", data, 6)
        frames, right, bottom = _walk_blocks(data, limits.frames)
        # A frame may reach beyond the announced screen; decoders then grow their canvas.
        return PictureInfo(self.name, max(width, right), max(height, bottom), max(frames, 1))

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        return decode_with(GifImagePlugin.GifImageFile, data, wish)

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        options = {"loop": wish.loop, "disposal": 2} if len(frames) > 1 else {}
        return save(frames, "GIF", optimize=False, **options)


def _walk_blocks(data: bytes, limit: int) -> tuple[int, int, int]:
    """Number of frames (at most `limit` + 1) and the outermost right and bottom edge of any."""
    frames = right = bottom = 0
    at = 13 + _table(data[10])
    while at < len(data) and frames <= limit:
        kind = data[at]
        if kind == 0x2C and at + 10 <= len(data):
            x, y, w, h = struct.unpack_from("<HHHH", data, at + 1)
            frames, right, bottom = frames + 1, max(right, x + w), max(bottom, y + h)
            at = _skip(data, at + 11 + _table(data[at + 9]))
        elif kind == 0x21:
            at = _skip(data, at + 2)
        elif kind == 0x3B:
            break
        else:
            at += 1
    return frames, right, bottom


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
