"""What a stranger may send to a fetcher before it has shown the token."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fetchers.service.connection import Answer, ClientConnection, Request
from groundwork.front.connections import Connections
from groundwork.front.limits import FrontLimits

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(seconds: float = 9.0, places: int = 100) -> AsyncIterator[int]:
    """A service that knows whoever asks for /known."""

    async def handle(request: Request) -> Answer:
        return Answer(200, "text/plain", [request.target.encode()], is_for_callers=request.target == "/known")

    loop = asyncio.get_running_loop()
    room = Connections(FrontLimits(connections=places, connections_per_address=places), (), loop.time)
    open_now: set[ClientConnection] = set()
    with socket.create_server(("127.0.0.1", 0)) as at:
        server = await loop.create_server(lambda: ClientConnection(handle, open_now, room, seconds), sock=at)
        try:
            yield at.getsockname()[1]
        finally:
            server.close()
            for one in list(open_now):
                one.displace()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def rest(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("size", [70_000, 5_000_000])
async def test_a_head_has_a_limit(size: int) -> None:
    async with listening() as port, connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nx: " + b"y" * size)
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("begin", [b"", b"GET /", b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc"])
async def test_a_request_has_a_deadline(begin: bytes) -> None:
    async with listening(seconds=0.1) as port, connected(port) as (reader, writer):
        writer.write(begin)
        assert (await rest(reader))[:12] in (b"", b"HTTP/1.1 408")


async def test_who_is_known_may_be_idle_and_a_stranger_may_not() -> None:
    async with listening(seconds=0.1) as port, connected(port) as (known, writer), connected(port) as (stranger, other):
        writer.write(b"GET /known HTTP/1.1\r\n\r\n")
        other.write(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert (await rest(stranger)).endswith(b"/healthz")
        writer.write(b"GET /known HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(30):
            for _ in range(2):
                assert (await known.readuntil(b"/known")).startswith(b"HTTP/1.1 200 ")


async def test_a_stranger_makes_room_and_a_caller_does_not() -> None:
    async with listening(places=2) as port, connected(port) as (known, writer), connected(port) as (stranger, _):
        writer.write(b"GET /known HTTP/1.1\r\n\r\n")
        await known.readuntil(b"/known")
        async with connected(port) as (newcomer, third):
            third.write(b"GET /known HTTP/1.1\r\n\r\n")
            await newcomer.readuntil(b"/known")
            assert await rest(stranger) == b""
            writer.write(b"GET /known HTTP/1.1\r\n\r\n")
            await known.readuntil(b"/known")
            async with connected(port) as (late, _):
                assert (await rest(late)).startswith(b"HTTP/1.1 503 ")
