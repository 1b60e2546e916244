"""The size that an AV1 stream itself says, which is the size its decoder makes room for. Pure.

An AVIF file says its size in boxes, and once more in the sequence header of each stream inside; a liar says something
small in the first. Boxes: ISO/IEC 14496-12, items 8.11.3 (`iloc`), samples 8.7; the sequence header: AV1, 5.5.
"""

import struct
from collections.abc import Iterator
from itertools import islice

from imagepipe.codecs.blocks import bounded

_CONTAINERS = frozenset({b"meta", b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_DEPTH = 8  # moov, trak, mdia, minf, stbl
_SEQUENCE_HEADER = 1
_HEAD = 128  # a sequence header is under 40 bytes, before it there is at most a temporal delimiter


def stream_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Width and height from every sequence header that stands where an item, a chunk or a sample begins."""
    for at in bounded(_payloads(data)):
        size = _sequence_size(data[at : at + _HEAD])
        if size is not None:
            yield size


def _payloads(data: bytes) -> Iterator[int]:
    """Where items and samples begin."""
    media = 0  # where `idat` begins: items may lie in it
    located: list[tuple[int, int]] = []
    tables: list[dict[bytes, bytes]] = []
    for kind, start, end in bounded(_boxes(data, 0, len(data), _DEPTH)):
        if kind == b"idat":
            media = start
        elif kind == b"iloc":
            located += _item_extents(data[start:end])
        elif kind == b"stbl":
            tables.append({})
        elif kind in (b"stsz", b"stsc", b"stco", b"co64") and tables:
            tables[-1][kind] = data[start:end]
    for method, at in located:
        yield at + (media if method == 1 else 0)
    for table in tables:
        yield from _samples(table)


def _boxes(data: bytes, at: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each box's content; containers' children follow their parent."""
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1 and at + 16 <= end:
            length, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        stop = end if length == 0 else min(at + length, end)
        if stop < at + head:
            return
        yield kind, at + head, stop
        if kind in _CONTAINERS and depth:
            yield from _boxes(data, at + head + (4 if kind == b"meta" else 0), stop, depth - 1)
        at = stop


def _item_extents(box: bytes) -> Iterator[tuple[int, int]]:
    """Construction method and offset of each item's first extent; nothing where the box is cut off."""
    reader = _Numbers(box)
    version = reader.take(4) >> 24
    sizes = reader.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    for _ in range(reader.take(2 if version < 2 else 4)):
        reader.take(2 if version < 2 else 4)
        method = reader.take(2) & 15 if version in (1, 2) else 0
        reader.take(2)
        base = reader.take(base_size)
        for number in range(reader.take(2)):
            reader.take(index_size)
            offset = reader.take(offset_size)
            reader.take(length_size)
            if reader.over:
                return
            if number == 0:
                yield method, base + offset
        if reader.over:
            return


def _samples(table: dict[bytes, bytes]) -> Iterator[int]:
    """Where the samples of a track begin: chunk by chunk, one behind the other."""
    lengths = _lengths(table.get(b"stsz", b""))
    wide = b"co64" in table
    chunks = table.get(b"co64" if wide else b"stco", b"")
    counts = dict(_sample_counts(table.get(b"stsc", b"")))
    count, size = 1, 8 if wide else 4
    for number in range((len(chunks) - 8) // size):
        count = counts.get(number + 1, count)
        at = int.from_bytes(chunks[8 + number * size : 8 + (number + 1) * size])
        for length in islice(lengths, count):
            yield at
            at += length


def _lengths(box: bytes) -> Iterator[int]:
    if len(box) < 12:
        return
    same, count = struct.unpack_from(">II", box, 4)
    for number in range(count):
        at = 12 + 4 * number
        if not same and at + 4 > len(box):
            return
        yield same or int.from_bytes(box[at : at + 4])


def _sample_counts(box: bytes) -> Iterator[tuple[int, int]]:
    """From which chunk on, how many samples each has."""
    for at in range(8, len(box) - 11, 12):
        yield struct.unpack_from(">II", box, at)


class _Numbers:
    """Reads big-endian numbers of so many bytes; zeros, and `over`, behind the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def over(self) -> bool:
        return self._at > len(self._data)

    def take(self, size: int) -> int:
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at])


def _sequence_size(payload: bytes) -> tuple[int, int] | None:
    at = 0
    while at < len(payload):
        head = payload[at]
        at += 2 if head & 4 else 1
        length, shift = len(payload) - at, 0
        if head & 2:
            length = 0
            while at < len(payload):
                byte = payload[at]
                at += 1
                length |= (byte & 127) << shift
                shift += 7
                if not byte & 128 or shift > 28:
                    break
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            return _read_size(_Bits(payload[at : at + length]))
        at += length
    return None


def _read_size(bits: "_Bits") -> tuple[int, int]:
    bits.take(4)  # profile, still picture
    if bits.take(1):  # reduced header
        bits.take(5)
    else:
        _pass_timing(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(across) + 1, bits.take(down) + 1


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

    def __init__(self, data: bytes) -> None:
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
