"""Overload: ten times of what the cluster can do for a minute, and twenty-five times for two seconds, open loop.

Memory stays, nothing that was accepted is lost, and afterwards it is as quick as before. `SPIDERDUCK_CHAOS_SECONDS`
makes the minute shorter.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.chaos.cluster import verdict
from tests.chaos.cluster.cluster import ENGINES, Cluster, Form, made_cluster
from tests.chaos.cluster.evidence import Listener, endings, listening
from tests.chaos.cluster.offering import Offering
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.supervisor import all_ready
from tests.integration.cluster.brokers import emptied_broker

SECONDS = float(os.environ.get("SPIDERDUCK_CHAOS_SECONDS", "60"))
WARM_EVENTS, WARM_PER_SECOND = 10_000, 2_000.0
"""Each fetcher keeps connections to 500 hosts and what it knows of them; after 10,000 requests it grows no more."""
PROBES_PER_SECOND, PROBE_SECONDS = 5.0, 10.0
GROWTH = 1.2
SLOWER, SLOWER_SECONDS = 2.0, 0.5

pytestmark = [pytest.mark.chaos, pytest.mark.engine(*ENGINES), pytest.mark.timeout(3600)]


async def test_ten_and_twenty_five_times_the_load(tmp_path: Path) -> None:
    with Site(500) as site, made_cluster(tmp_path, site, Form(per_second=1000.0)) as cluster:
        cluster.start()
        await all_ready(list(cluster.processes.values()))
        offering = Offering(cluster.api.url, site.url, Random(7))
        async with listening(cluster.broker) as listener:
            capacity = await warmed_up(offering, listener)
            before = await probed(offering, listener)
            settled, most = resident(cluster), dict[str, int]()
            watching = asyncio.create_task(watch(cluster, most))
            for times, seconds in ((10, SECONDS), (25, 2.0)):
                await offering.offer(times * capacity, seconds)
                print(f"{times} times {capacity:.0f}/s: {offering.offered} offered, {offering.refused} refused so far")
            await listener.until(len(offering.accepted), 60.0)
            watching.cancel()
            after = await probed(offering, listener)
            print(f"latency before {before:.3f} s, after {after:.3f} s; {len(offering.accepted)} accepted")
            records = await endings(cluster.api.url, list(offering.accepted.values()), 10.0)
            accepted = {event: [url] for event, url in offering.accepted.items()}
            lost = verdict.without_ending(accepted, records) + verdict.not_told(accepted, listener.notices)
        grown = {name: f"{settled[name] >> 20} MB, then {most[name] >> 20} MB" for name in settled}
        print(grown)
        assert lost[:10] == []
        assert {name: grown[name] for name in settled if most[name] > GROWTH * settled[name]} == {}
        assert after <= SLOWER * before + SLOWER_SECONDS
    emptied_broker(cluster.broker, "audit")


async def warmed_up(offering: Offering, listener: Listener) -> float:
    """Events a second that the cluster does when there is always something to do. Twice: the first time is for caches,
    connections and the engines' compilers."""
    loop, done = asyncio.get_running_loop(), 0.0
    for _ in range(2):
        began, heard = loop.time(), len(listener.heard)
        await offering.offer(WARM_PER_SECOND, WARM_EVENTS / WARM_PER_SECOND)
        await listener.until(len(offering.accepted))
        done = (len(listener.heard) - heard) / (loop.time() - began)
    return done


async def probed(offering: Offering, listener: Listener) -> float:
    """The median of seconds from sending an event to hearing of it, at a low rate."""
    known = set(offering.accepted)
    await offering.offer(PROBES_PER_SECOND, PROBE_SECONDS, together=1)
    await listener.until(len(offering.accepted))
    return median(
        [
            listener.heard[event, url] - offering.sent_at[event]
            for event, url in offering.accepted.items()
            if event not in known
        ]
    )


def median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def resident(cluster: Cluster) -> dict[str, int]:
    return {name: process.resident_bytes() for name, process in cluster.processes.items()}


async def watch(cluster: Cluster, most: dict[str, int]) -> None:
    """Keep the largest that each process was."""
    while True:
        for name, size in resident(cluster).items():
            most[name] = max(most.get(name, 0), size)
        await asyncio.sleep(0.5)
