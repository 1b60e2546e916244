"""JPEG 2000, as JP2 file or bare codestream. The decoder can leave out resolution levels, as JPEG's can scale."""

import io
import struct
from collections.abc import Iterator

from PIL import Jpeg2KImagePlugin

from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.boxes import boxes
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.pillow import save, walk
from imagepipe.codecs.quality import quality_of
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture, PictureTooLarge
from imagepipe.model import PictureInfo

_SIGNATURE = b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a"
_HEADERS_END = 256 * 1024  # profiles and metadata before the codestream are smaller than that
_CODESTREAM = b"\xff\x4f\xff\x51"
_MAX_SIZES = 64
_MAX_TILES = 1536
"""OpenJPEG sets up 12 KiB for each tile before it looks at the first: 750 MiB for the 65,535 that a header can say."""


class Jpeg2000:
    """The JPEG 2000 codec (T.800)."""

    name = "jp2"
    content_type = "image/jp2"
    can_write = True
    has_alpha = True
    can_animate = False
    lossless = False
    max_side = 2**31 - 1

    def recognises(self, head: bytes) -> bool:
        return head.startswith((_SIGNATURE, _CODESTREAM))

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        _check_codestreams(data)
        sizes = {*bounded(_codestream_sizes(data), _MAX_SIZES), *bounded(_header_sizes(data), _MAX_SIZES)}
        if not sizes:
            raise BrokenPicture("JPEG 2000 without a codestream")
        if len(sizes) > 1:
            # Header and codestream are believed by different layers of the decoder, which then allocates the larger.
            raise BrokenPicture(f"JPEG 2000 that says several sizes: {sorted(sizes)}")
        return PictureInfo(self.name, *sizes.pop())

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        image = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data))
        levels, size = _levels(data), image.size
        if wish.at_least:
            halvings = min(image.size[0] // wish.at_least[0], image.size[1] // wish.at_least[1]).bit_length() - 1
            image.reduce = _agreed(image.size, min(halvings, levels)) if _begins_at_zero(data) else 0
        icc = image.info.get("icc_profile")
        return Decoded(walk(image, animate=False), icc if isinstance(icc, bytes) else None, size=size)

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        decibel = 30 + 0.2 * quality_of("jp2", wish.quality)
        return save(frames[:1], "JPEG2000", quality_mode="dB", quality_layers=[decibel], irreversible=True)


def _agreed(size: tuple[int, int], halvings: int) -> int:
    """The most halvings after which Pillow expects the size that OpenJPEG gives: it rounds, where that one rounds up.

    Otherwise the decode fails: 1,201 pixels halved twice are 301, and Pillow makes room for 300.
    """
    for count in range(halvings, 0, -1):
        power = 1 << count
        if all(-(-side // power) == (side + power // 2) // power for side in size):
            return count
    return 0


def _begins_at_zero(data: bytes) -> bool:
    """Whether the picture has no offset on its canvas (T.800 A.5.1), which would be divided too."""
    at = data.find(_CODESTREAM)
    return data[at + 16 : at + 24] == bytes(8)


def _check_codestreams(data: bytes) -> None:
    """A codestream begins with its size (T.800 A.4.1); OpenJPEG passes over what stands before, unseen by us."""
    if data.startswith(_CODESTREAM):
        return
    starts = [start for kind, start, _ in bounded(boxes(data)) if kind == b"jp2c"]
    if not starts or any(not data.startswith(_CODESTREAM, start) for start in starts):
        raise BrokenPicture("JPEG 2000 whose codestream does not begin with its size")


def _codestream_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """What each SIZ marker says (T.800 A.5.1): the picture's far corner less its offset."""
    at = data.find(_CODESTREAM)
    while 0 <= at <= len(data) - 40:
        right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
        across, down = struct.unpack_from(">II", data, at + 24)
        if -(-right // max(across, 1)) * -(-bottom // max(down, 1)) > _MAX_TILES:
            raise PictureTooLarge(f"JPEG 2000 of more than {_MAX_TILES} tiles")
        yield max(right - left, 0), max(bottom - top, 0)
        at = data.find(_CODESTREAM, at + 4)


def _header_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """What each image header box says (T.800 I.5.3.1)."""
    at = data.find(b"ihdr", 0, _HEADERS_END)
    while 0 <= at <= len(data) - 12:
        height, width = struct.unpack_from(">II", data, at + 4)
        yield width, height
        at = data.find(b"ihdr", at + 4, _HEADERS_END)


def _levels(data: bytes) -> int:
    """Decomposition levels from the coding style marker (T.800 A.6.1); the decoder cannot leave out more."""
    at = data.find(b"\xff\x52", data.find(_CODESTREAM))
    return data[at + 9] if 0 <= at < len(data) - 9 else 0
