"""Undoes a body's Content-Encoding as it arrives, and counts what comes out while it comes out. Pure.

Fed by `reading.py` with the raw chunks of the transport. Nothing is expanded by more than one piece (`PIECE`) before
it is counted, at every stage of a chain, so that a bomb costs no more memory than an honest page. Work is counted too,
whether or not anything comes out of it, so that no step of it takes long.

What ends early or is wrong inside keeps everything that was read up to there (`broken`), as browsers show it. Checksums
at the end are not compared, which is what Chrome does too: a page with a wrong one is still the page. What is not
encoded as it says is read as what it is (`labelled.py`).
"""

import sys
import zlib
from collections.abc import Callable, Iterator

import brotli  # type: ignore[import-untyped]

from fetchers.body.brotli import Brotli
from fetchers.body.inflate import PIECE, Inflate, deflate_wrapping, gzip_wrapping
from fetchers.body.labelled import PLAIN, ZSTD_MAGIC, Labelled, Plain, Stage
from fetchers.media_type import is_binary, is_garbled

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SLICE = 16 * 1024
"""Input goes in by slices, since a decoder copies the rest of its input at every piece and member."""
MOST_ENCODINGS = 3
MOST_MEMBERS = 4096
"""Of one body, all stages together: gzip members and zstd frames, each of which costs microseconds even if empty. Block
gzip of 100 MB has 1,600."""
MOST_UNFOLDING = 16
"""What a stage gives to another one is compressed data, which hardly shrinks again: so many bytes for each one taken
in, beyond `FREE_UNFOLDING`."""
FREE_UNFOLDING = 256 * 1024
STEP = 64 * 1024
"""Bytes that go into stages and out of them in one step, some milliseconds at the worst."""
MEMBER_COST = 512
"""A member counts as so many bytes of work."""
SLACK = 64 * 1024
"""What a stage may take in beyond the limit: an encoding makes what it cannot compress a little longer."""
LEAST_OF_USE = 256
"""Fewer bytes than that, with binary ones among them, are what a wrong decoder makes of anything."""
ZSTD_WINDOW_LOG = 23
"""RFC 9659, section 3: a window of at most 8 MB."""
SKIPPABLE_MAGIC = b"\x2a\x4d\x18"
"""RFC 8878, section 3.1.2: behind a byte from 0x50 to 0x5F; four bytes of length follow."""

DECODE_ERRORS = (zlib.error, brotli.error, zstd.ZstdError, ValueError)


