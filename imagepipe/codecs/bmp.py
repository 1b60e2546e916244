"""BMP, read only: old sites' pictures and the inside of icons."""

import struct

from PIL import BmpImagePlugin

from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.pillow import decode_with
from imagepipe.config import PictureLimits
from imagepipe.errors import UnsupportedFormat
from imagepipe.model import PictureInfo

_UNPACKED = (0, 3, 6)  # BI_RGB, and with masks


class Bmp:
    """The BMP decoder."""

    name = "bmp"
    content_type = "image/bmp"
    can_write = False
    has_alpha = False
    can_animate = False
    lossless = True
    max_side = 2**31 - 1

    def recognises(self, head: bytes) -> bool:
        return head.startswith(b"BM") and len(head) >= 26

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        width, height = dib_size(data[14:26])
        return PictureInfo(self.name, width, height, cut_off=_is_cut_off(data, width, height))

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        return decode_with(BmpImagePlugin.BmpImageFile, data, wish)

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        raise UnsupportedFormat("BMP is read, not written")


def _is_cut_off(data: bytes, width: int, height: int) -> bool:
    """Whether the pixels end too early; of packed ones the length is not known."""
    at, header = struct.unpack_from("<II", data, 10)
    bits, packing = struct.unpack_from("<HI", data.ljust(34, b"\0"), 28) if header > 12 else (data[24], 0)
    return packing in _UNPACKED and len(data) < at + (width * bits + 31) // 32 * 4 * height


def dib_size(header: bytes) -> tuple[int, int]:
    """Width and height of a device independent bitmap; a negative height means top-down."""
    if struct.unpack_from("<I", header)[0] == 12:
        width, height = struct.unpack_from("<HH", header, 4)
        return width, height
    width, height = struct.unpack_from("<ii", header, 4)
    return abs(width), abs(height)
