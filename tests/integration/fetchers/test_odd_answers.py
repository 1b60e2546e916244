"""Answers that are not in order and that browsers show all the same: raw sockets, through the whole fetcher."""

import asyncio
import bz2
import gzip
import time
from collections.abc import AsyncIterator, Sequence

import brotli  # type: ignore[import-untyped]
import pytest
import pytest_asyncio

from fetchers.client import redirects
from fetchers.config import FetchersConfig, FetchLimits, Network, RateLimits
from fetchers.fetcher import Fetcher
from fetchers.model import CutBy, Ended, Ending, FetchResult, HopRequest, Response
from fetchers.standalone import running_fetcher
from tests.origin import NOT_FOUND, Origin, Request, http

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = b"<!doctype html><title>Good</title>" + b"<p>Ducks on a pond.</p>" * 20
DENY = b"User-agent: *\nDisallow: /\n"
OK = b"HTTP/1.1 200 OK\r\n"
HTML = OK + b"Content-Type: text/html\r\n"
TEXT = OK + b"Content-Type: text/plain\r\n"
LIMITS = FetchLimits(first_byte_seconds=0.6, read_seconds=0.6, total_seconds=10.0)

Segments = Sequence[bytes]
"""Written one after the other. An empty one ends the connection, which else stays open."""


def sized(head: bytes, body: bytes) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Odd:
    """A fetcher, and a server of which a test says what it writes."""

    def __init__(self, fetcher: Fetcher, origin: Origin) -> None:
        self._fetcher = fetcher
        self._origin = origin
        self._hosts = 0

    async def fetch(self, *segments: bytes, robots: Segments = (NOT_FOUND,)) -> FetchResult:
        self._hosts += 1
        host = f"a{self._hosts}.test"
        self._origin.answers |= {f"{host}/a": _writing(segments), f"{host}/robots.txt": _writing(robots)}
        by = time.time() + 20.0
        return await redirects.fetch(HopRequest(f"http://{host}/a", by, by), self._fetcher.open_hop)

    async def outcome(self, *segments: bytes, robots: Segments = (NOT_FOUND,)) -> Response | Ended:
        outcome = (await self.fetch(*segments, robots=robots)).outcome
        assert isinstance(outcome, Response | Ended)
        return outcome


def _writing(segments: Segments):  # type: ignore[no-untyped-def]
    async def write(_: Request, writer: asyncio.StreamWriter) -> None:
        for segment in segments:
            writer.write(segment)
            await writer.drain()
            if not segment:
                writer.close()

    return write


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def odd() -> AsyncIterator[Odd]:
    async with Origin({"*/t": http(PAGE), "*/deny": http(DENY, content_type="text/plain")}) as origin:
        rate = RateLimits(1000.0, 1000)
        config = FetchersConfig(rate_limit=rate, network=Network(resolve={"*.test": origin.target}), limits=LIMITS)
        async with running_fetcher(config) as fetcher:
            yield Odd(fetcher, origin)


@pytest.mark.parametrize(
    "head",
    [
        OK,
        HTML,
        HTML + b"Content-Encoding: identity\r\n",
        HTML + b"Content-Encoding: none\r\n",
        HTML + b'Content-Encoding: "gzip"\r\n',
        HTML + b"Content-Encoding: gzip;q=1\r\n",
        HTML + b"Transfer-Encoding: br\r\n",
    ],
)
async def test_a_page_that_is_compressed_without_a_proper_word_of_it_is_read(odd: Odd, head: bytes) -> None:
    """Its first bytes are a mark with which no text begins. Without a type it is a file."""
    packed = brotli.compress(PAGE) if b"br" in head else gzip.compress(PAGE)
    outcome = await odd.outcome(head + b"\r\n", packed[:2], packed[2:], b"")
    if head == OK:
        assert isinstance(outcome, Ended)
        assert outcome.ending is Ending.UNSUPPORTED_TYPE
    else:
        assert isinstance(outcome, Response), outcome
        assert outcome.body == PAGE


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"bzip2", bz2.compress(PAGE)),
        (b"brotli", brotli.compress(PAGE)),
        (b"gzip", gzip.compress(gzip.compress(PAGE))),
        (b"gzip", gzip.compress(brotli.compress(PAGE))),
    ],
)
async def test_what_is_no_text_once_it_is_decoded_is_no_page(odd: Odd, coding: bytes, body: bytes) -> None:
    outcome = await odd.outcome(sized(HTML + b"Content-Encoding: " + coding + b"\r\n", body))
    assert isinstance(outcome, Ended), outcome.body
    assert (outcome.ending, "no text" in outcome.reason) == (Ending.PROTOCOL_ERROR, True)


@pytest.mark.parametrize(
    "body", [b"\0\x01<html>", "<html>é".encode("utf-16-le"), b"\xef\xbb\xbf\x0b<html>" + b"x" * 99]
)
async def test_a_stray_control_character_makes_no_page_unreadable(odd: Odd, body: bytes) -> None:
    """Nor does UTF-16 without a mark."""
    outcome = await odd.outcome(sized(HTML + b"Content-Encoding: gzip\r\n", gzip.compress(body + PAGE)))
    assert isinstance(outcome, Response), outcome


