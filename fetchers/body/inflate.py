"""Deflate, in each wrapping that servers put around it: gzip's, zlib's, or none. Pure; a stage of `decoding.py`.

One call inflates one piece. The wrappings are taken off here rather than by zlib, since zlib throws the last piece away
where a checksum is wrong.
"""

import zlib
from collections.abc import Callable, Iterator

PIECE = 32 * 1024
MOST_GZIP_HEADER = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b\x08"

Wrapping = Callable[[bytes], tuple[int, int] | None]
"""Length of the header and of the trailer of data that begins so; None where more is needed to say it."""


class Inflate:
    """Deflated data in gzip's, zlib's or no wrapping, by what its first bytes say. `members`: those that have begun."""

    def __init__(self, wrapping: Wrapping) -> None:
        self._wrapping: Wrapping = wrapping
        self._held = b""
        self._inflater: zlib._Decompress | None = None
        self._trailer = 0
        self.members = 0

    @property
    def complete(self) -> bool:
        return self._inflater is None and not self._held and self.members > 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        more = False  # a full piece may leave some of its output inside, with no input left
        while data or more:
            if self._inflater is None:
                data = self._begin(data)
                continue
            piece = self._inflater.decompress(data, PIECE)
            if piece:
                yield piece
            more = len(piece) == PIECE and not self._inflater.eof
            if self._inflater.eof:
                data = self._inflater.unused_data
                self._inflater = None
            else:
                data = self._inflater.unconsumed_tail

    def rest(self) -> Iterator[bytes]:
        return iter(())

    def _begin(self, data: bytes) -> bytes:
        """Skip the last member's trailer and this one's header; returns what lies behind them."""
        if self._trailer:
            skipped = min(self._trailer, len(data))
            self._trailer -= skipped
            return data[skipped:]
        self._held += data
        if self.members and not _goes_on(self._held, self._wrapping):
            # Anything behind the last member is padding.
            self._held = b""
            return b""
        header = self._wrapping(self._held)
        if header is None:
            return b""
        length, self._trailer = header
        rest, self._held = self._held[length:], b""
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self.members += 1
        return rest


def _goes_on(held: bytes, wrapping: Wrapping) -> bool:
    """Whether another gzip member follows (RFC 1952, section 2.2); the other wrappings have one only."""
    return wrapping is gzip_wrapping and GZIP_MAGIC.startswith(held[:3])


def gzip_wrapping(held: bytes) -> tuple[int, int] | None:
    """RFC 1952, section 2.3. Raises ValueError where it is no gzip header."""
    if not GZIP_MAGIC.startswith(held[:3]):
        raise ValueError("no gzip header")
    if len(held) < 10:
        return None
    flags, end = held[3], 10
    if flags & 0x04:  # FEXTRA: two bytes of length, then the field
        if len(held) < 12:
            return None
        end = 12 + int.from_bytes(held[10:12], "little")
    for flag in (0x08, 0x10):  # FNAME, FCOMMENT: text up to a zero byte
        if flags & flag:
            zero = held.find(0, end)
            if zero < 0:
                if len(held) > MOST_GZIP_HEADER:
                    raise ValueError("endless gzip header")
                return None
            end = zero + 1
    if flags & 0x02:  # FHCRC
        end += 2
    return (end, 8) if len(held) >= end else None


def deflate_wrapping(held: bytes) -> tuple[int, int] | None:
    """RFC 9110 means zlib's wrapping (RFC 1950) by `deflate`; many servers send none. The first two bytes tell."""
    if len(held) < 2:
        return None
    return (2, 4) if is_zlib(held) else (0, 0)


def is_zlib(held: bytes) -> bool:
    """Whether it begins as RFC 1950 has it; two bytes at least."""
    return held[0] & 0x0F == 8 and held[0] >> 4 <= 7 and int.from_bytes(held[:2], "big") % 31 == 0
