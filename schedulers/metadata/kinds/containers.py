"""Duration, frame size and title of MP4 (ISO 14496-12) and Matroska (RFC 9559) files, from an index at the front.

Every size that a file states is checked against the bytes that are there, so a walk ends with them.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_BOXES = 2_000
_DEPTH = 6
_OPENED = frozenset((b"moov", b"trak", b"udta", b"meta", b"ilst", b"\xa9nam"))

_SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0
_SCALE, _DURATION, _TITLE, _WIDTH, _HEIGHT = 0x2AD7B1, 0x4489, 0x7BA9, 0xB0, 0xBA
_MASTERS = frozenset((_SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO))


class Facts(NamedTuple):
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    title: str | None = None


def read(head: bytes) -> Facts:
    """What the container's index says; nothing where it stands behind the data."""
    try:
        if head[4:8] == b"ftyp":
            return _mp4(head)
        if head[:4] == b"\x1a\x45\xdf\xa3":
            return _matroska(head)
    except (struct.error, IndexError, OverflowError):
        return Facts()
    return Facts()


def _mp4(head: bytes) -> Facts:
    duration: float | None = None
    sides: tuple[int, int] = (0, 0)
    title: str | None = None
    for kind, start, end in _boxes(head):
        if kind == b"mvhd":
            scale, length = (
                struct.unpack_from(">IQ", head, start + 20)
                if head[start]
                else struct.unpack_from(">II", head, start + 12)
            )
            duration = length / scale if scale else None
        elif kind == b"tkhd":
            width, height = struct.unpack_from(">II", head, start + (88 if head[start] else 76))
            sides = max(sides, (width >> 16, height >> 16))
        elif kind == b"data" and title is None:
            title = head[start + 8 : min(end, start + 2_000)].decode("utf-8", "replace")
    return Facts(duration, sides[0] or None, sides[1] or None, title)


def _boxes(head: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of every box, those of the index opened."""
    open_to = [(0, len(head), 0)]
    seen = 0
    while open_to and seen < _BOXES:
        position, end, depth = open_to.pop()
        while position + 8 <= end and seen < _BOXES:
            seen += 1
            size, kind = struct.unpack_from(">I4s", head, position)
            content = position + 8
            if size == 1:
                size = struct.unpack_from(">Q", head, content)[0]
                content += 8
            stop = end if size == 0 else min(end, position + max(size, 8))
            yield kind, content, stop
            if kind in _OPENED and depth < _DEPTH:
                open_to.append((content + (4 if kind == b"meta" else 0), stop, depth + 1))
            position = stop


def _matroska(head: bytes) -> Facts:
    scale, ticks, width, height = 1_000_000, None, None, None
    title: str | None = None
    for identity, start, end in _elements(head):
        value = head[start:end]
        if identity == _SCALE:
            scale = int.from_bytes(value[:8], "big")
        elif identity == _DURATION and len(value) in (4, 8):
            ticks = struct.unpack(">f" if len(value) == 4 else ">d", value)[0]
        elif identity == _TITLE:
            title = value[:2_000].decode("utf-8", "replace")
        elif identity == _WIDTH and width is None:
            width = int.from_bytes(value[:4], "big")
        elif identity == _HEIGHT and height is None:
            height = int.from_bytes(value[:4], "big")
    seconds = ticks * scale / 1e9 if ticks is not None and ticks == ticks else None
    return Facts(seconds, width, height, title)


def _elements(head: bytes) -> Iterator[tuple[int, int, int]]:
    """Identity, start and end of the content of every element, the masters of the index entered."""
    position = 0
    for _ in range(_BOXES):
        if position >= len(head):
            return
        identity, position = _number(head, position, keep_marker=True)
        size, position = _number(head, position, keep_marker=False)
        end = min(len(head), position + size)
        yield identity, position, end
        position = position if identity in _MASTERS else end


def _number(head: bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-length integer (RFC 8794, section 4); all ones mean "to the end"."""
    first = head[position]
    length = 9 - first.bit_length()
    if length > 8:
        raise IndexError("no variable-length integer")
    value = int.from_bytes(head[position : position + length], "big")
    if keep_marker:
        return value, position + length
    mask = (1 << (7 * length)) - 1
    return (value & mask if value & mask != mask else 1 << 40), position + length
