"""What goes between the client library and a fetcher's service: msgpack of the model's own structs. Pure.

    request   msgpack of a `HopCall`
    answer    frames of 1 byte: kind · 4 bytes: length · content
              a head, pieces of the body, an end; or a head alone where there is no answer

Without an end a body has not ended. Clocks of two machines differ, so each side says what its own shows, and moments
are moved by the difference.
"""

import math
from collections.abc import Iterator

import msgspec
from msgspec import structs

from fetchers.body.chunks import BodyEnd
from fetchers.model import Asked, Ended, HopRequest, HopResult, NotMine, NotNow, Response

HEAD, PIECE, END = b"h", b"p", b"e"
LENGTH_BYTES = 4
PREFIX_BYTES = 1 + LENGTH_BYTES
MOST_HEAD_BYTES = 4 * 1024 * 1024


Frame = HopResult | NotMine | bytes | BodyEnd
"""A head or what came instead, a piece of the body, or the end: a `BodyEnd`, or an `Ended` behind a head."""


class HopCall(msgspec.Struct, array_like=True, frozen=True):
    """A request, and what its sender's clock showed."""

    now: float
    request: HopRequest


class HopHead(msgspec.Struct, array_like=True, frozen=True):
    """The head of an answer or what came instead, and what its sender's clock showed."""

    now: float
    head: Response | Ended | NotNow | NotMine


_encode = msgspec.msgpack.Encoder().encode
_decode_call = msgspec.msgpack.Decoder(HopCall).decode
_decode_head = msgspec.msgpack.Decoder(HopHead).decode
_decode_end: msgspec.msgpack.Decoder[BodyEnd | Ended] = msgspec.msgpack.Decoder(BodyEnd | Ended)


def pack_request(request: HopRequest, now: float) -> bytes:
    """The request as a message, with the sender's clock (`now`, epoch seconds), from which its deadlines count."""
    return _encode(HopCall(now, request))


def unpack_request(data: bytes, now: float) -> HopRequest:
    """With its moments by our clock. Raises ValueError for what is no request."""
    call = _decode_call(data)
    request, moved = call.request, now - call.now
    if request.priority < 0 or not math.isfinite(moved + request.start_by + request.deadline):
        raise ValueError("its priority is negative, or its moments are no numbers")
    return structs.replace(request, start_by=request.start_by + moved, deadline=request.deadline + moved)


def pack_head(head: HopResult | NotMine, now: float) -> bytes:
    """A whole frame. The body is left out."""
    if isinstance(head, Ended) and head.response is not None:
        head = structs.replace(head, response=_bare(head.response))
    return pack_frame(HEAD, _encode(HopHead(now, _bare(head) if isinstance(head, Response) else head)))


def pack_end(end: BodyEnd | Ended) -> bytes:
    """A whole frame."""
    return pack_frame(END, _encode(end))


def pack_frame(kind: bytes, content: bytes) -> bytes:
    """A frame of that kind: its prefix, then the content."""
    return pack_prefix(kind, len(content)) + content


def pack_prefix(kind: bytes, length: int) -> bytes:
    """What goes before the content."""
    return kind + length.to_bytes(LENGTH_BYTES)


def _bare(response: Response) -> Response:
    return structs.replace(response, body=b"", hold=None) if response.body or response.hold is not None else response


class FrameReader:
    """The frames of one answer as they arrive, in whatever pieces."""

    def __init__(self) -> None:
        self._begun = b""
        self._left = 0

    def feed(self, data: bytes, now: float) -> Iterator[Frame]:
        """What came next: the head, pieces of the body, the end (an `Ended` behind a head). Moments are by our clock.

        Raises ValueError for what is no answer of ours.
        """
        data, self._begun = self._begun + data if self._begun else data, b""
        at = 0  # what was taken is not cut off each time: a piece may hold thousands of frames
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                self._left -= len(piece)
                at += len(piece)
                yield piece
                continue
            kind, length = data[at : at + 1], int.from_bytes(data[at + 1 : at + PREFIX_BYTES])
            if kind not in (HEAD, PIECE, END) or (kind != PIECE and length > MOST_HEAD_BYTES):
                raise ValueError("this is no answer of a fetcher")
            end = at + PREFIX_BYTES + (0 if kind == PIECE else length)
            if len(data) < max(end, at + PREFIX_BYTES):
                self._begun = data[at:]
                return
            if kind == PIECE:
                self._left = length
            elif kind == HEAD:
                yield _read_head(data[at + PREFIX_BYTES : end], now)
            else:
                yield _decode_end.decode(data[at + PREFIX_BYTES : end])
            at = end


def _read_head(packed: bytes, now: float) -> HopResult | NotMine:
    read = _decode_head(packed)
    head, moved = read.head, now - read.now
    match head:
        case Response():
            return _moved(head, moved)
        case Ended():
            answer = None if head.response is None else _moved(head.response, moved)
            return structs.replace(head, response=answer, beside=_all_moved(head.beside, moved))
        case NotNow():
            return NotNow(head.until + moved, head.reason)
        case _:
            return head


def _moved(response: Response, seconds: float) -> Response:
    retry_at = None if response.retry_at is None else response.retry_at + seconds
    beside = _all_moved(response.beside, seconds)
    return structs.replace(response, fetched_at=response.fetched_at + seconds, retry_at=retry_at, beside=beside)


def _all_moved(asked: tuple[Asked, ...], seconds: float) -> tuple[Asked, ...]:
    return tuple(structs.replace(one, at=one.at + seconds) for one in asked)
