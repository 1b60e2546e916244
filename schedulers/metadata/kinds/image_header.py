"""Width, height, type and movement of PNG, JPEG, GIF, WebP, AVIF, HEIC, BMP and ICO, from the first bytes.

Used for pictures that were shared by themselves. A cut or lying header gives `None`, never an error.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

# Where the sizes of real files stand; JPEG may carry much before its frame (profiles, thumbnails).
_SEGMENTS = 500
_BOXES = 2_000
_LARGEST = 1_000_000


class Header(NamedTuple):
    type: str
    width: int
    height: int
    animated: bool = False


def read(body: bytes) -> Header | None:
    """The header, if the bytes are a picture of a known kind whose sides are possible."""
    for matches, parse in _PARSERS:
        if matches(body):
            try:
                header = parse(body)
            except (struct.error, IndexError):
                return None
            return header if header and 0 < header.width <= _LARGEST and 0 < header.height <= _LARGEST else None
    return None


def _png(body: bytes) -> Header | None:
    """PNG 1.2, 4.1.1; an `acTL` chunk before the data makes it an APNG."""
    if body[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", body, 16)
    data = body.find(b"IDAT", 8, 200_000)
    animated = body.find(b"acTL", 8, data if data > 0 else 200_000) > 0
    return Header("image/apng" if animated else "image/png", width, height, animated)


def _gif(body: bytes) -> Header:
    """GIF89a, 18; two image descriptors or a looping extension mean that it moves."""
    width, height = struct.unpack_from("<HH", body, 6)
    looping = b"NETSCAPE2.0" in body[:2_000]
    return Header("image/gif", width, height, looping or body.count(b"\x00\x21\xf9\x04", 0, 5_000_000) > 1)


def _jpeg(body: bytes) -> Header | None:
    """ITU T.81, B.1.1: segments until the first start of frame."""
    position = 2
    for _ in range(_SEGMENTS):
        while body[position] != 0xFF:
            position += 1
            if position > len(body) - 4:
                return None
        marker = body[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in (0x01, *range(0xD0, 0xD9)):
            position += 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", body, position + 5)
            return Header("image/jpeg", width, height)
        if marker == 0xDA:
            return None
        position += 2 + max(2, struct.unpack_from(">H", body, position + 2)[0])
    return None


def _webp(body: bytes) -> Header | None:
    """RFC 9649, sections 2.4 to 2.7."""
    chunk = body[12:16]
    if chunk == b"VP8 " and body[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 26)
        return Header("image/webp", width & 0x3FFF, height & 0x3FFF)
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 21)
        return Header("image/webp", (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
    if chunk == b"VP8X":
        width = int.from_bytes(body[24:27], "little") + 1
        height = int.from_bytes(body[27:30], "little") + 1
        return Header("image/webp", width, height, bool(body[20] & 0x02))
    return None


def _isobmff(body: bytes) -> Header | None:
    """ISO 23008-12: the largest `ispe` property is the picture, smaller ones are its tiles and thumbnails."""
    brand = body[8:12]
    kind = "image/avif" if b"avif" in body[8:40] or brand == b"avis" else "image/heic"
    best: tuple[int, int] = (0, 0)
    position = 0
    for _ in range(_BOXES):
        position = body.find(b"ispe", position, 200_000) + 4
        if position < 4:
            break
        best = max(best, struct.unpack_from(">II", body, position + 4), key=lambda sides: sides[0] * sides[1])
    return Header(kind, *best, brand in (b"avis", b"msf1"))


def _bmp(body: bytes) -> Header | None:
    if len(body) < 26 or struct.unpack_from("<I", body, 14)[0] < 40:
        return None
    width, height = struct.unpack_from("<ii", body, 18)
    return Header("image/bmp", abs(width), abs(height))


def _ico(body: bytes) -> Header | None:
    """The largest of the pictures in the file; 0 means 256."""
    count = min(struct.unpack_from("<H", body, 4)[0], 64)
    sides = [(body[6 + 16 * n] or 256, body[7 + 16 * n] or 256) for n in range(count)]
    return Header("image/x-icon", *max(sides)) if sides else None


_PARSERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Header | None]], ...] = (
    (lambda body: body.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda body: body.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda body: body.startswith((b"GIF87a", b"GIF89a")), _gif),
    (lambda body: body[:4] == b"RIFF" and body[8:12] == b"WEBP", _webp),
    (lambda body: body[4:8] == b"ftyp", _isobmff),
    (lambda body: body.startswith(b"BM"), _bmp),
    (lambda body: body.startswith(b"\x00\x00\x01\x00"), _ico),
)
