"""Reads one HTTP/1.1 answer from the bytes of its connection: the head, and how the body is framed. Pure.

Used by `connection.py`. As lenient as browsers are where that is safe (`docs/decisions/0034-lenient-answers.md` lists
what is read and what is refused). Whatever is not clearly in order costs the connection its next request, so that no
byte of this answer can become another URL's page. Time is linear in what came, and memory is bounded.
"""

import re
from typing import NamedTuple, Protocol

MOST_HEADERS = 1_000
MOST_HEAD_BYTES = 256 * 1024
"""Chrome's limit for all headers of an answer (net/http/http_stream_parser.cc); it has none for a single one."""
STRAY_BYTES = 4
"""So many may stand before the status line, such as a byte order mark, as Chrome has it."""
LONGEST_CHUNK_LINE = 8 * 1024
LONGEST_LENGTH = 18
"""Digits."""
FREE_OVERHEAD = 256 * 1024
BODY_PER_OVERHEAD = 8
"""Bytes of the body for each one of chunk lines and trailers, beyond `FREE_OVERHEAD`. A chunk costs a microsecond
whatever its size, so that a page in chunks of a byte would take minutes of everybody's time."""

BODILESS = frozenset({204, 304})

_STATUS_LINE = re.compile(
    rb"(?:HTTP(?:/([0-9]{1,3})(?:\.([0-9]{1,3}))?)?|ICY):?[ \t]+([0-9]{3})(?![0-9])[ \t]*([^\r\n]*)", re.IGNORECASE
)
"""Scripts write `HTTP/2 200` over any connection; Shoutcast servers say `ICY 200 OK`."""
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_HEX = b"0123456789abcdefABCDEF"

RawHeaders = tuple[tuple[bytes, bytes], ...]


class Malformed(ValueError):
    """What came is no HTTP answer; the text says why, for a person. `before` is what came of its body up to there."""

    before = b""


class Framing(Protocol):
    """Where a body ends."""

    ended: bool

    @property
    def may_end(self) -> bool:
        """Whether a connection that ends here leaves the body whole."""

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """What of `data` is body, and what lies behind the body's end. Raises `Malformed`."""


class Head(NamedTuple):
    """An answer's head. `keeps`: the connection may be used again once the body has ended."""

    version: tuple[int, int]
    status: int
    reason: bytes
    headers: RawHeaders
    framing: Framing
    keeps: bool