class BodyDecoder:
    """Undoes all encodings of one body, up to `limit` bytes.

    `too_large`: the body is longer than `limit`. `broken`: an encoding is wrong inside, or ends early (`early`).
    `undecodable`: it is broken, and nothing came out that could be of use. `refusal`: why it is not decoded any
    further, being made to cost work rather than to be read. `ended`: no more input is wanted. With `cut`, what goes
    beyond the limit is cut off.
    """

    def __init__(self, content_encoding: str, limit: int, *, cut: bool = True) -> None:
        self.too_large = False
        self.broken = False
        self.early = False
        self.refusal: str | None = None
        self._limit = limit
        self._cut = cut
        self._stages = _stages_for(content_encoding)
        if len(self._stages) > MOST_ENCODINGS:
            self.refusal = f"its body is encoded more than {MOST_ENCODINGS} times over"
        self._counts = [0] * (len(self._stages) + 1)
        self._members = 0
        self._work = 0
        self._start = b""

    @property
    def undecodable(self) -> bool:
        useless = len(self._start) < LEAST_OF_USE and (not self._start or is_binary(self._start))
        return self.broken and self._counts[0] > 0 and useless

    @property
    def garbled(self) -> bool:
        """What came out is no text."""
        return is_garbled(self._start)

    @property
    def ended(self) -> bool:
        return self.too_large or self.broken or self.refusal is not None

    def steps(self, chunk: bytes) -> Iterator[bytes]:
        """The decoded bytes that `chunk` adds, in steps of about `STEP` of work; a step may give nothing.

        Whoever shares a thread with others lets them go on between two steps. All must be taken before the next chunk.
        """
        for start in range(0, len(chunk), SLICE):
            if self.ended:
                return
            yield from self._in_steps(self._unfold(0, chunk[start : start + SLICE]))

    def finish(self) -> Iterator[bytes]:
        """To be called at the body's end, and taken whole: what was still held, and the verdict."""
        for index, stage in enumerate(self._stages):
            if self.ended or not self._counts[0]:
                return
            yield from self._in_steps(self._pass_on(index, stage.rest()))
        if not self.ended and self._counts[0] and not all(stage.complete for stage in self._stages):
            self.broken = self.early = True

    def _in_steps(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        kept: list[bytes] = []
        for piece in pieces:
            if piece:
                kept.append(piece)
            if self._work >= STEP:
                self._work = 0
                yield _joined(kept)
                kept = []
        if kept:
            yield _joined(kept)

    def _unfold(self, index: int, data: bytes) -> Iterator[bytes]:
        """Count `data` and give it to the stage of that index, until nothing more is wanted."""
        last = index == len(self._stages)
        room = self._limit - self._counts[index] + (0 if last else SLACK)
        self._counts[index] += len(data)
        self._work += len(data)
        if len(data) > room:
            self.too_large = True
        elif 0 < index < len(self._stages) and self._unfolds_too_much(index):
            self.refusal = "its encodings unfold to far more than a body that was encoded twice"
        if last:
            if len(self._start) < LEAST_OF_USE:
                self._start += data[:LEAST_OF_USE]
            yield data if len(data) <= room else data[:room] if self._cut else b""
        over = last or self.ended
        if not over:
            yield from self._pass_on(index, self._stages[index].pieces(data))

    def _pass_on(self, index: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """What the stage of that index gives, to the next one."""
        try:
            for piece in pieces:
                yield from self._unfold(index + 1, piece)
                self._count_members()
                if self.ended:
                    return
            self._count_members()
        except DECODE_ERRORS:
            self.broken = True
        yield b""  # it took work, even if nothing came of it

    def _unfolds_too_much(self, index: int) -> bool:
        return self._counts[index] > FREE_UNFOLDING + MOST_UNFOLDING * self._counts[index - 1]

    def _count_members(self) -> None:
        members = sum(stage.members for stage in self._stages)
        self._work += MEMBER_COST * (members - self._members)
        self._members = members
        if members > MOST_MEMBERS:
            self.refusal = f"its encoded body consists of more than {MOST_MEMBERS} parts"


def _joined(pieces: list[bytes]) -> bytes:
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def can_undo(content_encoding: str) -> bool:
    """Whether it names an encoding that we undo, or would have to."""
    return bool(content_encoding) and bool(_stages_for(content_encoding))


def _stages_for(content_encoding: str) -> list[Stage]:
    """The stages, in the order of undoing; one more than there may be where there are too many.

    A name that no standard knows (`utf-8`, `none`) stands on plain bodies, and is passed over as browsers do.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    said = [name for name in reversed(names) if name in NOT_SPOKEN or (name in STAGES and name != PLAIN)]
    return [
        Labelled(name, STAGES, is_last=index == len(said)) for index, name in enumerate(said[: MOST_ENCODINGS + 1], 1)
    ]


class _Zstd:
    """RFC 8878, frame after frame. Skippable ones are passed over by their length, and so is what is no frame."""

    def __init__(self) -> None:
        self.members = 0
        self._frame: zstd.ZstdDecompressor | None = None
        self._head = b""
        self._skip = 0
        self._over = False

    @property
    def complete(self) -> bool:
        return self._over or (self._frame is None and not self._head and not self._skip)

    def rest(self) -> Iterator[bytes]:
        if self.members and self._head and not self._may_be_frame(self._head):
            self._over = True
        return iter(())

    def pieces(self, data: bytes) -> Iterator[bytes]:
        more = False  # the frame holds output back, or input that it has taken already
        while (data or more) and not self._over:
            if self._skip:
                skipped = min(self._skip, len(data))
                self._skip -= skipped
                data = data[skipped:]
                continue
            if self._frame is None:
                data = self._begin(data)
                yield b""
                continue
            yield self._frame.decompress(data, PIECE)
            data = b""
            if self._frame.eof:
                data, more = self._frame.unused_data, False
                self._frame = None
            else:
                more = not self._frame.needs_input

    def _begin(self, data: bytes) -> bytes:
        """Read the next frame's head; returns what is to be decoded or skipped."""
        head = self._head + data
        is_skippable = head[1:4] == SKIPPABLE_MAGIC and head[0] >> 4 == 5
        if len(head) < (8 if is_skippable else 4):
            self._head = head
            return b""
        self._head = b""
        if self.members and not self._may_be_frame(head):
            self._over = True  # anything behind the last frame is padding
            return b""
        self.members += 1
        if is_skippable:
            self._skip = int.from_bytes(head[4:8], "little")
            return head[8:]
        self._frame = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})
        return head

    @staticmethod
    def _may_be_frame(head: bytes) -> bool:
        if head[0] >> 4 == 5 and SKIPPABLE_MAGIC.startswith(head[1:4]):
            return True
        return ZSTD_MAGIC.startswith(head[:4])


STAGES: dict[str, Callable[[], Stage]] = {
    "gzip": lambda: Inflate(gzip_wrapping),
    "x-gzip": lambda: Inflate(gzip_wrapping),
    "deflate": lambda: Inflate(deflate_wrapping),
    "br": Brotli,
    "zstd": _Zstd,
    PLAIN: Plain,
}
NOT_SPOKEN = frozenset({"compress", "x-compress", "exi", "pack200-gzip", "aes128gcm", "dcb", "dcz"})
"""The other names of IANA's registry. We ask for none of them; a body that bears one is read where it is plain."""
