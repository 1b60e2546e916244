"""How often a fetcher of a cluster asks memcached and ZooKeeper for one URL, pinned: one more is a decision, not an
accident. The schedulers' side is counted in `tests/integration/cluster`."""

import asyncio
import os
from collections.abc import Callable, Mapping
from uuid import uuid4

import pytest

from fetchers.cluster import ClusterConfig, running_member
from fetchers.config import FetchersConfig, Network, RateLimits
from fetchers.model import Response
from tests.engines.running import RunningEngine
from tests.integration.fetchers.test_service import SITE, ask
from tests.origin import Origin, http

pytestmark = [pytest.mark.engine("memcached", "zookeeper"), pytest.mark.alone]

URLS = 100
FIRST = {"cmd_get": 2, "cmd_set": 1}
"""Of a domain: its robots.txt and its politeness state are looked for, and the robots.txt that was fetched is kept. The
state is written on back-off only."""


async def asked(address: str) -> Mapping[str, int]:
    """What memcached has counted since it was started."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"stats\r\n")
    lines = (await reader.readuntil(b"END\r\n")).decode().splitlines()
    writer.close()
    found = dict(line.split()[1:3] for line in lines if line.startswith("STAT "))
    return {name: int(found[name]) for name in FIRST}


async def test_what_one_url_costs_a_fetcher(own_engine: Callable[[str], RunningEngine]) -> None:
    """The first URL of a domain, and the next; ZooKeeper is asked for neither. A cluster that other tests share may run
    beside it: it does not ask this memcached, and its sessions have heartbeats."""
    running = await asyncio.to_thread(own_engine, "memcached")
    memcached, zookeeper = running.environment["SPIDERDUCK_TEST_MEMCACHED"], os.environ["SPIDERDUCK_TEST_ZOOKEEPER"]
    chroot, domain = f"/test-{uuid4().hex[:8]}", f"{uuid4().hex}.test"
    async with Origin(SITE, http("hello")) as origin:
        config = FetchersConfig(rate_limit=RateLimits(1000.0, 1000), network=Network(resolve={"*.test": origin.target}))
        cluster = ClusterConfig(port=0, zookeeper=zookeeper, chroot=chroot, memcached=(memcached,))
        async with running_member(config, cluster) as one:
            at_start = await asked(memcached)
            assert isinstance(await one.router.perform(ask(f"http://{domain}/a", 20.0)), Response)
            after_first = await asked(memcached)
            assert {name: after_first[name] - at_start[name] for name in FIRST} == FIRST
            trips = await coordinator_trips(zookeeper)
            for number in range(URLS):
                assert isinstance(await one.router.perform(ask(f"http://{domain}/{number}")), Response)
            assert await asked(memcached) == after_first
            assert await coordinator_trips(zookeeper) - trips < URLS, "heartbeats of sessions, and nothing per URL"


async def coordinator_trips(address: str) -> int:
    """Packets that ZooKeeper has received (its four-letter word `srvr`)."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"srvr")
    text = (await reader.read()).decode()
    writer.close()
    return int(text.split("Received: ")[1].split()[0])
