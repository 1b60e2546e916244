"""A picture as it came, without what it says about itself: EXIF, XMP, comments, texts. Nothing is decoded. Pure.

Colour profiles, loops and everything else that changes how a picture looks stay. None where a format does not allow it,
or the file is not plain.
"""

import struct
from collections.abc import Callable
from itertools import repeat

from imagepipe.codecs import png, webp
from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.jpeg import MARKER

_JPEG_KEPT = frozenset({0xE0, 0xE2, 0xEE})  # JFIF, ICC profile, Adobe's colour transform
_PNG_DROPPED = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_WEBP_KEPT = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_FLAGS = 0x08 | 0x04  # RFC 9649, 2.7.1: EXIF, XMP


def stripped(format: str, data: bytes) -> bytes | None:
    """The same picture in fewer bytes, or None."""
    strip = _STRIPPERS.get(format)
    return None if strip is None else strip(data)


def _jpeg(data: bytes) -> bytes | None:
    """Up to the end marker: cameras put further pictures and films behind it."""
    kept, at = [data[:2]], 2
    for _ in bounded(repeat(None)):
        found = MARKER.search(data, at)
        if found is None or found.end() + 2 > len(data) + 2:
            return None
        marker, start = data[found.end() - 1], found.end() - 2
        if len(kept) > 1 or start > at:
            kept.append(data[at:start])  # what stands between: the pixels of a scan
        if marker == 0xD9:
            return b"".join((*kept, data[start : start + 2]))
        if start + 4 > len(data):
            return None
        at = start + 2 + max(struct.unpack_from(">H", data, start + 2)[0], 2)
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker in _JPEG_KEPT:
            kept.append(data[start:at])
    return None


def _png(data: bytes) -> bytes | None:
    kept = [data[:8]]
    for kind, start, length in png.chunks(data):
        if kind not in _PNG_DROPPED:
            kept.append(data[start - 8 : start + length + 4])
        if kind == b"IEND":
            return b"".join(kept)
    return None


def _webp(data: bytes) -> bytes | None:
    kept = []
    for kind, start, length in webp.chunks(data):
        chunk = data[start - 8 : start + length + (length & 1)]
        if kind == b"VP8X" and length >= 1:
            chunk = chunk[:8] + bytes((chunk[8] & ~_WEBP_FLAGS,)) + chunk[9:]
        if kind in _WEBP_KEPT and start + length <= len(data):
            kept.append(chunk)
    return webp.container(kept)


def _gif(data: bytes) -> bytes | None:
    """As it is, if nothing but frames and a loop is in it: comments are rare, and every block would be walked."""
    return data if b"\x21\xfe" not in data and b"XMP DataXMP" not in data else None


def _avif(data: bytes) -> bytes | None:
    """As it is, if nothing is said in it: its items' places would all have to be written anew."""
    return data if b"Exif" not in data and b"mime" not in data else None


_STRIPPERS: dict[str, Callable[[bytes], bytes | None]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
    "avif": _avif,
}
