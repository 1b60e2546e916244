"""The size that an AV1 stream itself says, which is the size its decoder makes room for. Pure.

An AVIF file says its size in boxes, and once more in the sequence header of each stream inside; a liar says something
small in the first. The sequence header: AV1 bitstream specification, 5.5.
"""

from collections.abc import Iterator

from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.boxes import payloads

_SEQUENCE_HEADER = 1
_HEAD = 64  # a sequence header is under 40 bytes


def stream_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Width and height from every sequence header inside: a stream may have several, and the last one counts too."""
    for kind, content in bounded(_units(data)):
        if kind == _SEQUENCE_HEADER:
            yield _read_size(_Bits(content[:_HEAD]))


def _units(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each open bitstream unit (5.3.2) of every stream."""
    for payload in payloads(data):
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
