"""Three servers, one killed, ZooKeeper down for a while: no caller waits, and no id is given twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from snowflake.auditor import Auditor, Sighting
from snowflake.service.client import RangeClient
from tests.engines.running import RunningEngine
from tests.integration.snowflake.serving import ServerProcess

pytestmark = [pytest.mark.engine("zookeeper"), pytest.mark.alone, pytest.mark.timeout(120)]

OUTAGE_SECONDS = 5
# A caller that shares two cores with everything else is sometimes descheduled; a call to a server takes longer by far
# than that when the server is gone (three seconds until it is given up).
LONGEST_WAIT_SECONDS = 0.5


@pytest.fixture
async def zookeeper(own_engine: Callable[[str], RunningEngine]) -> RunningEngine:
    return await asyncio.to_thread(own_engine, "zookeeper")


@pytest.fixture
async def servers(zookeeper: RunningEngine, tmp_path: Path) -> AsyncIterator[list[ServerProcess]]:
    hosts = zookeeper.environment["SPIDERDUCK_TEST_ZOOKEEPER"]
    servers = [ServerProcess(tmp_path, "--zookeeper", hosts) for _ in range(3)]
    try:
        for server in servers:
            await server.ready()
        yield servers
    finally:
        for server in servers:
            server.kill()


class Caller:
    """Asks for an id every few milliseconds until told to stop."""

    def __init__(self, client: RangeClient) -> None:
        self._client = client
        self.ids: list[int] = []
        self.longest = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            before = time.monotonic()
            self.ids.append(self._client.next_id())
            self.longest = max(self.longest, time.monotonic() - before)
            await asyncio.sleep(0.003)


async def test_no_caller_waits_and_no_id_comes_twice(servers: list[ServerProcess], zookeeper: RunningEngine) -> None:
    """With range leases, which is how the product's schedulers mint."""
    stop = asyncio.Event()
    urls = [server.url for server in servers]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(RangeClient(urls[n:] + urls[:n])) for n in range(3)]
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        callers = [Caller(client) for client in clients]
        running = [asyncio.create_task(caller.run(stop)) for caller in callers]
        servers[0].kill()
        direct = (await http.get(f"{urls[1]}/v1/ids/batch?count=1000")).json()["ids"]
        zookeeper.kill()
        # The servers that are left mint on while the coordinator's silence is shorter than their own deadline.
        direct += (await http.get(f"{urls[2]}/v1/ids/batch?count=1000")).json()["ids"]
        await asyncio.sleep(OUTAGE_SECONDS)
        await asyncio.to_thread(zookeeper.launch)
        servers[0].launch()
        for server in servers:
            await server.ready()
        direct += (await http.get(f"{urls[0]}/v1/ids/batch?count=1000")).json()["ids"]
        for client in clients:
            await client.refill()
        stop.set()
        await asyncio.gather(*running)
    auditor = Auditor()
    for id in [*direct, *(id for caller in callers for id in caller.ids)]:
        auditor.add(Sighting(id))
    assert auditor.duplicate_count == 0
    assert auditor.ids > OUTAGE_SECONDS * 100
    assert max(caller.longest for caller in callers) < LONGEST_WAIT_SECONDS