class HeadReader:
    """Collects an answer's head."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0
        self._begun = False

    def feed(self, data: bytes, *, has_body: bool) -> tuple[Head, bytes] | None:
        """The head and what lies behind it, None where more is needed. Raises `Malformed`."""
        held = self._held
        if not held:
            data = data.lstrip(b"\r\n")  # some servers end a body with one more line (RFC 9112, section 2.2)
        held += data
        self._check_beginning()
        end = _END_OF_HEAD.search(held, max(self._searched - 2, 0))
        if end is None:
            self._searched = len(held)
            if len(held) > MOST_HEAD_BYTES:
                raise Malformed("its head is too long")
            return None
        if end.start() > MOST_HEAD_BYTES:
            raise Malformed("its head is too long")
        rest = bytes(held[end.end() :])
        return _head_of(bytes(held[: end.start()]), has_body), rest

    def _check_beginning(self) -> None:
        """So that a server of another protocol does not keep us waiting."""
        if self._begun:
            return
        start = bytes(self._held[: STRAY_BYTES + 4]).upper()
        if b"ICY ".startswith(start[:4]):
            self._begun = len(start) >= 4
            return
        at = next((at for at in range(STRAY_BYTES + 1) if b"HTTP".startswith(start[at : at + 4])), None)
        if at is None:
            raise Malformed("it begins with no status line")
        if len(start) >= at + 4:
            del self._held[:at]
            self._begun = True


def _head_of(raw: bytes, has_body: bool) -> Head:
    first, _, rest = raw.partition(b"\n")
    match = _STATUS_LINE.fullmatch(first.rstrip(b"\r"))
    if match is None or b"\0" in raw:
        raise Malformed("its status line or a header cannot be read")
    status = int(match[3])
    if status < 100:
        raise Malformed(f"its status is {status}")
    version = (1, 0) if match[2] is None else (int(match[1]), int(match[2]))
    headers = _headers(rest)
    found = _lists(headers)
    framing, in_order = _framing(found, has_body and status not in BODILESS and status >= 200)
    options = {option.strip() for option in found.get(b"connection", b"").lower().split(b",")}
    stays = b"close" not in options and (version >= (1, 1) or b"keep-alive" in options)
    return Head(version, status, match[4].strip(), headers, framing, in_order and stays)


def _headers(raw: bytes) -> RawHeaders:
    """Lines that are no header are left out, as browsers do; a line that goes on is put together (RFC 9112, 5.2)."""
    if b"\n " in raw or b"\n\t" in raw:
        raw = _FOLD.sub(b" ", raw)
    lines = raw.split(b"\n")
    if len(lines) > MOST_HEADERS:
        raise Malformed(f"it has more than {MOST_HEADERS} headers")
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        name = name.strip(b" \t")
        if colon and _TOKEN.fullmatch(name):
            value = value.strip(b" \t\r")
            headers.append((name, value.replace(b"\r", b" ") if b"\r" in value else value))
    return tuple(headers)


_FRAMES = frozenset({b"content-length", b"transfer-encoding", b"connection"})


def _lists(headers: RawHeaders) -> dict[bytes, bytes]:
    """The headers that say where the body ends; several lines are one list (RFC 9110, section 5.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        key = name.lower()
        if key in _FRAMES:
            found[key] = found[key] + b"," + value if key in found else value
    return found


def _framing(found: dict[bytes, bytes], has_body: bool) -> tuple[Framing, bool]:
    """How the body is framed (RFC 9112, section 6.3), and whether the connection is in order behind it."""
    codings = [one.strip().lower() for one in found.get(b"transfer-encoding", b"").split(b",")]
    chunked = b"chunked" in codings
    in_order = not any(codings) or (codings == [b"chunked"] and b"content-length" not in found)
    if not has_body:
        return Length(0), in_order
    if chunked:
        return Chunks(), in_order
    return _by_length(found.get(b"content-length", b"")), in_order


def _by_length(value: bytes) -> Framing:
    """Equal lengths are one, and one that is no number says nothing (WHATWG Fetch, "extract a length")."""
    lengths = {one.strip() for one in value.split(b",") if one.strip()}
    if len(lengths) > 1:
        return Unknowable()
    length = lengths.pop() if lengths else b""
    return Length(int(length)) if length.isdigit() and len(length) <= LONGEST_LENGTH else UntilClose()


class Length:
    """A body of so many bytes."""

    may_end = False

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = not length

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        left = self._left
        if len(data) < left:
            self._left = left - len(data)
            return data, b""
        self._left, self.ended = 0, True
        return (data, b"") if len(data) == left else (data[:left], data[left:])


class Unknowable:
    """A body whose lengths contradict each other: nobody can say where it ends. A redirect needs none."""

    ended = False
    may_end = False

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        raise Malformed("its Content-Length lines differ")


class UntilClose:
    """A body that ends with its connection."""

    ended = False
    may_end = True

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        return data, b""


class Chunks:
    """A body in chunks (RFC 9112, section 7.1). A line may end without a carriage return."""

    def __init__(self) -> None:
        self.ended = False
        self._held = b""  # of a line whose end is still to come
        self._left = 0  # of the chunk that has begun
        self._line = _SIZE
        self._body = 0
        self._overhead = 0

    @property
    def may_end(self) -> bool:
        return self._line == _TRAILER

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        pieces: list[bytes] = []
        try:
            rest = self._take_into(pieces, data)
        except Malformed as error:
            error.before = b"".join(pieces)
            raise
        return b"".join(pieces), rest

    def _take_into(self, pieces: list[bytes], data: bytes) -> bytes:
        if self._held:
            data, self._held = self._held + data, b""
        at, end = 0, len(data)
        while at < end:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                self._body += len(piece)
                continue
            line_end = data.find(b"\n", at)
            if (end if line_end < 0 else line_end) - at > LONGEST_CHUNK_LINE:
                raise Malformed("a chunk of it begins with a line that is too long")
            if line_end < 0:
                self._held = data[at:]
                break
            self._read_line(data[at:line_end])
            self._overhead += line_end + 1 - at
            at = line_end + 1
            if self.ended:
                break
        if self._overhead > FREE_OVERHEAD + self._body // BODY_PER_OVERHEAD:
            raise Malformed("its chunks are too many for what is in them")
        return data[at:] if self.ended else b""

    def _read_line(self, line: bytes) -> None:
        line = line.strip(b" \t\r")
        if self._line == _BEHIND:
            if line:
                raise Malformed("a chunk of it is longer than it says")
            self._line = _SIZE
        elif self._line == _SIZE:
            size = line.partition(b";")[0].rstrip(b" \t")
            if not size or len(size.lstrip(b"0")) > 16 or size.strip(_HEX):
                raise Malformed("the size of one of its chunks is no number")
            self._left = int(size, 16)
            self._line = _BEHIND if self._left else _TRAILER
        elif not line:
            self.ended = True


_SIZE, _BEHIND, _TRAILER = range(3)
