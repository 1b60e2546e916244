"""JPEG, baseline and progressive. The cheapest road: the decoder scales by 1/2, 1/4 or 1/8 while it decodes."""

import io
import re
import struct
from dataclasses import dataclass, field
from itertools import repeat

from PIL import JpegImagePlugin

from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.exif import ExifFacts, read_exif, write_copyright
from imagepipe.codecs.pillow import save, walk
from imagepipe.codecs.quality import FINE_QUALITY, quality_of
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture
from imagepipe.model import PictureInfo, turned

# Inside a scan, 0xFF is followed by 00 (a stuffed byte) or D0–D7 (restart) until the next marker (T.81 B.1.1.5).
# Only the last of several 0xFF is looked at: to begin at the first would take the square of their number in steps.
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MAX_STRAY = 64 * 1024
"""Bytes between segments. The decoder passes them over one by one, in Python; real files have a few, to align."""
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SIGNATURE = b"\xff\xd8\xff"
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})


_END = b"\xff\xd9"
_LEAST_SCAN = 64
"""Bytes of the first scan, with its header, without which there is nothing to show."""


@dataclass(slots=True)
class JpegHeader:
    """What stands before the first scan."""

    width: int = 0
    height: int = 0
    progressive: bool = False
    exif: ExifFacts = field(default_factory=ExifFacts)
    scan_at: int = 0
    components: int = 0
    first_scan_is_whole: bool = False


def read_header(data: bytes) -> JpegHeader:
    """Walk the segments up to the first scan; `BrokenPicture` where there is no frame header."""
    header = JpegHeader()
    at, stray, has_exif = 2, 0, False
    for _ in bounded(repeat(None)):
        found = MARKER.search(data, at, at + _MAX_STRAY + 2)
        stray += (min(len(data), at + _MAX_STRAY + 2) if found is None else found.start()) - at
        if found is None or stray > _MAX_STRAY:
            break
        marker, at = data[found.end() - 1], found.end()
        if marker == 0xDA:
            header.scan_at = at - 2
            header.first_scan_is_whole = data[at + 2 : at + 3] == bytes((header.components,))
            break
        if marker in (0x01, 0xD8, 0xD9) or at + 2 > len(data):
            continue
        length: int = struct.unpack_from(">H", data, at)[0]
        if marker in _START_OF_FRAME and at + 7 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 3)
            header.height, header.width = max(height, header.height), max(width, header.width)
            header.progressive = marker in _PROGRESSIVE
            header.components = data[at + 7] if at + 7 < len(data) else 0
        elif marker == 0xE1 and data[at + 2 : at + 8] == b"Exif\0\0" and not has_exif:
            has_exif = True  # of several, browsers and libvips read the first
            header.exif = read_exif(data[at + 2 : at + length])
        at += max(length, 2)
    if not header.width or not header.height:
        raise BrokenPicture("JPEG without a frame header")
    if stray > _MAX_STRAY:
        raise BrokenPicture(f"JPEG with more than {_MAX_STRAY} stray bytes between its segments")
    return header


def scan_ends(data: bytes, scan_at: int, limit: int) -> list[int]:
    """Where each complete scan ends, at most `limit` + 1 of them. A scan is complete when another marker follows it."""
    ends: list[int] = []
    at, inside = scan_at, False
    for _ in bounded(repeat(None)):
        found = MARKER.search(data, at)
        if found is None or len(ends) > limit:
            break
        marker, start, at = data[found.end() - 1], found.start(), found.end()
        if inside:
            ends.append(start)
            inside = False
        if marker == 0xD9 or at + 2 > len(data):
            break
        inside = marker == 0xDA
        at += max(struct.unpack_from(">H", data, at)[0], 2)
    return ends


def _is_cut_off(data: bytes, header: JpegHeader) -> bool:
    """Whether there is no end marker. (One of a thumbnail stands before the first scan.)"""
    return data.find(_END, header.scan_at) < 0


def _closed(data: bytes, header: JpegHeader) -> bytes:
    """A picture that is cut off, with an end marker: then libjpeg makes grey what did not come, as browsers show it.

    A segment between two scans that is not whole goes: it would swallow the end marker, and with it the scans before.
    """
    at = header.scan_at
    for _ in bounded(repeat(None)):
        found = MARKER.search(data, at)
        if found is None:
            break
        start, at = found.end() - 2, found.end()
        if at + 2 > len(data):
            return data[:start] + _END
        at += max(struct.unpack_from(">H", data, at)[0], 2)
        if at > len(data):
            return data[:start] + _END
    return data + _END


class Jpeg:
    """The JPEG codec."""

    name = "jpeg"
    content_type = "image/jpeg"
    can_write = True
    has_alpha = False
    can_animate = False
    lossless = False
    max_side = 65_500  # libjpeg's JPEG_MAX_DIMENSION

    def recognises(self, head: bytes) -> bool:
        return head.startswith(SIGNATURE)

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        header = read_header(data)
        facts = header.exif
        width, height = turned((header.width, header.height), facts.orientation)
        return PictureInfo(
            self.name,
            width,
            height,
            orientation=facts.orientation,
            progressive=header.progressive,
            scans=self._scans(data, header, limits.scans),
            has_location=facts.has_location,
            cut_off=_is_cut_off(data, header),
        )

    def _scans(self, data: bytes, header: JpegHeader, limit: int) -> int:
        if not header.progressive and header.first_scan_is_whole:
            return 1  # the decoder stops there (libjpeg's `has_multiple_scans`)
        # Counting the two bytes is ten times as quick as walking, and can only say too many.
        at_most = data.count(b"\xff\xda", header.scan_at)
        return at_most if at_most <= limit else len(scan_ends(data, header.scan_at, limit))

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        header = read_header(data)
        if _is_cut_off(data, header):
            if len(data) < header.scan_at + _LEAST_SCAN:
                raise BrokenPicture("JPEG that ends before its first pixels")
            data = _closed(data, header)
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        raw = image.info.get("icc_profile")
        icc = raw if isinstance(raw, bytes) else None
        size = image.size
        # In RGB even for a JPEG to come: libjpeg-turbo merges that conversion with the upsampling, so it is free.
        image.draft(None, wish.at_least or size)
        return Decoded(walk(image, animate=False), icc, header.exif.copyright, size=size)

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        exif = {"exif": write_copyright(wish.copyright)} if wish.copyright else {}
        quality = quality_of("jpeg", wish.quality)
        # Beyond `fine` somebody looks closely: full colour resolution, for a third more bytes.
        subsampling = 0 if quality > FINE_QUALITY["jpeg"] else 2
        options = {"quality": quality, "subsampling": subsampling, "progressive": wish.progressive, **exif}
        return save(frames[:1], "JPEG", **options)
