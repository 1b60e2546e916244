"""A body that is read while it comes, over real sockets: from a slow origin, through the service, to the client
library."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import structs

from fetchers.body.chunks import BodyEnd, OpenHop
from fetchers.client.redirects import open_fetch
from fetchers.client.running import running_client
from fetchers.cluster import ClusterConfig, Member, running_member
from fetchers.config import FetchersConfig, Network, RateLimits
from fetchers.errors import BrokenOff
from fetchers.model import Ended, Ending, HopRequest, Response
from tests.origin import Answer, Origin, Request, http, redirect

MEGABYTE = bytes(range(256)) * 4096
LARGE = 64


class Slow(Origin):
    """`/slow` sends the rest when told to; `/broken` does not send it; `/large` is 64 MB; `/moved` leads to `/slow`."""

    def __init__(self) -> None:
        fixed: dict[str, Answer] = {
            "*/robots.txt": http(status="404 Not Found"),
            "*/moved": redirect("/slow"),
            "*/large": self._large,
        }
        super().__init__(fixed, self._slow)
        self.go_on = asyncio.Event()
        self.sent = 0

    async def _large(self, asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(LARGE * len(MEGABYTE)))
        for _ in range(LARGE):
            writer.write(MEGABYTE)
            await writer.drain()
            self.sent += len(MEGABYTE)

    async def _slow(self, asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(10) + b"first")
        await self.go_on.wait()
        if asked.target == "/broken":
            raise ConnectionResetError
        writer.write(b" rest")


def _head(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: image/x-raw\r\nContent-Length: %d\r\n\r\n" % length


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Slow, Member]]:
    async with Slow() as origin:
        network = Network(resolve={"*.test": origin.target})
        config = FetchersConfig(rate_limit=RateLimits(1000.0, 1000), network=network)
        async with running_member(config, ClusterConfig(port=0, token="secret")) as member:
            yield origin, member


@pytest.fixture(params=["in this process", "through the service"])
async def streaming(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Slow, Member, OpenHop]]:
    async with served() as (origin, member):
        if request.param == "in this process":
            yield origin, member, member.fetcher.open_hop
        else:
            async with running_client([member.address], "secret") as router:
                yield origin, member, router.open_hop


Streaming = tuple[Slow, Member, OpenHop]


def direct(path: str, seconds: float = 20.0) -> HopRequest:
    by = time.time() + seconds
    return HopRequest(f"http://a.test{path}", by, by, purpose="direct", streamed=True)


@pytest.mark.parametrize(("path", "redirects"), [("/slow", 0), ("/moved", 1)])
async def test_the_beginning_is_here_before_the_end(streaming: Streaming, path: str, redirects: int) -> None:
    origin, _, open_hop = streaming
    async with open_fetch(direct(path), open_hop) as (result, chunks):
        assert isinstance(result.outcome, Response)
        assert (result.outcome.url, len(result.hops)) == ("http://a.test/slow", redirects)
        assert await anext(chunks) == b"first"
        assert not origin.go_on.is_set()
        origin.go_on.set()
        assert b"".join([piece async for piece in chunks]) == b" rest"
        assert isinstance(chunks.end, BodyEnd)


async def test_what_breaks_off_is_told_after_its_beginning(streaming: Streaming) -> None:
    origin, _, open_hop = streaming
    async with open_fetch(direct("/broken"), open_hop) as (_, chunks):
        assert await anext(chunks) == b"first"
        origin.go_on.set()
        with pytest.raises(BrokenOff) as broken:
            await anext(chunks)
    assert broken.value.ended.ending is Ending.PROTOCOL_ERROR


async def test_a_large_body_takes_little_memory_on_its_way(streaming: Streaming) -> None:
    """In both processes together (they are one here), and in the origin's queue."""
    _, member, open_hop = streaming
    size = 0
    tracemalloc.start()
    try:
        async with open_fetch(direct("/large"), open_hop) as (_, chunks):
            async for piece in chunks:
                size += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == LARGE * len(MEGABYTE)
    assert peak < 8 * len(MEGABYTE)
    assert member.fetcher.counters.body_bytes == size


async def test_who_reads_slowly_slows_the_origin_down(streaming: Streaming) -> None:
    """And who leaves is sent nothing more."""
    origin, member, open_hop = streaming
    async with open_fetch(direct("/large"), open_hop):
        sent = -1
        while sent != origin.sent:  # until it cannot send more
            sent = origin.sent
            await asyncio.sleep(0.3)
        assert origin.sent < LARGE * len(MEGABYTE) / 2
    async with asyncio.timeout(30):
        while not origin.broken_off or member.fetcher.queues.in_flight:
            await asyncio.sleep(0.01)


async def test_the_limit_holds_while_it_comes(streaming: Streaming) -> None:
    _, _, open_hop = streaming
    request = structs.replace(direct("/large"), max_bytes=1000)
    async with open_fetch(request, open_hop) as (result, _):
        assert isinstance(result.outcome, Ended)
        assert result.outcome.ending is Ending.TOO_LARGE


async def test_a_fetcher_that_is_gone_leaves_a_beginning() -> None:
    async with served() as (origin, member), running_client([member.address], "secret") as router:
        async with open_fetch(direct("/slow"), router.open_hop) as (_, chunks):
            assert await anext(chunks) == b"first"
            [inquiry] = router._open
            inquiry.give_up()
            with pytest.raises(BrokenOff, match="gone"):
                await anext(chunks)
        origin.go_on.set()


async def test_many_streams_leave_clean_connections() -> None:
    async with served() as (origin, member), running_client([member.address], "secret") as router:
        origin.go_on.set()

        async def one() -> bytes:
            async with open_fetch(direct("/slow"), router.open_hop) as (_, chunks):
                body = b"".join([piece async for piece in chunks])
            whole = await router.perform(direct("/slow"))
            assert isinstance(whole, Response)
            return body + whole.body

        assert await asyncio.gather(*(one() for _ in range(50))) == [b"first rest" * 2] * 50
