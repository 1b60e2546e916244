"""Twenty domains get two to ten times what their limit allows, a thousand others get one URL each: the others must not
notice.

Open loop, for a minute; `SPIDERDUCK_CHAOS_SECONDS` makes it shorter. A URL waits for its turn on the broker, not in a
place: so the events queue stays short, and whoever was put off comes back for a turn of its own. For a machine of which
nobody else wants anything: two cores are just enough for the six processes, the engines and the site.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from tests.chaos.cluster.cluster import BURST, ENGINES, RATE, Cluster, Form, made_cluster
from tests.chaos.cluster.evidence import Listener, listening
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.supervisor import Supervised, all_ready
from tests.integration.cluster.brokers import emptied_broker

SECONDS = float(os.environ.get("SPIDERDUCK_CHAOS_SECONDS", "60"))
BUSY, RARE = 20, 1000
BUSY_PER_SECOND = 10.0
"""URLs of each busy domain."""
TICK = 0.1
DRAIN_SECONDS = 10.0
P50, P99 = 0.5, 2.5
"""Seconds from sending to hearing, for the rare domains. Everything shares two cores, hence the median is not 0.1."""

pytestmark = [pytest.mark.chaos, pytest.mark.engine(*ENGINES), pytest.mark.timeout(900)]


@dataclass
class Sharing:
    """What was sent: event id → URL, and when, on the loop's clock."""

    api: str
    sent: dict[str, tuple[str, float]] = field(default_factory=dict)
    refused: int = 0

    async def run(self, seconds: float) -> None:
        """One request every tick: a URL of half the busy domains or so, and whichever rare ones are due."""
        loop = asyncio.get_running_loop()
        began, ticks, rare = loop.time(), int(seconds / TICK), 0
        async with (
            httpx.AsyncClient(base_url=self.api, trust_env=False, timeout=60) as client,
            asyncio.TaskGroup() as group,
        ):
            for tick in range(ticks):
                await asyncio.sleep(began + tick * TICK - loop.time())
                urls = [f"http://h{domain}.test/p/{tick}" for domain in range(BUSY)] * round(BUSY_PER_SECOND * TICK)
                while rare < RARE * (tick + 1) / ticks:
                    urls.append(f"http://h{BUSY + rare}.test/p/rare")
                    rare += 1
                group.create_task(self._send(client, urls))

    async def _send(self, client: httpx.AsyncClient, urls: Sequence[str]) -> None:
        now = asyncio.get_running_loop().time()
        events = {f"event:{url}": url for url in urls}
        answer = await client.post("/v1/events", json=[{"id": name, "urls": [url]} for name, url in events.items()])
        if answer.status_code == 202:
            self.sent |= {name: (url, now) for name, url in events.items()}
        else:
            self.refused += len(events)


async def test_rare_domains_do_not_wait_for_busy_ones(tmp_path: Path) -> None:
    with Site(BUSY + RARE) as site, made_cluster(tmp_path, site, Form(schedulers=2, direct=True)) as cluster:
        whole = {"SPIDERDUCK_FETCHERS__RATE_LIMIT__ADDRESS_PER_SECOND": "100000"}
        whole["SPIDERDUCK_FETCHERS__RATE_LIMIT__ADDRESS_BURST"] = "100000"  # all these names are one loopback address
        processes = {
            name: replace(one, environment={**one.environment, **whole}) for name, one in cluster.processes.items()
        }
        cluster = Cluster(processes, cluster.links, cluster.broker, cluster.keyspace)
        try:
            cluster.start()
            await all_ready(list(cluster.processes.values()))
            sharing = Sharing(cluster.api.url)
            async with listening(cluster.broker) as listener:
                began = asyncio.get_running_loop().time()
                await sharing.run(SECONDS)
                await asyncio.sleep(DRAIN_SECONDS)
                over = asyncio.get_running_loop().time()
                rare, missing = waits(sharing, listener, "/p/rare")
                told = len(listener.heard)
                print(f"notices a second: {told / (over - began):.0f}; refused: {sharing.refused}")
                print(
                    f"rare: p50 {rare[len(rare) // 2]:.2f} s, p99 {rare[len(rare) * 99 // 100]:.2f} s, "
                    f"longest {rare[-1]:.2f} s, {missing} of {RARE} not seen"
                )
                print({name: f"{process.resident_bytes() >> 20} MB" for name, process in processes.items()})
                print({name: f"{cpu_seconds(process):.0f} s CPU" for name, process in processes.items()})
                print(await lengths(cluster.api.url))
        finally:
            for process in processes.values():
                process.kill()
    faster = impolite(site)
    emptied_broker(cluster.broker, "audit")
    assert sharing.refused == missing == 0
    assert rare[len(rare) // 2] <= P50
    assert rare[len(rare) * 99 // 100] <= P99
    assert faster == {}
    assert told >= RARE + 0.8 * BUSY * RATE * SECONDS, "the busy ones get what their limit allows"


def cpu_seconds(process: Supervised) -> float:
    """Since its start, the start included."""
    assert process.process is not None
    fields = Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def lengths(api: str) -> list[str]:
    """What lies on the broker at the end."""
    async with httpx.AsyncClient(base_url=api, trust_env=False, timeout=30) as client:
        text = (await client.get("/metrics")).text
    return [line for line in text.splitlines() if line.startswith("spiderduck_messages_")]


def waits(sharing: Sharing, listener: Listener, suffix: str) -> tuple[list[float], int]:
    """Seconds of all URLs that end so, in order, and how many of these nobody was told of."""
    sent = {(name, url): at for name, (url, at) in sharing.sent.items() if url.endswith(suffix)}
    told = sorted(listener.heard[key] - at for key, at in sent.items() if key in listener.heard)
    return told, len(sent) - len(told)


def impolite(site: Site) -> dict[str, float]:
    """Domains that were asked more often than burst + rate × t, and by how much, the site's own lateness forgiven."""
    found = {}
    for host, arrivals in site.arrivals.items():
        tat = worst = 0.0  # the theoretical arrival time of a bucket of that size
        for at in sorted(arrivals):
            worst = max(worst, tat - at - (BURST - 1) / RATE)
            tat = max(tat, at) + 1 / RATE
        if worst > site.latest + 0.05:
            found[host] = worst
    return found
