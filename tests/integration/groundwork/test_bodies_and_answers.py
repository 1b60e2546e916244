"""Bodies that trickle, answers that nobody takes, and requests that are sent before the answer to earlier ones."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.integration.groundwork.serving import Echo, serving

POST = b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"


async def test_a_body_that_trickles_is_told_and_closed() -> None:
    """The application learns that the client is gone."""
    app = Echo()
    async with serving(app, body_seconds=0.2, body_bytes_per_second=1000) as served, served.client() as client:
        client.send(POST % (b"/", 100_000))
        ended = asyncio.ensure_future(client.ended())
        while not ended.done():
            client.send(b"x")
            await asyncio.wait((ended,), timeout=0.03)
        assert (await ended).startswith(b"HTTP/1.1 408 ")
        await app.gone.wait()


async def test_a_body_that_comes_fast_enough_may_take_many_windows() -> None:
    async with serving(Echo(), body_seconds=0.05, body_bytes_per_second=100) as served, served.client() as client:
        client.send(POST % (b"/", 400))
        for _ in range(20):
            client.send(b"x" * 20)
            await asyncio.wait((asyncio.ensure_future(asyncio.Event().wait()),), timeout=0.01)
        assert await client.answer() == (200, b"/ 400")


async def test_a_body_that_trickles_after_the_answer_is_cut_off() -> None:
    """A refusal that came before the whole body must not hold the connection for ever."""
    async with serving(Echo(), body_seconds=0.1, body_bytes_per_second=1000) as served, served.client() as client:
        client.send(POST % (b"/early", 100_000))
        assert (await client.answer())[0] == 200
        ended = asyncio.ensure_future(client.ended())
        while not ended.done():
            client.send(b"x")
            await asyncio.wait((ended,), timeout=0.03)
        assert await ended == b""


async def test_trailers_are_no_headers_and_have_a_limit() -> None:
    app = Echo()
    chunked = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    async with serving(app, head_bytes=2048) as served:
        async with served.client() as client:
            client.send(chunked + b"authorization: Bearer x\r\n\r\n")
            assert await client.answer() == (200, b"/ 3")
            assert app.fields == [2]
        async with served.client() as client:
            client.send(chunked + b"a: " + b"b" * 50_000)
            assert (await client.ended()).startswith(b"HTTP/1.1 431 ")


async def test_chunk_extensions_have_a_limit() -> None:
    async with serving(Echo(), head_bytes=2048) as served, served.client() as client:
        client.send(b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3;" + b"e" * 50_000)
        assert (await client.ended())[:10] in (b"HTTP/1.1 4", b"")


async def test_an_answer_that_nobody_takes_is_cut_off() -> None:
    async with serving(Echo(), stall_seconds=0.1) as served, served.client() as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.send(b"GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        async with asyncio.timeout(30):
            while not served.server.server_state.connections:
                await asyncio.sleep(0)
            while served.server.server_state.connections:
                await asyncio.sleep(0.01)


async def test_pipelined_requests_are_answered_up_to_a_number() -> None:
    """Then the connection ends, and nothing of what follows is kept."""
    app = Echo()
    async with serving(app, pipelined=3) as served, served.client() as client:
        wait, other = (b"GET %b HTTP/1.1\r\nhost: localhost\r\n\r\n" % path for path in (b"/wait", b"/"))
        client.send(wait + other * 10_000)
        await asyncio.sleep(0)
        app.go.set()
        answers = (await client.ended()).split(b"HTTP/1.1 ")[1:]
        assert [answer[:3] for answer in answers] == [b"200"] * 4


async def test_the_client_of_a_stream_is_missed_though_it_has_sent_a_second_request() -> None:
    """uvicorn told the last request alone; a stream went on for nobody."""
    app = Echo()
    async with serving(app) as served, served.client() as client:
        client.send(b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await client.reader.readuntil(b"begun")
        client.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        (connection,) = served.server.server_state.connections
        while not connection.pipeline:  # type: ignore[union-attr]
            await asyncio.sleep(0)
        connection.transport.abort()
        async with asyncio.timeout(30):
            await app.gone.wait()


@pytest.mark.parametrize("count", [1, 50])
async def test_requests_one_after_the_other_share_a_connection(count: int) -> None:
    async with serving(Echo()) as served, served.client() as client:
        for _ in range(count):
            client.send(POST % (b"/", 5) + b"hello")
            assert await client.answer() == (200, b"/ 5")


async def test_bodies_that_never_end_give_way_to_newer_ones() -> None:
    """The first is told so, the application learns that it is gone; a whole body is never taken back."""
    app = Echo()
    async with (
        serving(app, held_bytes=1_000_000) as served,
        served.client() as whole,
        served.client() as slow,
        served.client() as newer,
    ):
        whole.send(POST % (b"/wait", 300_000) + bytes(300_000))
        slow.send(POST % (b"/", 500_000) + bytes(400_000))
        newer.send(POST % (b"/", 600_000) + bytes(500_000))
        assert (await slow.answer())[0] == 503
        newer.send(bytes(100_000))
        assert await newer.answer() == (200, b"/ 600000")
        await app.gone.wait()
        app.go.set()
        assert await whole.answer() == (200, b"/wait 300000")


async def test_small_bodies_never_give_way() -> None:
    async with serving(Echo(), held_bytes=1000) as served, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(served.client()) for _ in range(10)]
        for client in clients:
            client.send(POST % (b"/", 50_000) + bytes(40_000))
        for client in clients:
            client.send(bytes(10_000))
            assert await client.answer() == (200, b"/ 50000")


async def test_answers_that_nobody_takes_give_way_to_newer_ones() -> None:
    get = b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n"
    async with serving(Echo(), held_bytes=50_000_000) as served, AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(served.client()) for _ in range(4)]
        for client in idle:
            client.send(get)
            await client.reader.readuntil(b"\r\n\r\n")
        async with served.client() as reading:
            reading.send(get)
            assert (await reading.answer())[0] == 200
        assert len(await idle[0].ended()) < 32 * 1024 * 1024


CHUNKED = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("size", [1, 5])
async def test_a_body_in_crumbs_is_refused(size: int) -> None:
    crumb = b"%x\r\n%b\r\n" % (size, b"a" * size)
    async with serving(Echo()) as served, served.client() as client:
        client.send(CHUNKED + crumb * 30_000 + b"0\r\n\r\n")
        assert (await client.answer())[0] == 400


@pytest.mark.parametrize(("size", "count"), [(1, 1_000), (30, 20_000), (4_000, 500)])
async def test_chunks_as_clients_write_them_arrive_whole(size: int, count: int) -> None:
    """Whatever the pieces in which they come, and the next request behind them as well."""
    body = (b"%x\r\n%b\r\n" % (size, b"a" * size)) * count + b"0\r\n\r\n"
    async with serving(Echo()) as served, served.client() as client:
        client.send(CHUNKED + body + CHUNKED + body)
        for _ in range(2):
            assert await client.answer() == (200, b"/ %d" % (size * count))
