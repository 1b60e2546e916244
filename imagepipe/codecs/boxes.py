"""Where the streams lie in an AVIF file, by its boxes. Pure; never reads beyond the data.

Boxes: ISO/IEC 14496-12; items 8.11.3 (`iloc`), samples 8.7 (`stsz`, `stsc`, `stco`).
"""

import struct
from collections.abc import Iterator
from itertools import islice

from imagepipe.codecs.blocks import bounded
from imagepipe.errors import BrokenPicture

Item = tuple[int, list[tuple[int, int]]]

_CONTAINERS = frozenset({b"meta", b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_DEPTH = 8  # moov, trak, mdia, minf, stbl


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each outermost box. Not bounded."""
    return _boxes(data, 0, len(data), 0)


def payloads(data: bytes) -> Iterator[memoryview]:
    """Each item and each sample, without a copy unless it lies in several pieces."""
    whole = memoryview(data)
    media = 0  # where `idat` begins: items may lie in it
    items: list[Item] = []
    tables: list[dict[bytes, bytes]] = []
    for kind, start, end in bounded(_boxes(data, 0, len(data), _DEPTH)):
        if kind == b"idat":
            media = start
        elif kind == b"iloc":
            items += bounded(_items(data[start:end]))
        elif kind == b"stbl":
            tables.append({})
        elif kind in (b"stsz", b"stsc", b"stco", b"co64") and tables:
            tables[-1][kind] = data[start:end]
    yield from _item_payloads(whole, items, media)
    for table in tables:
        # A table of a few bytes can announce thousands of millions of samples, all behind the end of the data.
        for at, length in bounded(_samples(table)):
            yield whole[at : at + length]


def _item_payloads(whole: memoryview, items: list[Item], media: int) -> Iterator[memoryview]:
    room = len(whole)
    for method, extents in items:
        first = media if method == 1 else 0
        # A length of 0 says: up to the end.
        pieces = [whole[first + at : first + at + (length or len(whole))] for at, length in extents]
        if len(pieces) == 1:
            yield pieces[0]
            continue
        room -= sum(map(len, pieces))
        if room < 0:
            raise BrokenPicture("AVIF whose items lie upon one another")
        yield memoryview(b"".join(pieces))


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


def _items(box: bytes) -> Iterator[Item]:
    """Construction method and extents (offset and length) of each item; nothing more where the box is cut off."""
    reader = _Numbers(box)
    version = reader.take(4) >> 24
    sizes = reader.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    for _ in range(reader.take(2 if version < 2 else 4)):
        reader.take(2 if version < 2 else 4)
        method = reader.take(2) & 15 if version in (1, 2) else 0
        reader.take(2)
        base, extents = reader.take(base_size), []
        for _number in range(reader.take(2)):
            reader.take(index_size)
            extents.append((base + reader.take(offset_size), reader.take(length_size)))
            if reader.over:
                return
        if reader.over:
            return
        yield method, extents


def _samples(table: dict[bytes, bytes]) -> Iterator[tuple[int, int]]:
    """Where the samples of a track begin, and their lengths: chunk by chunk, one behind the other."""
    lengths = _lengths(table.get(b"stsz", b""))
    wide = b"co64" in table
    chunks = table.get(b"co64" if wide else b"stco", b"")
    counts = dict(_sample_counts(table.get(b"stsc", b"")))
    count, size = 1, 8 if wide else 4
    for number in range((len(chunks) - 8) // size):
        count = counts.get(number + 1, count)
        at = int.from_bytes(chunks[8 + number * size : 8 + (number + 1) * size])
        for length in islice(lengths, count):
            yield at, length
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
