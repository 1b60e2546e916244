"""Whatever a server does ends in its named ending, within its limit: raw sockets on loopback, through the whole
fetcher.
"""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from msgspec import structs

from fetchers.client import redirects
from fetchers.config import FetchersConfig, FetchLimits, Network, RateLimits
from fetchers.fetcher import Fetcher
from fetchers.model import Ended, Ending, HopRequest, HopResult, Response
from fetchers.standalone import running_fetcher
from tests.origin import Origin, Request

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
LIMITS = FetchLimits(
    connect_seconds=0.5, first_byte_seconds=0.3, read_seconds=0.3, total_seconds=0.5, page_bytes=1_000_000
)
NO_ROBOTS = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@asynccontextmanager
async def fetcher_for(
    answer: bytes | Answer, limits: FetchLimits = LIMITS, robots: bytes = NO_ROBOTS
) -> AsyncIterator[tuple[Fetcher, Origin]]:
    """A fetcher whose every name is one server; robots.txt is open unless said otherwise."""

    async def once(asked: Request, writer: asyncio.StreamWriter) -> None:
        said = robots if asked.target == "/robots.txt" else answer
        if isinstance(said, bytes):
            writer.write(said)
        else:
            await said(writer)
        await writer.drain()
        writer.close()

    async with Origin(default=once) as origin:
        network = Network(resolve={"*.test": origin.target})
        config = FetchersConfig(rate_limit=RateLimits(1000.0, 1000), network=network, limits=limits)
        async with running_fetcher(config) as fetcher:
            yield fetcher, origin


def ask(url: str = "http://a.test/", seconds: float = 20.0) -> HopRequest:
    return HopRequest(url, time.time() + seconds, time.time() + seconds)


async def ending_of(answer: bytes | Answer, limits: FetchLimits = LIMITS) -> HopResult:
    async with fetcher_for(answer, limits) as (fetcher, _):
        began = time.monotonic()
        result = await fetcher.perform(ask())
        assert time.monotonic() - began < limits.total_seconds + 10.0  # an answer that never ends takes 20
        return result


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(HTML + b"Content-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def drip_head(writer: asyncio.StreamWriter) -> None:
    for byte in HTML * 100:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60.0)


async def silence_within(writer: asyncio.StreamWriter) -> None:
    writer.write(HTML + b"Content-Length: 1000\r\n\r\nx")
    await asyncio.sleep(60.0)


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(HTML + b"\r\n")
    while True:
        writer.write(bytes(65_536))
        await writer.drain()


