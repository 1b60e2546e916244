"""An answer on the wire that is wanted while it comes: frames, of which the last says how it ended. Pure.

    frame    1 byte: kind · 4 bytes: length · content
    answer   a head, pieces of the body, an end; or an end alone

Heads and ends are those of `messages.py`. Its one rule: without an end nothing has ended; what was a whole body is
known from the last frame alone.
"""

from fetchers.body_pipe import BodyPipe
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
        rest = bytes(piece)
        while rest:
            if self._left:
                self._pipe.put(rest[: self._left])
                taken = min(self._left, len(rest))
                self._left -= taken
                rest = rest[taken:]
                continue
            frame = self._begun + rest
            kind, length = frame[:1], int.from_bytes(frame[1:PREFIX_BYTES])
            if kind not in (HEAD, PIECE, END) or (kind != PIECE and length > messages.MOST_HEAD_BYTES):
                raise ValueError("this is no answer of a fetcher")
            end = PREFIX_BYTES + (0 if kind == PIECE else length)
            if len(frame) < max(end, PREFIX_BYTES):
                self._begun = frame
                return
            self._begun, rest = b"", frame[end:]
            if kind == PIECE:
                self._left = length
            else:
                self._take_head(kind, frame[PREFIX_BYTES:end])

    def _take_head(self, kind: bytes, packed: bytes) -> None:
        head = messages.unpack_head(packed)
        if kind == END:
            self._end = head
        elif isinstance(head, messages.Answered):
            self._head = head
        else:
            raise ValueError("pieces of what is no answer")

    def head(self, now: float) -> Response:
        """Whose body comes; known before its first piece is."""
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
