"""What an AV1 stream itself says, which is what its decoder makes room for. Pure.

An AVIF file says its size in boxes, and once more in the sequence header of each stream inside; a liar says something
small in the first. The sequence header: AV1 bitstream specification, 5.5. A picture in tiles says the size of the whole
in an item of its own (ISO/IEC 23008-12, 6.6.2.3).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.boxes import payloads

_SEQUENCE_HEADER = 1
_FRAME_HEADER, _FRAME = 3, 6
_HEAD = 1024  # real ones are under 40 bytes; one with all 32 operating points, and a model for each, is under 512
_GRID = -1  # no unit: an item that lays tiles side by side
_NO_COLOURS = (2, 2)
_REFERENCES = 8  # 7.20: so many frames are kept


@dataclass(frozen=True, slots=True)
class Streams:
    """All streams of a file: the sizes said inside, how many frames they have, and the bytes of the largest one.

    `colours`: the first stream's primaries and transfer as H.273 numbers them; 2 where they are not said.
    """

    sizes: tuple[tuple[int, int], ...]
    frames: int
    frame_bytes: int
    colours: tuple[int, int] = _NO_COLOURS

    def kept(self, streams: int) -> int:
        """Bytes of the frames that `streams` decoders keep at most, beside the one that each is working on."""
        each = min(_REFERENCES, self.frames // streams) - 1
        return max(0, each) * streams * self.frame_bytes


def read_streams(data: bytes) -> Streams:
    """From every sequence header inside: a stream may have several, and the last one counts too."""
    sizes: set[tuple[int, int]] = set()
    frames = frame_bytes = 0
    colours: tuple[int, int] | None = None
    for kind, content in bounded(_units(data)):
        if kind == _SEQUENCE_HEADER:
            width, height, halves, said = _read_header(_Bits(content[:_HEAD]))
            colours = colours or said
            sizes.add((width, height))
            frame_bytes = max(frame_bytes, width * height * halves // 2)
        elif kind == _GRID:
            sizes.add(_grid_size(content))
        elif kind in (_FRAME_HEADER, _FRAME):
            frames += 1
    return Streams(tuple(sizes), frames, frame_bytes, colours or _NO_COLOURS)


def _units(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each open bitstream unit (5.3.2) of every stream."""
    for payload in payloads(data):
        if len(payload) in (8, 12) and payload[0] == 0:  # as a unit it would be of a type that does not exist
            yield _GRID, payload
            continue
        at = 0
        while at < len(payload):
            head = payload[at]
            at += 2 if head & 4 else 1
            length, at = _leb128(payload, at) if head & 2 else (len(payload) - at, at)
            yield head >> 3 & 15, payload[at : at + length]
            at += length


def _leb128(payload: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first (4.10.5), and where it ends."""
    value = 0
    for shift in range(0, 56, 7):
        if at >= len(payload):
            break
        byte = payload[at]
        at += 1
        value |= (byte & 127) << shift
        if not byte & 128:
            break
    return value, at


def _grid_size(item: memoryview) -> tuple[int, int]:
    half = (len(item) - 4) // 2
    return int.from_bytes(item[4 : 4 + half]), int.from_bytes(item[4 + half :])


def _read_header(bits: "_Bits") -> tuple[int, int, int, tuple[int, int]]:
    """Width, height, half bytes that a pixel takes in a decoded frame, all planes together, and colours (5.5.1,
    5.5.2)."""
    profile = bits.take(3)
    bits.take(1)  # still picture
    reduced = bits.take(1)
    if reduced:
        bits.take(5)
    else:
        _pass_timing(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(across) + 1, bits.take(down) + 1
    if not reduced and bits.take(1):
        bits.take(7)
    bits.take(3)
    if not reduced:
        _pass_tools(bits)
    bits.take(3)
    samples = 3 if profile == 0 else 6  # halves: 4:2:0, or as many as 4:4:4 has
    deep = bits.take(1)
    if profile == 2 and deep:
        bits.take(1)
    if profile != 1:
        bits.take(1)  # monochrome
    colours = (bits.take(8), bits.take(8)) if bits.take(1) else _NO_COLOURS
    return width, height, samples * 2 if deep else samples, colours


def _pass_tools(bits: "_Bits") -> None:
    bits.take(4)
    order_hint = bits.take(1)
    if order_hint:
        bits.take(2)
    screen_content = 1 if bits.take(1) else bits.take(1)
    if screen_content and not bits.take(1):
        bits.take(1)
    if order_hint:
        bits.take(3)


def _pass_timing(bits: "_Bits") -> None:
    delay_length = model = 0
    if bits.take(1):
        bits.take(64)
        if bits.take(1):
            bits.pass_uvlc()
        model = bits.take(1)
        if model:
            delay_length = bits.take(5) + 1
            bits.take(42)
    display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if model and bits.take(1):
            bits.take(2 * delay_length + 1)
        if display_delay and bits.take(1):
            bits.take(4)


class _Bits:
    """Reads bits from the highest; zeros behind the end."""

    def __init__(self, data: memoryview) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else 0
        return shifted & ((1 << count) - 1)

    def pass_uvlc(self) -> None:
        zeros = 0
        while self._left > 0 and not self.take(1):
            zeros += 1
        self.take(min(zeros, 32))
