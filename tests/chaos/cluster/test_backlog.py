"""A backlog of a hundred thousand events, or of a million: what it costs in memory, how it drains, and what a link that
is shared meanwhile waits.

    SPIDERDUCK_CHAOS_BACKLOG=1000000 make chaos ARGS=tests/chaos/cluster/test_backlog.py

The backlog is published to the lane of large requests and belongs to some hundred domains at their limit; fresh events
come one by one through the API and belong to others. It is watched for `SPIDERDUCK_CHAOS_SECONDS` as it drains, or
with 0 until the last one has ended.
"""

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from benchmarks.cluster_width import server_of
from groundwork.clock import SystemClock
from schedulers.identity import identity_of
from schedulers.model import Message
from spiderduck.queues.kombu import KombuQueue
from spiderduck.settings.broker import BrokerConfig
from tests.chaos.cluster.cluster import BURST, ENGINES, Cluster, Form, made_cluster, port_of
from tests.chaos.cluster.evidence import Listener, listening
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.supervisor import all_ready, resident_bytes
from tests.integration.cluster.brokers import emptied_broker, opened_publisher

BACKLOG = int(os.environ.get("SPIDERDUCK_CHAOS_BACKLOG", "100000"))
SECONDS = float(os.environ.get("SPIDERDUCK_CHAOS_SECONDS", "60"))
DOMAINS, RATE = 200, 0.25
"""Of the backlog. Together 50 pages a second, which two cores do beside everything else."""
TOGETHER = 1_000
FRESH_PER_SECOND = 2.0
FRESH_P50, FRESH_P99 = 2.0, 10.0
"""Seconds from sending to hearing."""
MOST_GROWTH = 150 << 20
"""Bytes by which a process of ours may grow, whatever the backlog: what is put off lies on the broker."""
OLDER_FIRST = 0.95
"""Of two neighbours in a domain's answers, how many come in the order in which they were shared."""

pytestmark = [pytest.mark.chaos, pytest.mark.engine(*ENGINES), pytest.mark.timeout(14_400)]


@dataclass
class Sharing:
    """`fresh`: event and URL → when it was sent, on the loop's clock."""

    api: aiohttp.ClientSession
    fresh: dict[tuple[str, str], float] = field(default_factory=dict)
    refused: int = 0

    async def keep_fresh(self) -> None:
        """One by one, each on a host of its own, until cancelled."""
        for number in range(1_000_000):
            url = f"http://h{DOMAINS + number}.test/p/fresh"
            self.fresh[f"new-{number}", url] = asyncio.get_running_loop().time()
            await self._post([{"id": f"new-{number}", "urls": [url]}])
            await asyncio.sleep(1 / FRESH_PER_SECOND)

    async def _post(self, events: list[Mapping[str, object]]) -> None:
        while True:
            async with self.api.post("/v1/events", json=events) as answer:
                if answer.status == 202:
                    return
            self.refused += 1
            await asyncio.sleep(0.5)


async def backlog(broker: BrokerConfig) -> None:
    """All of it, oldest first."""
    async with opened_publisher(broker) as (_, publisher):
        queue = KombuQueue(broker, publisher, SystemClock())  # waits for a broker that is slow
        for start in range(0, BACKLOG, TOGETHER):
            numbers = range(start, min(start + TOGETHER, BACKLOG))
            events = {number: json.dumps({"id": f"old-{number}", "urls": [old(number)]}).encode() for number in numbers}
            messages = [Message(body, identity_of("generic", f"old-{number}")) for number, body in events.items()]
            await queue.publish(messages, bulk=True)


def old(number: int) -> str:
    return f"http://h{number % DOMAINS}.test/p/{number}"