async def radio(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n")
    while True:
        writer.write(bytes(65_536))
        await writer.drain()


async def chunk_flood(writer: asyncio.StreamWriter) -> None:
    writer.write(HTML + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\nx\r\n" * 10_000)
        await writer.drain()


async def chunk_extensions(writer: asyncio.StreamWriter) -> None:
    writer.write(HTML + b"Transfer-Encoding: chunked\r\n\r\n1")
    while True:
        writer.write(b";" + b"x" * 65_536)
        await writer.drain()


async def header_flood(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Flood: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def early_hints_flood(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)
        await writer.drain()


@pytest.mark.parametrize(
    ("answer", "endings"),
    [
        (drip, {Ending.TIMED_OUT}),
        (drip_head, {Ending.TIMED_OUT}),
        (silence, {Ending.TIMED_OUT}),
        (endless, {Ending.TOO_LARGE}),
        (chunk_extensions, {Ending.PROTOCOL_ERROR, Ending.TIMED_OUT}),
        (header_flood, {Ending.PROTOCOL_ERROR}),
        (early_hints_flood, {Ending.PROTOCOL_ERROR}),
        (HTML + b"Content-Length: 99999999\r\n\r\n", {Ending.TOO_LARGE}),
        (HTML + b"Content-Length: 100\r\n\r\n", {Ending.PROTOCOL_ERROR}),
        (HTML + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", {Ending.PROTOCOL_ERROR}),
        (HTML + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", {Ending.PROTOCOL_ERROR}),
        (HTML + b"Transfer-Encoding: chunked\r\n\r\n5\r\n", {Ending.PROTOCOL_ERROR}),
        (b"<html>HTTP/0.9 style", {Ending.PROTOCOL_ERROR}),
        (b"\x00\x01\x02\x03" * 100, {Ending.PROTOCOL_ERROR}),
        (b"SSH-2.0-OpenSSH_9\r\n", {Ending.PROTOCOL_ERROR}),
        (b"HTTP/1.1 999999 What\r\n\r\n", {Ending.PROTOCOL_ERROR}),
        (b"", {Ending.CONNECT_ERROR}),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n", {Ending.PROTOCOL_ERROR}),
        (b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 5_000 + b"\r\n", {Ending.PROTOCOL_ERROR}),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nContent-Length: 9\r\n\r\nPK", {Ending.UNSUPPORTED_TYPE}),
    ],
)
async def test_each_ends_in_its_own_ending(answer: bytes | Answer, endings: set[Ending]) -> None:
    result = await ending_of(answer)
    assert isinstance(result, Ended), result
    assert result.ending in endings, result


async def test_a_flood_of_tiny_chunks_ends_early() -> None:
    """What came of it is the beginning of a page, unless the time was over before."""
    result = await ending_of(chunk_flood)
    if isinstance(result, Response):
        assert (result.cut_by, result.body[:5]) == ("disconnect", b"xxxxx")
    else:
        assert isinstance(result, Ended)
        assert result.ending is Ending.TIMED_OUT


async def test_of_a_radio_station_the_first_bytes_are_taken() -> None:
    result = await ending_of(radio)
    assert isinstance(result, Response)
    assert result.truncated
    assert len(result.body) == LIMITS.media_bytes


async def test_a_body_that_ends_with_its_connection_is_whole() -> None:
    result = await ending_of(HTML + b"\r\n<p>all of it")
    assert isinstance(result, Response)
    assert (result.body, result.truncated) == (b"<p>all of it", False)


async def test_a_broken_encoding_gives_what_was_read() -> None:
    packed = gzip.compress(b"<p>hello" * 1000)[:-20]
    result = await ending_of(HTML + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)
    assert isinstance(result, Response)
    assert result.truncated
    assert result.body.startswith(b"<p>hello")


async def test_the_deadline_of_the_caller_ends_it_sooner() -> None:
    async with fetcher_for(drip, replace(LIMITS, total_seconds=30.0)) as (fetcher, _):
        await fetcher.perform(structs.replace(ask("http://a.test/robots.txt"), purpose="robots"))
        began = time.monotonic()
        result = await fetcher.perform(ask(seconds=0.2))
        assert time.monotonic() - began < 15.0
        assert isinstance(result, Ended)
        assert result.ending is Ending.TIMED_OUT


async def test_endless_redirects_end() -> None:
    count = 0

    async def on_and_on(writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % count)

    async with fetcher_for(on_and_on) as (fetcher, _):
        result = await redirects.fetch(ask(), fetcher.open_hop, most_redirects=20)
        assert isinstance(result.outcome, Ended)
        assert result.outcome.ending is Ending.TOO_MANY_REDIRECTS
        assert count == 21


async def test_a_redirect_to_a_private_address_is_not_followed_there() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:8080/\r\nContent-Length: 0\r\n\r\n"
    async with fetcher_for(answer) as (fetcher, origin):
        result = await redirects.fetch(ask(), fetcher.open_hop)
        assert isinstance(result.outcome, Ended)
        assert result.outcome.ending is Ending.BLOCKED_ADDRESS
        assert len(origin.heads) == 2, "robots.txt and the page that redirects"


async def test_conditional_and_range_requests_go_out_as_asked() -> None:
    answer = b'HTTP/1.1 304 Not Modified\r\nETag: "v"\r\nConnection: close\r\n\r\n'
    async with fetcher_for(answer) as (fetcher, origin):
        result = await fetcher.perform(
            structs.replace(ask(), etag='"v"', last_modified="x", byte_range="bytes=0-9", if_range='"v"')
        )
        assert isinstance(result, Response)
        assert result.status_code == 304
        for line in (
            b'If-None-Match: "v"',
            b"If-Modified-Since: x",
            b"Range: bytes=0-9",
            b'If-Range: "v"',
            b"identity",
        ):
            assert line in origin.heads[-1]


async def test_a_server_that_ignores_a_range_gives_no_more_than_the_cap() -> None:
    """It answers 200 and goes on for ever: what was asked for as the first bytes stays so."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
        while True:
            writer.write(bytes(16 * 1024))
            await writer.drain()

    async with fetcher_for(endless, replace(LIMITS, total_seconds=10.0)) as (fetcher, origin):
        result = await fetcher.perform(
            structs.replace(ask(), byte_range="bytes=0-65535", max_bytes=64 * 1024, purpose="picture")
        )
        assert b"Range: bytes=0-65535" in origin.heads[-1]
        assert isinstance(result, Ended)
        assert result.ending is Ending.TOO_LARGE
