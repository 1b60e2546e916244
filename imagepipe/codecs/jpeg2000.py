"""JPEG 2000, as JP2 file or bare codestream. The decoder can leave out resolution levels, as JPEG's can scale."""

import io
import struct

from PIL import Jpeg2KImagePlugin

from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.pillow import save, walk
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture
from imagepipe.model import PictureInfo

_SIGNATURE = b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a"
_CODESTREAM = b"\xff\x4f\xff\x51"


class Jpeg2000:
    """The JPEG 2000 codec (T.800)."""

    name = "jp2"
    content_type = "image/jp2"
    can_write = True
    has_alpha = True
    can_animate = False
    lossless = False

    def recognises(self, head: bytes) -> bool:
        return head.startswith((_SIGNATURE, _CODESTREAM))

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        # The codestream's own size counts: the file's header may say another, and the decoder allocates this one.
        at = data.find(_CODESTREAM)
        if at < 0 or at + 40 > len(data):
            raise BrokenPicture("JPEG 2000 without a codestream")
        right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
        width, height = max(right - left, 0), max(bottom - top, 0)
        return PictureInfo(self.name, width, height)

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        image = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data))
        levels = _levels(data)
        if wish.at_least:
            halvings = min(image.size[0] // wish.at_least[0], image.size[1] // wish.at_least[1]).bit_length() - 1
            image.reduce = max(0, min(halvings, levels))
        icc = image.info.get("icc_profile")
        return Decoded(walk(image, animate=False), icc if isinstance(icc, bytes) else None)

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        decibel = 30 + 0.2 * (wish.quality or 75)  # 45 dB at 75: no difference that an eye finds
        return save(frames[:1], "JPEG2000", quality_mode="dB", quality_layers=[decibel], irreversible=True)


def _levels(data: bytes) -> int:
    """Decomposition levels from the coding style marker (T.800 A.6.1); the decoder cannot leave out more."""
    at = data.find(b"\xff\x52", data.find(_CODESTREAM))
    return data[at + 9] if 0 <= at < len(data) - 9 else 0
