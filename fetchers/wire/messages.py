"""What goes between the client library and a fetcher's service: msgpack, head first, then the body as it is. Pure.

    request   msgpack of `Ask`
    answer    4 bytes: length of the head · msgpack of the head (`Answered`, `Over`, `Later`, `Elsewhere`) · the body

No moment goes over the wire. Clocks of two machines differ, so times are told as seconds from now.
"""

import io
import math

import msgspec

from fetchers.errors import FetcherUnavailable
from fetchers.model import CutBy, Ended, Ending, Headers, HopRequest, HopResult, NotMine, NotNow, Response

LENGTH_BYTES = 4
MOST_HEAD_BYTES = 4 * 1024 * 1024


class Ask(msgspec.Struct, array_like=True, frozen=True):
    """A `HopRequest`; `start_in` and `over_in` are seconds from now."""

    url: str
    start_in: float
    over_in: float
    accept: str
    etag: str | None
    last_modified: str | None
    byte_range: str | None
    if_range: str | None
    max_bytes: int | None
    purpose: str
    priority: int = 0
    streamed: bool = False
    """The answer is wanted while it comes, in the shape of `wire/frames.py`."""
    promised: bool = False


class Answered(msgspec.Struct, array_like=True, frozen=True, tag="answered"):
    """A `Response` without its body; `ago` and `retry_in` are seconds."""

    url: str
    status_code: int
    headers: Headers
    ago: float
    request_headers: Headers
    http_version: str
    reason_phrase: str
    address: str | None
    elapsed: float
    truncated: bool
    retry_in: float | None
    robots_rule: str | None
    tls_version: str | None = None
    certificate_subject: str | None = None
    preferences: tuple[str, ...] = ()
    cut_by: CutBy | None = None


class Over(msgspec.Struct, array_like=True, frozen=True, tag="ended"):
    ending: Ending
    reason: str
    response: Answered | None
    code: str | None = None


class Later(msgspec.Struct, array_like=True, frozen=True, tag="not_now"):
    wait: float
    reason: str


class Elsewhere(msgspec.Struct, array_like=True, frozen=True, tag="not_mine"):
    owner: str | None
    reason: str


Head = Answered | Over | Later | Elsewhere

_encode = msgspec.msgpack.Encoder().encode
_decode_ask = msgspec.msgpack.Decoder(Ask).decode
_heads: msgspec.msgpack.Decoder[Head] = msgspec.msgpack.Decoder(Head)


def pack_request(request: HopRequest, now: float, *, streamed: bool = False) -> bytes:
    """The request as a message. `now` in epoch seconds turns its deadline into seconds that are left."""
    ask = Ask(
        request.url,
        request.start_by - now,
        request.deadline - now,
        request.accept,
        request.etag,
        request.last_modified,
        request.byte_range,
        request.if_range,
        request.max_bytes,
        request.purpose,
        request.priority,
        streamed,
        request.promised,
    )
    return _encode(ask)


def unpack_request(data: bytes, now: float) -> tuple[HopRequest, bool]:
    """The request, and whether its answer is wanted while it comes. Raises ValueError for what is no request."""
    ask = _decode_ask(data)
    if ask.purpose not in ("page", "robots", "picture", "direct") or not math.isfinite(ask.start_in + ask.over_in):
        raise ValueError(f"{ask.purpose!r} is no purpose, or the times are no numbers")
    purpose = ask.purpose
    request = HopRequest(
        ask.url,
        now + ask.start_in,
        now + ask.over_in,
        ask.accept,
        ask.etag,
        ask.last_modified,
        ask.byte_range,
        ask.if_range,
        ask.max_bytes,
        purpose,  # type: ignore[arg-type]  # one of the four, as was just seen
        max(ask.priority, 0),
        ask.promised,
    )
    return request, ask.streamed


def pack_head(answer: HopResult | NotMine, now: float) -> bytes:
    """All of an answer but the body."""
    head: Head
    if isinstance(answer, Response):
        head = _answered(answer, now)
    elif isinstance(answer, Ended):
        response = answer.response
        told = None if response is None else _answered(response, now)
        head = Over(answer.ending, answer.reason, told, answer.code)
    elif isinstance(answer, NotNow):
        head = Later(answer.until - now, answer.reason)
    else:
        head = Elsewhere(answer.owner, answer.reason)
    return _encode(head)


def pack_answer(answer: HopResult | NotMine, now: float) -> tuple[bytes, bytes]:
    """What goes before the body, and the body."""
    packed = pack_head(answer, now)
    response = answer.response if isinstance(answer, Ended) else answer
    body = response.body if isinstance(response, Response) else b""
    return len(packed).to_bytes(LENGTH_BYTES) + packed, body


def unpack_head(packed: bytes | memoryview) -> Head:
    """Raises ValueError for what is no head."""
    return _heads.decode(packed)


def answer_of(head: Head, body: bytes, now: float) -> HopResult | NotMine:
    """The value that was packed."""
    match head:
        case Answered():
            return _response(head, body, now)
        case Over():
            response = None if head.response is None else _response(head.response, body, now)
            return Ended(head.ending, head.reason, response, code=head.code)
        case Later():
            return NotNow(now + head.wait, head.reason)
        case _:
            return NotMine(head.owner, head.reason)


class AnswerReader:
    """An answer as it arrives, in whatever pieces. The body is held once, however large."""

    __slots__ = ("_begun", "_body", "_head")

    def __init__(self) -> None:
        self._head: Head | None = None
        self._begun = b""
        self._body = io.BytesIO()

    def write(self, piece: memoryview | bytes) -> None:
        """Take the next piece. Raises ValueError for what is no answer of ours."""
        if self._head is not None:
            self._body.write(piece)
            return
        if self._begun:
            piece = self._begun + piece
        end = LENGTH_BYTES + int.from_bytes(piece[:LENGTH_BYTES])
        if len(piece) >= LENGTH_BYTES and end > MOST_HEAD_BYTES:
            raise ValueError("this is no answer of a fetcher")
        if len(piece) < LENGTH_BYTES or len(piece) < end:
            self._begun = bytes(piece)
            return
        self._head = unpack_head(piece[LENGTH_BYTES:end])
        self._body.write(piece[end:])

    def result(self, now: float) -> HopResult | NotMine:
        """What came. Raises `FetcherUnavailable` where no whole head did."""
        if self._head is None:
            raise FetcherUnavailable("a fetcher answered with what is none of its answers")
        return answer_of(self._head, self._body.getvalue(), now)


def _answered(response: Response, now: float) -> Answered:
    return Answered(
        response.url,
        response.status_code,
        response.headers,
        now - response.fetched_at,
        response.request_headers,
        response.http_version,
        response.reason_phrase,
        response.address,
        response.elapsed,
        response.truncated,
        None if response.retry_at is None else response.retry_at - now,
        response.robots_rule,
        response.tls_version,
        response.certificate_subject,
        response.preferences,
        response.cut_by,
    )


def _response(head: Answered, body: bytes, now: float) -> Response:
    return Response(
        head.url,
        head.status_code,
        head.headers,
        body,
        now - head.ago,
        head.request_headers,
        head.http_version,
        head.reason_phrase,
        head.address,
        head.elapsed,
        head.truncated,
        None if head.retry_in is None else now + head.retry_in,
        head.robots_rule,
        head.tls_version,
        head.certificate_subject,
        preferences=head.preferences,
        cut_by=head.cut_by,
    )
