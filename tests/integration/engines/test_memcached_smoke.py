"""memcached keeps a value and forgets it when it is killed."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import aiomcache
import pytest

from tests.engines.fleet import wait
from tests.engines.running import RunningEngine

pytestmark = pytest.mark.engine("memcached")


async def test_a_value_is_kept(memcached_address: tuple[str, int]) -> None:
    """What is set is got, and an unknown key is None."""
    host, port = memcached_address
    client = aiomcache.Client(host, port)
    key = uuid4().hex.encode()
    try:
        await client.set(key, b"User-agent: *", exptime=60)
        assert await client.get(key) == b"User-agent: *"
        assert await client.get(key + b"-other") is None
    finally:
        await client.close()


async def test_an_engine_of_ones_own_can_be_killed_and_launched_again(
    own_engine: Callable[[str], RunningEngine],
) -> None:
    """The same address serves again, empty, and the shared engine is not touched."""
    running = own_engine("memcached")
    assert await _exchange(running.address, b"set k 0 60 1\r\nv\r\n") == b"STORED\r\n"
    running.kill()
    assert not running.answers()
    running.launch()
    wait([running])
    assert await _exchange(running.address, b"get k\r\n") == b"END\r\n"


async def _exchange(address: tuple[str, int], question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(question)
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer
