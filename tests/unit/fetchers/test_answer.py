"""The reading of answers: what browsers read is read, whatever the segments; what is none is refused at once."""

from random import Random

import pytest

from fetchers.transport.answer import MOST_HEADERS, Chunks, Head, HeadReader, Malformed


def read(raw: bytes, step: int = 10**6, *, has_body: bool = True, closes: bool = True) -> tuple[Head, bytes, bytes]:
    """Head, body, and what came behind the body, of an answer that comes in segments of `step` bytes."""
    reader, segments = HeadReader(), [raw[start : start + step] for start in range(0, len(raw), step)]
    found = None
    while found is None:
        assert segments, "the head did not end"
        found = reader.feed(segments.pop(0), has_body=has_body)
    head, rest = found
    body, behind = b"", b""
    for segment in (rest, *segments):
        if head.framing.ended:
            behind += segment
        else:
            piece, behind = head.framing.take(segment)
            body += piece
    assert head.framing.ended or (closes and head.framing.may_end), "the body did not end"
    return head, body, behind


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
STEPS = (1, 2, 3, 7, 64, 10**6)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("raw", "status", "body", "keeps"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b"http/1.1 200 ok\nContent-Length: 4\n\nduck", 200, b"duck", True),
        (b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: identity\r\n\r\nduck", 200, b"duck", False),
        (CHUNKED + b"Content-Length: 9\r\n\r\n4\r\nduck\r\n0\r\n\r\n", 200, b"duck", False),
        (CHUNKED.replace(b"chunked", b"gzip, Chunked") + b"\r\n4\r\nduck\r\n0\r\n\r\n", 200, b"duck", False),
        (CHUNKED + b"\r\n4;a=b\r\nduck\r\n0\r\nX: y\r\n\r\n", 200, b"duck", True),
        (CHUNKED + b"\r\n 2 \nqu\n02\r\nak\r\n0\n\n", 200, b"quak", True),
        (CHUNKED + b"\r\n4\r\nduck\r\n0\r\n", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nthis is no header\r\nX y: z\r\n: q\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nX: a\r\n  Content-Length: 2\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\nConnection: Keep-Alive\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: x, close\r\n\r\nduck", 200, b"duck", False),
        (b"ICY 200 OK\r\nicy-name: Radio Duck\r\n\r\nduck", 200, b"duck", False),
        (b"HTTP/2.0 999 Denied\r\nContent-Length: 4\r\n\r\nduck", 999, b"duck", True),
        (b"HTTP/1.1 200 OK\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/2 200\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", False),
        (b"HTTP/1 200 OK\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", False),
        (b"HTTP 200 OK\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", False),
        (b"HTTP/1.1: 200 OK\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b"\xef\xbb\xbfHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b" HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0x4\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: undefined, undefined\r\n\r\nduck", 200, b"duck", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\nduck", 200, b"duck", True),
        (CHUNKED + b"\r\n" + b"0" * 20 + b"4\r\nduck\r\n0\r\n\r\n", 200, b"duck", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", 304, b"", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    ],
)  # fmt: skip
def test_what_browsers_read_is_read(raw: bytes, status: int, body: bytes, keeps: bool, step: int) -> None:
    """However the bytes come; and only what is in order keeps its connection."""
    head, read_body, behind = read(raw, step)
    assert (head.status, read_body, behind, head.keeps) == (status, body, b"", keeps)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"<html>what HTTP/0.9 was</html>",
        b"\x16\x03\x01\x02\x00",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 2000 High\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nducks",
        b"stray HTTP/1.1 200 OK\r\n\r\n",
        CHUNKED + b"\r\n-4\r\nduck\r\n0\r\n\r\n",
        CHUNKED + b"\r\n1_0\r\n",
        CHUNKED + b"\r\n\r\n",
        CHUNKED + b"\r\n" + b"f" * 17 + b"\r\n",
        CHUNKED + b"\r\n2\r\nduck\r\n0\r\n\r\n",
        CHUNKED + b"\r\n4;" + b"x" * 10_000 + b"\r\nduck\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MOST_HEADERS + 1) + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 30_000 + b"\r\n") * 10 + b"\r\n",
    ],
)
def test_what_is_no_answer_is_refused(raw: bytes, step: int) -> None:
    """By a word of ours, before any time-out."""
    if step < 64 and len(raw) > 5000:
        step = 1009
    with pytest.raises(Malformed):
        read(raw, step)


def test_a_head_of_many_and_long_headers_is_read() -> None:
    """As long as the whole is no longer than Chrome takes."""
    policy = b"Content-Security-Policy: " + b"y" * 100_000 + b"\r\n"
    raw = b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=b\r\n" * 900 + policy + b"Content-Length: 4\r\n\r\nduck"
    head, body, _ = read(raw, 4096)
    assert (len(head.headers), body) == (902, b"duck")


@pytest.mark.parametrize("step", [*STEPS, 20])
@pytest.mark.parametrize(
    "behind", [b"duck\r\n0\r\n\r\n", b"\r\nzz\r\n", b"\r\n\r\n0\r\n\r\n", b"\r\n4;" + b"x" * 10_000, b"\r\n-1\r\n"]
)
def test_what_came_before_a_broken_chunk_is_kept(behind: bytes, step: int) -> None:
    """In the same segment or in earlier ones: what can be read of a body does not depend on how it was cut."""
    body, framing = b"", Chunks()
    raw = b"5\r\nwhole\r\n5\r\nducks" + behind
    for start in range(0, len(raw), step):
        try:
            body += framing.take(raw[start : start + step])[0]
        except Malformed as error:
            assert body + error.before == b"wholeducks"
            return
    pytest.fail("it was read to its end")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("behind", [b"\0", b"xyz", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"])
@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 302 Found\r\nLocation: /t\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nduck",
        CHUNKED + b"\r\n4\r\nduck\r\n0\r\n\r\n",
    ],
)
def test_bytes_behind_an_answer_are_none_of_it(raw: bytes, behind: bytes, step: int) -> None:
    """The body ends where it says; what follows is told apart, for the connection to be given up."""
    _, body, rest = read(raw + behind, step)
    assert body == (b"duck" if b"duck" in raw else b"")
    assert rest == behind


def test_a_header_that_goes_on_is_one_header() -> None:
    """RFC 9112, section 5.2."""
    head, _, _ = read(b"HTTP/1.1 200 OK\r\nX: one\r\n\t two\r\n three\r\nY: \xe9\rz \r\nContent-Length: 0\r\n\r\n")
    assert head.headers == ((b"X", b"one two three"), (b"Y", b"\xe9 z"), (b"Content-Length", b"0"))


def test_an_answer_to_head_has_no_body() -> None:
    head, body, _ = read(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", has_body=False)
    assert (head.keeps, body) == (True, b"")


def test_tiny_chunks_that_are_mostly_extensions_are_refused() -> None:
    """A body of one byte a chunk is read; one that costs a hundred for each is not."""
    plain = CHUNKED + b"\r\n" + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"
    assert read(plain, 16_384)[1] == b"x" * 50_000
    padded = CHUNKED + b"\r\n" + (b"1;" + b"y" * 100 + b"\r\nx\r\n") * 50_000
    with pytest.raises(Malformed, match="chunks"):
        read(padded, 16_384)


def test_any_cut_of_a_chunked_answer_reads_alike() -> None:
    """A thousand random answers in random segments: the same body, and never a byte of what lies behind it."""
    random = Random(16)
    for _ in range(1000):
        pieces = [random.randbytes(random.choice((1, 2, 15, 300))) for _ in range(random.randrange(1, 6))]
        raw = CHUNKED + b"\r\n"
        raw += b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        _, body, behind = read(raw + b"tail", random.randrange(1, 40))
        assert body == b"".join(pieces)
        assert behind == b"tail"


@pytest.mark.parametrize("size", [1, 3, 7, 20])
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_body_in_crumbs_is_given_up_early(size: int, line_end: bytes) -> None:
    """However little each chunk's line takes: what counts is how many there are."""
    crumb = b"%x%b%b%b" % (size, line_end, b"a" * size, line_end)
    framing = Chunks()
    with pytest.raises(Malformed):
        framing.take(crumb * 250_000)


@pytest.mark.parametrize(("size", "count"), [(1, 40_000), (30, 30_000), (500, 20_000), (65_536, 300)])
def test_chunks_as_servers_write_them_are_read(size: int, count: int) -> None:
    framing, came = Chunks(), 0
    for _ in range(count):
        came += len(framing.take(b"%x\r\n%b\r\n" % (size, b"a" * size))[0])
    framing.take(b"0\r\n\r\n")
    assert (came, framing.ended) == (size * count, True)
