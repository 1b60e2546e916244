"""What a server sends beyond its answer never becomes another URL's page: raw sockets, through the transport."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fetchers.transport.aiohttp import AiohttpTransport
from groundwork.address_guard import AddressPolicy
from tests.integration.fetchers.test_aiohttp_transport import fetch
from tests.origin import Origin, Request

TRUE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue"
FALSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse"


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with Origin() as origin:
        yield origin


@pytest.fixture
async def transport(origin: Origin) -> AsyncIterator[AiohttpTransport]:
    transport = AiohttpTransport(AddressPolicy(), resolve={"*.test": origin.target})
    yield transport
    await transport.aclose()


@pytest.mark.parametrize("unasked", [b"\0", FALSE, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"])
@pytest.mark.parametrize(
    "first", [TRUE, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntrue\r\n0\r\n\r\n"]
)
async def test_bytes_behind_the_answer_end_the_connection_and_not_the_page(
    transport: AiohttpTransport, origin: Origin, first: bytes, unasked: bytes
) -> None:
    """In the same segment: the page is whole, and the next one comes on a connection of its own."""
    origin.default = first + unasked
    assert (await fetch(transport, "http://a.test/1"))[1] == b"true"
    origin.default = TRUE
    assert (await fetch(transport, "http://a.test/2"))[1] == b"true"
    assert origin.connections == 2


@pytest.mark.parametrize("loop_has_read", [True, False], ids=["read", "not read yet"])
@pytest.mark.parametrize("unasked", [b"\0", FALSE, b""])
async def test_an_idle_connection_on_which_something_comes_is_given_up(
    transport: AiohttpTransport, origin: Origin, unasked: bytes, loop_has_read: bool
) -> None:
    """Bytes or the end, read by our loop or still with the system: never the answer to the next request."""
    writers = []

    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(TRUE)
        await writer.drain()

    origin.default = answer
    await fetch(transport, "http://a.test/1")
    assert transport._pool is not None
    (idle,) = (protocol for kept in transport._pool._conns.values() for protocol, _ in kept)
    assert idle.is_connected()
    if unasked:
        writers[0].write(unasked)  # which is with the system at once
    else:
        writers[0].close()
    for _ in range(10 if loop_has_read or not unasked else 0):
        await asyncio.sleep(0)
    assert not idle.is_connected()
    response, body = await fetch(transport, "http://a.test/2")
    assert body == b"true"
    assert response.connection is not None
    assert not response.connection.reused
    assert origin.connections == 2