@pytest.mark.parametrize(
    ("segments", "cut_by"),
    [
        ((HTML + b"Connection: keep-alive\r\n\r\n" + PAGE,), "time"),
        ((HTML + b"Content-Length: 99999\r\n\r\n" + PAGE,), "time"),
        ((HTML + b"Content-Length: 99999\r\n\r\n" + PAGE, b""), "disconnect"),
        ((HTML + b"Content-Length: none\r\n\r\n" + PAGE, b""), None),
        ((HTML + b"Content-Length: -1\r\n\r\n" + PAGE, b""), None),
        ((HTML + b"Content-Length: 9999999999\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",), None),
        ((HTML + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\nzz\r\n" % (len(PAGE), PAGE),), "disconnect"),
        ((HTML + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(PAGE), PAGE),), "time"),
        ((b"HTTP/2 200\r\n" + sized(b"Content-Type: text/html\r\n", PAGE),), None),
    ],
)
async def test_what_came_of_a_body_is_the_page(odd: Odd, segments: Segments, cut_by: CutBy | None) -> None:
    """Longer or shorter than it says, or never ended: browsers show what is there."""
    outcome = await odd.outcome(*segments)
    assert isinstance(outcome, Response), outcome
    assert outcome.body in (PAGE, b"")
    assert outcome.cut_by == cut_by


async def test_nothing_of_a_body_in_time_is_a_time_out(odd: Odd) -> None:
    outcome = await odd.outcome(HTML + b"Content-Length: 99999\r\n\r\n")
    assert isinstance(outcome, Ended)
    assert outcome.ending is Ending.TIMED_OUT


@pytest.mark.parametrize(
    "head",
    [
        b"Location: /t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"Location: /t\r\nContent-Length: none\r\n\r\n",
        b"Location:\r\nLocation: /t\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_redirect_is_followed_by_its_head(odd: Odd, head: bytes) -> None:
    """Whatever it says of its body. Of several targets the first that is one counts."""
    result = await odd.fetch(b"HTTP/1.1 302 Found\r\n" + head)
    assert result.url.endswith("/t")
    assert isinstance(result.outcome, Response)


@pytest.mark.parametrize("location", [b"", b"  \t"])
async def test_an_empty_location_is_none(odd: Odd, location: bytes) -> None:
    """No loop back to the same page."""
    result = await odd.fetch(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n")
    assert result.hops == ()
    assert isinstance(result.outcome, Response)


@pytest.mark.parametrize("target", [b"javascript:go()", b"intent://x#Intent;end", b"shop-app://x"])
async def test_a_refresh_to_what_is_no_web_address_leaves_the_page(odd: Odd, target: bytes) -> None:
    """By its header or in the page: an app opens, and people see the page behind it."""
    meta = b"<meta http-equiv=refresh content='0; url=" + target + b"'>"
    for answer in (sized(HTML + b"Refresh: 0; url=" + target + b"\r\n", PAGE), sized(HTML, meta + PAGE)):
        outcome = await odd.outcome(answer)
        assert isinstance(outcome, Response), outcome
        assert outcome.body.endswith(PAGE)


PACKED_DENY = gzip.compress(DENY)
UNKNOWN = sized(TEXT + b"Content-Encoding: brotli\r\n", brotli.compress(DENY * 9))


@pytest.mark.parametrize(
    "robots",
    [
        (sized(TEXT, PACKED_DENY),),
        (sized(OK + b"Content-Type: application/gzip\r\n", PACKED_DENY),),
        (UNKNOWN,),
        (sized(TEXT + b"Refresh: 0; url=/t\r\n", DENY),),
        (TEXT + b"Content-Length: undefined\r\n\r\n" + DENY, b""),
        (TEXT + b"Content-Length: 99999\r\n\r\nUser-agent: *\nAllow: /\n",),
        (TEXT + b"Transfer-Encoding: chunked\r\n\r\n17\r\nUser-agent: *\nAllow: /\n\r\nzz\r\n",),
        (b"HTTP/1.1 302 Found\r\nLocation: /deny\r\nContent-Length: 99\r\n\r\n",),
        (b"HTTP/1.1 302 Found\r\nLocation: \r\nContent-Length: 0\r\n\r\n",),
        (b"HTTP/1.1 503 No\r\nContent-Length: 99\r\n\r\n", b""),
    ],
)
async def test_a_robots_txt_that_is_odd_or_cannot_be_read_forbids(odd: Odd, robots: Segments) -> None:
    """It fails closed: rules that are there are obeyed, and where they cannot be known nothing is fetched."""
    outcome = await odd.outcome(sized(HTML, PAGE), robots=robots)
    assert isinstance(outcome, Ended), "it was fetched"
    assert outcome.ending in (Ending.ROBOTS_DENIED, Ending.PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "behind",
    [
        (b"Content-Length: 99\r\n\r\n", b""),
        (b"Content-Length: 99\r\n\r\n",),
        (b"Content-Encoding: compress\r\nContent-Length: 3\r\n\r\n\xf0\xf1\xf2",),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",),
        (b"Content-Length: none\r\n\r\n", b""),
    ],
)
async def test_a_site_without_robots_txt_has_none_whatever_the_body_of_that_answer_does(
    odd: Odd, behind: Segments
) -> None:
    """Its status says so."""
    robots = (b"HTTP/1.1 404 Not Found\r\n" + behind[0], *behind[1:])
    outcome = await odd.outcome(sized(HTML, PAGE), robots=robots)
    assert isinstance(outcome, Response), outcome
