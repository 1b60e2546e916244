"""The blocks of a GIF, walked without decoding (GIF89a, sections 18 to 26). Pure; never reads beyond the data."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from imagepipe.codecs.blocks import MAX_BLOCKS
from imagepipe.errors import BrokenPicture, PictureTooLarge

_MAX_STRAY = 1024 * 1024
_INTRODUCER = re.compile(rb"[\x21\x2c\x3b]")
_LOOPING = re.compile(rb"\x21\xff\x0b(?:NETSCAPE2\.0|ANIMEXTS1\.0)\x03\x01(..)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class GifFrame:
    """One frame's place on the screen and where its bytes lie. `disposal`: 2 clears its place, 3 restores what was, and
    so does 4, which some encoders wrote for it."""

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
    """The logical screen; raises `struct.error` or `IndexError` where it is cut off.

    It grows to hold the first frame where that lies, as in Chromium and libnsgif.
    """
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    first = next(walk_frames(data), None)
    if first is not None:
        width, height = max(width, first.x + first.width), max(height, first.y + first.height)
    return GifScreen(width, height, flags, data[13 : 13 + table_bytes(flags)])


def table_bytes(flags: int) -> int:
    """Length of the colour table that the flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def read_plays(data: bytes) -> int:
    """How often it is played, 0 = for ever: once without the looping extension, one more than it says with it.

    The extension is Netscape's; ANIMEXTS is its other name, which browsers read too.
    """
    found = _LOOPING.search(data)
    if found is None:
        return 1
    (repeats,) = struct.unpack("<H", found.group(1))
    return repeats + 1 if repeats else 0


def mended(data: bytes, start: int) -> bytes:
    """The pixels of a frame that begin at `start` and are cut off: the last sub-block is as long as what came.

    Raises `BrokenPicture` where nothing came.
    """
    at = start + 1  # behind the code size
    while at < len(data) and at + 1 + data[at] <= len(data):
        at += 1 + data[at]
    rest = data[at + 1 :]
    if at <= start + 1 and not rest:
        raise BrokenPicture("GIF that ends before its first pixels")
    return data[start:at] + bytes((len(rest),)) + rest + (b"\0" if rest else b"")


def walk_frames(data: bytes) -> Iterator[GifFrame]:
    """The frames in order, each with the control block before it. Ends where the data do."""
    disposal, transparent, duration = 0, None, 0
    walk = _Walk(data, 13 + table_bytes(data[10]))
    while (kind := walk.next_block()) is not None:
        at = walk.at
        if kind == 0x2C:
            x, y, width, height, flags = struct.unpack_from("<HHHHB", data, at + 1)
            walk.skip(at + 11 + table_bytes(flags))
            yield GifFrame(x, y, width, height, flags, disposal, transparent, duration, (at + 10, walk.at))
            disposal, transparent, duration = 0, None, 0
        else:
            if data[at + 1 : at + 3] == b"\xf9\x04" and at + 7 < len(data):
                control, delay, index = struct.unpack_from("<BHB", data, at + 3)
                disposal, duration = control >> 2 & 7, delay * 10
                transparent = index if control & 1 else None
            walk.skip(at + 2)


class _Walk:
    """A place in the data, and how many more blocks and sub-blocks may be passed.

    Of these twice as many as whole ones could be there.
    """

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at
        self._blocks = MAX_BLOCKS
        self._pieces = MAX_BLOCKS + len(data) // 128

    def next_block(self) -> int | None:
        """The kind of the next block, at which this now stands. Stray bytes are passed over, as browsers do."""
        found = _INTRODUCER.search(self._data, self.at, self.at + _MAX_STRAY)
        if found is None or found.group() == b"\x3b":
            return None
        self.at = found.start()
        kind = self._data[self.at]
        return None if kind == 0x2C and self.at + 10 > len(self._data) else kind

    def skip(self, at: int) -> None:
        """Go behind the sub-blocks that begin at `at`."""
        data, end = self._data, len(self._data)
        while at < end and data[at]:
            at += data[at] + 1
            self._pieces -= 1
            if self._pieces < 0:
                raise PictureTooLarge("gif: too many sub-blocks")
        self._blocks -= 1
        if self._blocks < 0:
            raise PictureTooLarge(f"gif: more than {MAX_BLOCKS} blocks")
        self.at = at + 1
