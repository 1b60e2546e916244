"""What real servers send, through the whole fetcher: the page that a browser shows, or an ending that says why not."""

import asyncio
import gzip
import time
from collections.abc import Sequence

import brotli  # type: ignore[import-untyped]
import pytest

from fetchers.client import redirects
from fetchers.model import Ended, Ending, FetchResult, Response
from tests.integration.fetchers.test_endings import HTML, ask, fetcher_for

PAGE = b"<title>duck</title>" + b"<p>quack" * 100
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /to\r\n"
REACHED = HTML + b"Content-Length: 7\r\n\r\nreached"


async def fetched(*answers: bytes, hangs: bool = False) -> tuple[FetchResult, Sequence[bytes]]:
    """The whole fetch; each request gets the next answer, and the connection then ends, or hangs."""
    left = list(answers)

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        if hangs:
            await asyncio.Event().wait()

    async with fetcher_for(answer) as (fetcher, origin):
        began = time.monotonic()
        result = await redirects.fetch(ask(), fetcher.open_hop)
        assert time.monotonic() - began < 10.0  # what it would wait for in vain has 20 s
        return result, [head.split(b" ")[1] for head in origin.heads]


@pytest.mark.parametrize("hangs", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: 0\r\n\r\n<p>moved",
        b"Content-Length: 500\r\n\r\n",
        b"Content-Length: 500\r\n\r\n<p>mov",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n9\r\n<p>",
        b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\nnogzip",
        b"Content-Type: application/zip\r\n\r\nPK",
        b"\r\n",
    ],
)
@pytest.mark.parametrize("by", ["location", "refresh"])
async def test_a_redirect_is_followed_at_its_head(by: str, body: bytes, hangs: bool) -> None:
    """Whatever its body does: missing, cut, malformed, or still to come."""
    head = REDIRECT if by == "location" else b"HTTP/1.1 200 OK\r\nRefresh: 0; url=/to\r\n"
    result, targets = await fetched(head + b"Connection: close\r\n" + body, REACHED, hangs=hangs)
    assert isinstance(result.outcome, Response)
    assert (result.outcome.body, list(targets)) == (b"reached", [b"/robots.txt", b"/", b"/to"])


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (HTML + b"Content-Length: %d\r\n\r\n" % (len(PAGE) - 5) + PAGE, True),
        (HTML + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % (len(PAGE) - 5) + PAGE, True),
        (HTML + b"Content-Length: %d\r\n\r\n" % (len(PAGE) + 5) + PAGE, False),
        (HTML + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(PAGE) + PAGE, False),
        (HTML + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(PAGE) + PAGE + b"\r\nzz", False),
        (HTML + b"Content-Encoding: gzip\r\nContent-Encoding: br\r\n\r\n" + brotli.compress(gzip.compress(PAGE)), True),
        (HTML + b"Content-Encoding: gzip\r\n\r\n" + PAGE, True),
        (HTML + b"Transfer-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE), True),
    ],
)
async def test_a_body_that_is_not_as_it_says_is_the_page_that_browsers_show(answer: bytes, whole: bool) -> None:
    """Longer or shorter than declared, broken off, encoded otherwise; what is cut says so."""
    result, _ = await fetched(answer)
    assert isinstance(result.outcome, Response), result
    assert result.outcome.body.startswith(PAGE[:-5])
    assert result.outcome.cut_by == (None if whole else "disconnect")


async def test_a_body_that_cannot_be_decoded_is_an_ending_with_its_reason() -> None:
    """Never a page of nothing."""
    result, _ = await fetched(HTML + b"Content-Encoding: gzip\r\n\r\n" + bytes([0xFE, 0, 0x81]) * 50)
    assert isinstance(result.outcome, Ended)
    assert result.outcome.ending is Ending.PROTOCOL_ERROR
    assert "gzip" in result.outcome.reason


@pytest.mark.parametrize("line", [b"", b"Content-Type:\r\n", b"Content-Type: html\r\n", b"Content-Type: */*\r\n"])
async def test_a_page_without_a_type_is_sniffed(line: bytes) -> None:
    """A page is read, and an archive is refused once its first bytes are there."""
    result, _ = await fetched(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n" + PAGE)
    assert isinstance(result.outcome, Response)
    assert (result.outcome.content_type, result.outcome.body) == ("text/html", PAGE)
    result, _ = await fetched(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nPK\x03\x04" + bytes(500_000))
    assert isinstance(result.outcome, Ended)
    assert result.outcome.ending is Ending.UNSUPPORTED_TYPE
    assert "application/zip" in result.outcome.reason


@pytest.mark.parametrize(
    ("robots", "ending"),
    [
        (b"Content-Encoding: gzip\r\n\r\nuser-agent: *\ndisallow: /\n", Ending.ROBOTS_DENIED),
        (b"Content-Length: 26\r\nContent-Length: 26\r\n\r\nuser-agent: *\ndisallow: /\n", Ending.ROBOTS_DENIED),
        (b"Content-Encoding: gzip\r\n\r\n" + bytes([0xFE, 0, 0x81]) * 50, Ending.PROTOCOL_ERROR),
        (b"Content-Encoding: compress\r\n\r\n\x1f\x9d\x90" + bytes([0xFE, 0, 0x81]) * 50, Ending.PROTOCOL_ERROR),
        (b"Content-Length: 500\r\n\r\nuser-agent: *\nallow: /\n", Ending.ROBOTS_DENIED),
        (b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"allow: /\n" * 9000)[:-30], Ending.ROBOTS_DENIED),
    ],
)
async def test_a_robots_txt_that_is_not_whole_forbids(robots: bytes, ending: Ending) -> None:
    """Its missing end could forbid what is asked for."""

    async with fetcher_for(REACHED, robots=b"HTTP/1.1 200 OK\r\n" + robots) as (fetcher, origin):
        result = await fetcher.perform(ask())
    assert isinstance(result, Ended)
    assert result.ending is ending
    assert len(origin.heads) == 1
