"""Reads the three EXIF facts this pipeline uses: orientation, copyright, and whether a location is inside.

Pure, bounded, and never wrong-footed by damage: what cannot be read counts as absent. Layout: TIFF 6.0 section 2.
"""

import struct
from dataclasses import dataclass

_ORIENTATION, _COPYRIGHT, _GPS = 0x0112, 0x8298, 0x8825
_MAX_ENTRIES = 256  # real files hold under fifty in their first directory


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """`orientation` is 1 to 8, and 1 wherever the file says something else."""

    orientation: int = 1
    copyright: str | None = None
    has_location: bool = False


def read_exif(block: bytes) -> ExifFacts:
    """The facts in an EXIF block, with or without its `Exif\\0\\0` prefix."""
    tiff = block[6:] if block[:6] == b"Exif\0\0" else block
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return ExifFacts()
    try:
        return _read_directory(tiff, order)
    except struct.error:
        return ExifFacts()


def _read_directory(tiff: bytes, order: str) -> ExifFacts:
    start: int = struct.unpack_from(order + "I", tiff, 4)[0]
    count: int = struct.unpack_from(order + "H", tiff, start)[0]
    orientation, owner, location = 1, None, False
    for index in range(min(count, _MAX_ENTRIES)):
        at = start + 2 + 12 * index
        if at + 12 > len(tiff):
            break
        tag, kind, length = struct.unpack_from(order + "HHI", tiff, at)
        if tag == _ORIENTATION and kind == 3:
            orientation = struct.unpack_from(order + "H", tiff, at + 8)[0]
        elif tag == _COPYRIGHT and kind == 2:
            owner = _text(tiff, order, at, length)
        elif tag == _GPS:
            location = True
    return ExifFacts(orientation if 1 <= orientation <= 8 else 1, owner, location)


def _text(tiff: bytes, order: str, at: int, length: int) -> str | None:
    where = at + 8 if length <= 4 else struct.unpack_from(order + "I", tiff, at + 8)[0]
    raw = tiff[where : where + min(length, 1024)]
    return _decode(raw.split(b"\0", 1)[0]).strip() or None


def _decode(raw: bytes) -> str:
    """The standard says ASCII; programs write UTF-8 or Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def write_copyright(owner: str) -> bytes:
    """An EXIF block that holds the copyright and nothing else."""
    raw = owner.encode("utf-8")[:1023].ljust(4, b" ") + b"\0"
    entry = struct.pack("<HHII", _COPYRIGHT, 2, len(raw), 26)
    return b"Exif\0\0" + b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0) + raw
