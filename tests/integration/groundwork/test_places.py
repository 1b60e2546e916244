"""How many connections are open, and who makes room."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.integration.groundwork.serving import Client, Echo, Served, serving

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def full(served: Served, count: int, stack: AsyncExitStack, send: bytes) -> list[Client]:
    """So many connections, each of which sent the same."""
    clients = []
    for number in range(count):
        client = await stack.enter_async_context(served.client())
        client.send(send)
        clients.append(client)
        async with asyncio.timeout(30):
            while len(served.server.places or ()) <= number and not client.reader.at_eof():
                await asyncio.sleep(0)
    return clients


@pytest.mark.parametrize("limit", ["connections", "connections_per_address"])
async def test_a_newcomer_takes_the_place_of_the_one_that_waits_longest(limit: str) -> None:
    """Slow heads keep nobody out: the health check comes through while they hold every place."""
    async with serving(Echo(), **{limit: 5}) as served, AsyncExitStack() as stack:
        slow = await full(served, 5, stack, b"GET / HT")
        async with served.client() as client:
            client.send(GET)
            assert (await client.answer())[0] == 200
        assert await slow[0].ended() == b""
        assert len(served.server.places or ()) <= 5
        slow[1].send(b"TP/1.1\r\nhost: localhost\r\n\r\n")
        assert (await slow[1].answer())[0] == 200


@pytest.mark.parametrize("limit", ["connections", "connections_per_address"])
async def test_where_all_are_at_work_a_newcomer_is_turned_away(limit: str) -> None:
    app = Echo()
    async with serving(app, **{limit: 3}) as served, AsyncExitStack() as stack:
        busy = await full(served, 3, stack, b"GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n")
        async with asyncio.timeout(30):
            while len(app.fields) < 3:
                await asyncio.sleep(0)
        async with served.client() as client:
            assert (await client.ended()).startswith(b"HTTP/1.1 503 ")
        app.go.set()
        for one in busy:
            assert (await one.answer())[0] == 200


async def test_a_proxy_has_no_limit_of_its_own() -> None:
    app = Echo()
    async with serving(app, connections_per_address=1, trusted=["127.0.0.0/8"]) as served, AsyncExitStack() as stack:
        clients = await full(served, 5, stack, GET)
        for client in clients:
            assert (await client.answer())[0] == 200


async def test_places_are_given_back() -> None:
    async with serving(Echo(), connections=2) as served:
        for _ in range(10):
            async with served.client() as client:
                client.send(GET)
                assert (await client.answer())[0] == 200
        async with asyncio.timeout(30):
            while len(served.server.places or ()):
                await asyncio.sleep(0)
