"""WebP, lossy and lossless, still and animated (container: RFC 9649)."""

import struct
from collections.abc import Iterator

from PIL import WebPImagePlugin

from imagepipe.codecs import libwebp
from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.exif import ExifFacts, read_exif, write_copyright
from imagepipe.codecs.pillow import decode_with, save
from imagepipe.codecs.quality import quality_of
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture
from imagepipe.model import PictureInfo, turned

METHOD = 2
"""Effort 0 to 6. Measured on photographs: 2 costs two thirds of 4 and is 3 % larger."""


_FLAT = 0.02
"""Bytes for each pixel of all frames, below which libwebp's search for the smallest animation is worth its time: it
takes up to a third off a screencast at three times the time, and nothing off a film at thirteen times."""
_WHOLE, _ALPHA_PLANE = 5, 2
"""Bytes for each pixel that the still decoder holds of the whole picture, however much it reduces: all of a lossless
one, the alpha of a lossy one."""
_ALPHA = 0x10  # RFC 9649, 2.7.1
_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANMF"})


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and length of each chunk's content."""
    return bounded(_chunks(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, at + 8, length
        at += 8 + length + (length & 1)


def container(parts: list[bytes]) -> bytes:
    """A file of these chunks."""
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


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
        opaque, lossless, cut_off = True, False, False
        facts = ExifFacts()
        for kind, at, length in chunks(data):
            cut_off = cut_off or (kind in _PIXELS and at + length > len(data))
            if kind in (b"VP8X", b"VP8L", b"VP8 ", b"ANMF"):
                # The outermost of all that say a size, so that no part can be larger than what was checked.
                w, h = _size(kind, data, at)
                width, height = max(width, w), max(height, h)
                lossless = lossless or kind == b"VP8L"
                opaque = opaque and kind != b"VP8L" and not (kind == b"VP8X" and data[at] & _ALPHA)
                frames += kind == b"ANMF" and not cut_off
            elif kind == b"EXIF":
                facts = read_exif(data[at : at + length])
            if frames > limits.frames:
                break
        if not width or not height:
            raise BrokenPicture("WebP without a picture chunk")
        still = not frames and libwebp.AVAILABLE
        width, height = turned((width, height), facts.orientation)
        return PictureInfo(
            self.name,
            width,
            height,
            max(frames, 1),
            orientation=facts.orientation,
            has_location=facts.has_location,
            plain=still and opaque,
            reference_bytes=width * height * (_WHOLE if lossless else _ALPHA_PLANE) if still and not opaque else 0,
            opaque=opaque,
            cut_off=cut_off,
        )

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        said = {kind: data[at : at + size] for kind, at, size in chunks(data) if kind in (b"EXIF", b"ICCP", b"ANIM")}
        owner = read_exif(said[b"EXIF"]).copyright if b"EXIF" in said else None
        if b"ANIM" in said or not libwebp.AVAILABLE:
            return decode_with(WebPImagePlugin.WebPImageFile, _whole_chunks(data), wish, owner)
        size = libwebp.read_size(data)
        return Decoded(_still(data, reduced(size, wish.at_least)), said.get(b"ICCP"), owner, size=size)

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        exif = {"exif": write_copyright(wish.copyright)} if wish.copyright else {}
        options = {"quality": quality_of("webp", wish.quality), "method": METHOD, **exif}
        if len(frames) == 1:
            return save(frames, "WEBP", **options)
        # Flat animations (screencasts, logos) are ten times smaller where a frame may be lossless.
        options |= {"loop": wish.loop, "allow_mixed": True}
        quick = save(frames, "WEBP", kmin=0, kmax=0, **options)  # no frame is whole without need
        pixels = sum(frame.image.width * frame.image.height for frame in frames)
        if len(quick) > pixels * _FLAT:
            return quick
        return min(quick, save(frames, "WEBP", minimize_size=True, **options), key=len)


def reduced(size: tuple[int, int], at_least: tuple[int, int] | None) -> tuple[int, int]:
    """The size to which the decoder reduces a still picture: what is wanted, if that is at most half on each side."""
    if at_least is None or not libwebp.AVAILABLE or size[0] < 2 * at_least[0] or size[1] < 2 * at_least[1]:
        return size
    return at_least


def _whole_chunks(data: bytes) -> bytes:
    """Up to the frame at which an animation is cut off, or to what stands behind its end: the demuxer takes all of a
    file or nothing."""
    if len(data) == 8 + struct.unpack_from("<I", data, 4)[0]:
        return data
    whole = [(start, length) for kind, start, length in chunks(data) if start + length <= len(data)]
    return container([data[start - 8 : start + length] + b"\0" * (length & 1) for start, length in whole])


def _still(data: bytes, size: tuple[int, int]) -> Iterator[Frame]:
    yield Frame(libwebp.decode(data, size))


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
