"""Brotli (RFC 7932), with whatever lies behind its end. Pure; a stage of `decoding.py`.

The library refuses a piece of input as a whole where anything in it cannot be used, such as bytes behind the stream's
end. What was taken in is kept, so that such a piece is read once more, byte by byte.
"""

from collections.abc import Iterator

import brotli  # type: ignore[import-untyped]

from fetchers.body.inflate import PIECE

MOST_KEPT = 1024 * 1024
"""Of a longer encoded body the last slice is lost where it cannot be used as a whole."""
BYTES_A_STEP = 256


class Brotli:
    def __init__(self) -> None:
        self.members = 0
        self._decompressor = brotli.Decompressor()
        self._kept: list[bytes] = []
        self._kept_size = 0
        self.complete = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self.complete:
            return  # anything behind the end is padding
        given = 0
        try:
            for piece in self._decompressed(self._decompressor, data):
                given += len(piece)
                yield piece
        except brotli.error:
            if self._kept_size > MOST_KEPT:
                raise
            yield from self._once_more(data, given)
            return
        self.complete = bool(self._decompressor.is_finished())
        self._kept_size += len(data)
        if self._kept_size <= MOST_KEPT:
            self._kept.append(data)

    def rest(self) -> Iterator[bytes]:
        return iter(())

    def _decompressed(self, decompressor: brotli.Decompressor, data: bytes) -> Iterator[bytes]:
        piece = decompressor.process(data, output_buffer_limit=PIECE)
        # Some output can be left inside although more input would be taken.
        while piece or not decompressor.can_accept_more_data():
            yield piece
            if decompressor.is_finished():
                return
            piece = decompressor.process(b"", output_buffer_limit=PIECE)

    def _once_more(self, data: bytes, given: int) -> Iterator[bytes]:
        """`data`, of which `given` bytes are out already, up to where it can be used."""
        decompressor, self._kept_size = brotli.Decompressor(), MOST_KEPT + 1
        for kept in self._kept:
            for _ in self._decompressed(decompressor, kept):
                yield b""
        self._kept = []
        for at in range(len(data)):
            for piece in self._decompressed(decompressor, data[at : at + 1]):
                new, given = piece[given:], max(given - len(piece), 0)
                yield new
            if decompressor.is_finished():
                self.complete = True
                return
            if at % BYTES_A_STEP == 0:
                yield b""
