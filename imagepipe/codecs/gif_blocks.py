"""The blocks of a GIF, walked without decoding (GIF89a, sections 18 to 26). Pure; never reads beyond the data."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GifFrame:
    """One frame's place on the screen and where its bytes lie. `disposal`: 2 clears its place, 3 restores what was."""

    x: int
    y: int
    width: int
    height: int
    flags: int
    disposal: int
    transparent: int | None
    duration: int
    body: tuple[int, int]


@dataclass(frozen=True, slots=True)
class GifScreen:
    """What stands before the first frame."""

    width: int
    height: int
    flags: int
    table: bytes


def read_screen(data: bytes) -> GifScreen:
    """The logical screen; raises `struct.error` or `IndexError` where it is cut off."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    return GifScreen(width, height, flags, data[13 : 13 + table_bytes(flags)])


def table_bytes(flags: int) -> int:
    """Length of the colour table that the flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def read_plays(data: bytes) -> int:
    """How often it is played, 0 = for ever: once without the Netscape extension, one more than it says with it."""
    at = data.find(b"\x21\xff\x0bNETSCAPE2.0\x03\x01")
    if at < 0 or at + 18 > len(data):
        return 1
    repeats: int = struct.unpack_from("<H", data, at + 16)[0]
    return repeats + 1 if repeats else 0


def walk_frames(data: bytes) -> Iterator[GifFrame]:
    """The frames in order, each with the control block before it. Ends where the data do."""
    disposal, transparent, duration = 0, None, 0
    at = 13 + table_bytes(data[10])
    while at < len(data):
        kind = data[at]
        if kind == 0x2C and at + 10 <= len(data):
            x, y, width, height, flags = struct.unpack_from("<HHHHB", data, at + 1)
            end = _skip(data, at + 11 + table_bytes(flags))
            yield GifFrame(x, y, width, height, flags, disposal, transparent, duration, (at + 10, end))
            disposal, transparent, duration = 0, None, 0
            at = end
        elif kind == 0x21:
            if data[at + 1 : at + 3] == b"\xf9\x04" and at + 7 < len(data):
                control, delay, index = struct.unpack_from("<BHB", data, at + 3)
                disposal, duration = control >> 2 & 7, delay * 10
                transparent = index if control & 1 else None
            at = _skip(data, at + 2)
        elif kind == 0x3B:
            return
        else:
            at += 1  # stray bytes between blocks are passed over, as browsers do


def _skip(data: bytes, at: int) -> int:
    """Behind the sub-blocks that begin at `at`."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
