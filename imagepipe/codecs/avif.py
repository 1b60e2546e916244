"""AVIF, still and animated. The announced sizes are read from the boxes before libavif sees the file."""

import io
import struct
from dataclasses import replace

from PIL import AvifImagePlugin

from imagepipe.codecs.av1 import Streams, read_streams
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.colour_space import coded_profile
from imagepipe.codecs.exif import read_exif, write_copyright
from imagepipe.codecs.pillow import decode_with, save
from imagepipe.codecs.quality import quality_of
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture, PictureTooLarge
from imagepipe.model import PictureInfo, turned

SPEED = 8
"""0 to 10. Measured on photographs at 680 pixels: 8 takes 109 ms where 6 takes 169 and 10 loses visibly."""

_ADVANCED = {"color:tune": "ssim"} if AvifImagePlugin.get_codec_version("aom") else {}
"""At the same SSIM 8 % smaller than libavif's own choice for stills (`iq`), and a fifth quicker. Only aom knows it."""

_MAX_SIZES = 1000  # a picture has one for itself, its tiles, its alpha and its thumbnail


class Avif:
    """The AVIF codec."""

    name = "avif"
    content_type = "image/avif"
    can_write = True
    has_alpha = True
    can_animate = True
    lossless = False
    max_side = 65_535  # AV1 5.5.1: at most 16 bits each

    def recognises(self, head: bytes) -> bool:
        return head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in (b"avif", b"avis"))

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        largest, streams = _check_boxes(data, limits)
        image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
        raw = image.info.get("exif")
        facts = read_exif(raw if isinstance(raw, bytes) else b"")
        width, height = turned(image.size, facts.orientation)
        frames = int(getattr(image, "n_frames", 1))
        # Alpha is a stream of its own, with a decoder of its own.
        references = streams.kept(streams=2 if image.mode == "RGBA" else 1)
        return PictureInfo(
            self.name,
            width,
            height,
            frames,
            orientation=facts.orientation,
            has_location=facts.has_location,
            largest_part=largest,
            reference_bytes=references,
            opaque=image.mode == "RGB",
        )

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
        raw = image.info.get("exif")
        owner = read_exif(raw).copyright if isinstance(raw, bytes) else None
        decoded = decode_with(AvifImagePlugin.AvifImageFile, data, wish, owner)
        return decoded if decoded.icc is not None else replace(decoded, icc=_coded_profile(data))

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        exif = {"exif": write_copyright(wish.copyright)} if wish.copyright else {}
        quality = quality_of("avif", wish.quality)
        # One thread each: the renders themselves already use every core.
        return save(frames, "AVIF", quality=quality, speed=SPEED, max_threads=1, advanced=_ADVANCED, **exif)


def _coded_profile(data: bytes) -> bytes | None:
    """The colours that the `colr` box names by numbers (ISO/IEC 14496-12, 12.1.5), or else the stream itself.

    The picture's own box stands before that of its alpha, whose colours mean nothing.
    """
    at = data.find(b"colrnclx")
    if 0 <= at <= len(data) - 12:
        return coded_profile(*struct.unpack_from(">HH", data, at + 8))
    return coded_profile(*read_streams(data).colours)


def _check_boxes(data: bytes, limits: PictureLimits) -> tuple[int, Streams]:
    """Pixels of the largest part, and what the streams say.

    Every `ispe` property (ISO/IEC 23008-12, 6.5.3) is read: tiles and thumbnails have one too, so the largest decides.
    """
    found, largest, at = 0, 0, data.find(b"ispe")
    while at >= 0 and at + 16 <= len(data):
        found += 1
        if found > _MAX_SIZES:
            raise BrokenPicture(f"AVIF that says more than {_MAX_SIZES} sizes")
        width, height = struct.unpack_from(">II", data, at + 8)
        if width * height > limits.pixels:
            raise PictureTooLarge(f"{width}×{height} is more than {limits.pixels} pixels")
        largest = max(largest, width * height)
        at = data.find(b"ispe", at + 4)
    streams = read_streams(data)
    for width, height in streams.sizes:
        if width * height > limits.pixels:
            raise PictureTooLarge(f"{width}×{height} in its stream is more than {limits.pixels} pixels")
        largest = max(largest, width * height)
    if not found and b"avis" not in data[8:64]:
        raise BrokenPicture("AVIF without a size")
    return largest, streams
