"""Undoes a body's Content-Encoding as it arrives, and counts what comes out while it comes out. Pure.

Fed by `exchange.py` with the raw chunks of the transport. Nothing is expanded by more than one piece (`PIECE`) before
it is counted, at every stage of a chain, so that a bomb costs no more memory than an honest page.

What ends early or is wrong inside keeps everything that was read up to there (`broken`), as browsers show it. Checksums
at the end are not compared, which is what Chrome does too: a page with a wrong one is still the page.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli  # type: ignore[import-untyped]

from fetchers.gates.inflate import PIECE, Inflate, deflate_wrapping, gzip_wrapping

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SLICE = 16 * 1024
"""Input goes in by slices, since a decoder copies the rest of its input at every piece and member."""
MOST_ENCODINGS = 5
SLACK = 64 * 1024
"""What a stage may take in beyond the limit: an encoding makes what it cannot compress a little longer."""
ZSTD_WINDOW_LOG = 23
"""RFC 9659, section 3: a window of at most 8 MB."""

DECODE_ERRORS = (zlib.error, brotli.error, zstd.ZstdError, ValueError)


class Stage(Protocol):
    """One encoding, undone by and by."""

    @property
    def complete(self) -> bool:
        """Whether everything that was begun is over."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds, in pieces of at most about `PIECE`. Raises one of `DECODE_ERRORS`."""


class BodyDecoder:
    """Undoes all encodings of one body, up to `limit` bytes.

    `too_large`: the body is longer than `limit`. `broken`: an encoding is not what it says, or ends early. `ended`: no
    more input is wanted. With `cut`, what goes beyond the limit is cut off; else a body that is too large gives nothing
    more, so that it is not held twice for nothing.
    """

    def __init__(self, content_encoding: str, limit: int, *, cut: bool = True) -> None:
        self.too_large = False
        self.broken = False
        self._limit = limit
        self._cut = cut
        self._stages, known = _stages_for(content_encoding)
        if not known:
            self.broken = True
        self._counts = [0] * (len(self._stages) + 1)

    @property
    def ended(self) -> bool:
        return self.too_large or self.broken

    def feed(self, chunk: bytes) -> bytes:
        """The decoded bytes that `chunk` adds."""
        if self.ended:
            return b""
        kept: list[bytes] = []
        for start in range(0, len(chunk), SLICE):
            if not self._push(0, chunk[start : start + SLICE], kept):
                break
        if self.too_large and not self._cut:
            return b""
        return kept[0] if len(kept) == 1 else b"".join(kept)

    def finish(self) -> bytes:
        """To be called at the body's end. Nothing is held back, so it adds nothing but the verdict."""
        if not self.ended and self._counts[0] and not all(stage.complete for stage in self._stages):
            self.broken = True
        return b""

    def _push(self, index: int, data: bytes, kept: list[bytes]) -> bool:
        """Count `data` and give it to the stage of that index. False where nothing more is wanted."""
        last = index == len(self._stages)
        room = self._limit - self._counts[index] + (0 if last else SLACK)
        self._counts[index] += len(data)
        if last:
            piece = data if len(data) <= room else data[:room]
            # The pieces of a bomb are all alike: held once, they leave the memory to brotli's own window of 16 MB.
            kept.append(kept[-1] if kept and kept[-1] == piece else piece)
        if len(data) > room:
            self.too_large = True
            return False
        if last:
            return True
        try:
            return all(self._push(index + 1, piece, kept) for piece in self._stages[index].pieces(data))
        except DECODE_ERRORS:
            self.broken = True
            return False


def _stages_for(content_encoding: str) -> tuple[list[Stage], bool]:
    """The stages, in the order of undoing, and whether there are few enough of them.

    A name that no standard knows (`utf-8`, `none`) stands on plain bodies, and is passed over as browsers do.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    makers = [STAGES[name] for name in reversed(names) if name in STAGES]
    if len(makers) > MOST_ENCODINGS:
        return [], False
    return [make() for make in makers], True


class _Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    @property
    def complete(self) -> bool:
        return bool(self._decompressor.is_finished())

    def pieces(self, data: bytes) -> Iterator[bytes]:
        decompressor = self._decompressor
        if decompressor.is_finished():
            return
        piece = decompressor.process(data, output_buffer_limit=PIECE)
        # Some output can be left inside although more input would be taken.
        while piece or not decompressor.can_accept_more_data():
            yield piece
            if decompressor.is_finished():
                return
            piece = decompressor.process(b"", output_buffer_limit=PIECE)


class _Zstd:
    """RFC 8878, frame after frame."""

    def __init__(self) -> None:
        self._frame = self._next_frame()
        self._begun = False

    @staticmethod
    def _next_frame() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})

    @property
    def complete(self) -> bool:
        return not self._begun

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while True:
            if data:
                self._begun = True
            yield self._frame.decompress(data, PIECE)
            data = b""
            if self._frame.eof:
                data = self._frame.unused_data
                self._frame = self._next_frame()
                self._begun = False
                if not data:
                    return
            elif self._frame.needs_input:
                return


STAGES: dict[str, Callable[[], Stage]] = {
    "gzip": lambda: Inflate(gzip_wrapping),
    "x-gzip": lambda: Inflate(gzip_wrapping),
    "deflate": lambda: Inflate(deflate_wrapping),
    "br": _Brotli,
    "zstd": _Zstd,
}