async def test_a_backlog_neither_fills_memory_nor_holds_fresh_links_up(tmp_path: Path) -> None:
    limits = {"fetchers__rate_limit__address_per_second": 100_000, "fetchers__rate_limit__address_burst": 100_000}
    form = Form(schedulers=2, per_second=RATE, direct=True, more=limits | {"fetchers__rate_limit__burst": BURST})
    with Site(DOMAINS) as site, made_cluster(tmp_path, site, form) as cluster:
        cluster.start()
        await all_ready(list(cluster.processes.values()))
        async with listening(cluster.broker) as listener, aiohttp.ClientSession(cluster.api.url) as api:
            sharing = Sharing(api)
            fresh = asyncio.create_task(sharing.keep_fresh())
            await asyncio.sleep(5.0)
            before = resident(cluster)
            loop = asyncio.get_running_loop()
            began = loop.time()
            await backlog(cluster.broker)
            accepted, heard = loop.time(), len(listener.heard)
            say(f"{BACKLOG} accepted within {accepted - began:.0f} s")
            told(sharing, listener, began, accepted, "while it comes in")
            height = await watched(cluster, listener, before)
            over = loop.time()
            drained = (len(listener.heard) - heard) / (over - accepted)
            say(f"drains at {drained:.0f} pages a second, fresh ones included; its domains allow {DOMAINS * RATE:.0f}")
            say(f"at that limit all of it takes {BACKLOG / DOMAINS / RATE / 60:.0f} minutes")
            say(f"on the broker: {await lengths(api)}")
            fresh.cancel()
            waits = told(sharing, listener, accepted, over - FRESH_P99, "while it drains")
            say(str({name: f"{before[name] >> 20} MB, then {height[name] >> 20} MB" for name in height}))
            order = older_first(listener)
            say(f"{order:.3f} of a domain's pages come in the order of their age")
    emptied_broker(cluster.broker, "audit")
    ours = {name: height[name] - before[name] for name in cluster.processes}
    assert {name: grown for name, grown in ours.items() if grown > MOST_GROWTH} == {}
    assert waits[len(waits) // 2] <= FRESH_P50
    assert waits[len(waits) * 99 // 100] <= FRESH_P99
    assert order >= OLDER_FIRST


async def watched(cluster: Cluster, listener: Listener, before: Mapping[str, int]) -> dict[str, int]:
    """For so long, or to its end: the largest that each process was."""
    height = dict(before)
    end = asyncio.get_running_loop().time() + SECONDS
    while (asyncio.get_running_loop().time() < end) if SECONDS else not has_all(listener):
        for name, size in resident(cluster).items():
            height[name] = max(height[name], size)
        await asyncio.sleep(1.0)
    return height


def has_all(listener: Listener) -> bool:
    return sum(event.startswith("old-") for event, _ in listener.heard) >= BACKLOG


async def lengths(api: aiohttp.ClientSession) -> dict[str, float]:
    """What lies on the broker, by kind."""
    async with api.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    found = [
        line.partition("spiderduck_messages_")[2].split(" ") for line in lines if line.startswith("spiderduck_mes")
    ]
    return {name: float(value) for name, value in found}


def resident(cluster: Cluster) -> dict[str, int]:
    ours = {name: process.resident_bytes() for name, process in cluster.processes.items()}
    return ours | {name: resident_bytes(server_of(port_of(name))) for name in ("rabbitmq", "cassandra")}


def say(line: str) -> None:
    print(line, flush=True)


def told(sharing: Sharing, listener: Listener, since: float, until: float, when: str) -> list[float]:
    """How long fresh links waited that were sent between; one that nobody was told of counts as waiting still."""
    now = asyncio.get_running_loop().time()
    sent = {key: at for key, at in sharing.fresh.items() if since <= at < until}
    waits = sorted(listener.heard.get(key, now) - at for key, at in sent.items())
    missing = sum(key not in listener.heard for key in sent)
    say(
        f"fresh links {when}: {len(waits)} sent, p50 {waits[len(waits) // 2]:.2f} s, "
        f"p99 {waits[len(waits) * 99 // 100]:.2f} s, longest {waits[-1]:.2f} s, {missing} not told yet"
    )
    return waits


def older_first(listener: Listener) -> float:
    """Of two pages of a domain that end one after the other, how often the older one is first."""
    ends: dict[int, list[int]] = defaultdict(list)
    for (event, _), _ in sorted(listener.heard.items(), key=lambda one: one[1]):
        if event.startswith("old-"):
            number = int(event.removeprefix("old-"))
            ends[number % DOMAINS].append(number)
    pairs = [a < b for numbers in ends.values() for a, b in zip(numbers, numbers[1:], strict=False)]
    return sum(pairs) / max(1, len(pairs))
