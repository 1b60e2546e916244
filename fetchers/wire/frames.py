"""An answer on the wire that is wanted while it comes: frames, of which the last says how it ended. Pure.

    frame    1 byte: kind · 4 bytes: length · content
    answer   a head, pieces of the body, an end; or an end alone

Heads and ends are those of `messages.py`. Without an end nothing has ended; what was a whole body is known from the
last frame alone.
"""

from fetchers.body.pipe import BodyPipe
from fetchers.errors import FetcherUnavailable
from fetchers.model import HopResult, NotMine, Response
from fetchers.wire import messages

HEAD, PIECE, END = b"h", b"p", b"e"
PREFIX_BYTES = 1 + messages.LENGTH_BYTES


def pack_frame(kind: bytes, content: bytes) -> bytes:
    """What goes before `content`, which is not copied."""
    return kind + len(content).to_bytes(messages.LENGTH_BYTES)


class FrameReader:
    """The frames of one answer as they arrive, in whatever pieces: its body goes into `pipe`."""

    def __init__(self, pipe: BodyPipe) -> None:
        self._pipe = pipe
        self._begun = b""
        self._left = 0
        self._head: messages.Answered | None = None
        self._end: messages.Head | None = None

    def write(self, piece: memoryview | bytes) -> None:
        """Take what arrived next. Raises ValueError for what is no answer of ours."""
        data = self._begun + bytes(piece) if self._begun else bytes(piece)
        self._begun = b""
        at = 0  # what was taken is not cut off each time: a piece may hold thousands of frames
        while at < len(data):
            if self._left:
                taken = min(self._left, len(data) - at)
                self._pipe.put(data[at : at + taken])
                self._left -= taken
                at += taken
                continue
            kind, length = data[at : at + 1], int.from_bytes(data[at + 1 : at + PREFIX_BYTES])
            if kind not in (HEAD, PIECE, END) or (kind != PIECE and length > messages.MOST_HEAD_BYTES):
                raise ValueError("this is no answer of a fetcher")
            end = at + PREFIX_BYTES + (0 if kind == PIECE else length)
            if len(data) < max(end, at + PREFIX_BYTES):
                self._begun = data[at:]
                return
            if kind == PIECE:
                self._left = length
            else:
                self._take_head(kind, data[at + PREFIX_BYTES : end])
            at = end

    def _take_head(self, kind: bytes, packed: bytes) -> None:
        head = messages.unpack_head(packed)
        if kind == END:
            self._end = head
        elif isinstance(head, messages.Answered):
            self._head = head
        else:
            raise ValueError("pieces of what is no answer")

    def head(self, now: float) -> Response:
        """Response head; the body follows as chunks. Raises `FetcherUnavailable`."""
        if self._head is None:
            raise FetcherUnavailable("a fetcher sent a body without a head")
        response = messages.answer_of(self._head, b"", now)
        assert isinstance(response, Response)
        return response

    def result(self, now: float) -> HopResult | NotMine:
        """How it ended. Raises `FetcherUnavailable` where no end came."""
        if self._end is None:
            raise FetcherUnavailable("a fetcher's answer broke off")
        return messages.answer_of(self._end, b"", now)
