"""Chaos: processes are killed, frozen and restarted and their links cut while events flow; then everything is counted.

    SPIDERDUCK_CHAOS_SEED=7 SPIDERDUCK_CHAOS_ACTIONS=200 SPIDERDUCK_CHAOS_EVENTS=20000 make chaos

The short form runs with the other tests. The seed is printed, and makes the same plan again.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.cluster import verdict
from tests.chaos.cluster.cluster import BURST, ENGINES, RATE, Cluster, made_cluster
from tests.chaos.cluster.conductor import Conductor
from tests.chaos.cluster.evidence import endings, listening, versions
from tests.chaos.cluster.plan import make_plan
from tests.chaos.cluster.sender import IdTaker, Sender
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.supervisor import all_ready
from tests.integration.cluster.brokers import emptied_broker

SEED = int(os.environ.get("SPIDERDUCK_CHAOS_SEED", "20261123"))
JITTER_SECONDS = 0.1
"""What loopback and a busy machine add between a write there and its arrival here, besides what the site measured."""


ALLOWED = ("ids-1 ended by itself with exit code 7",)
"""Whoever was silent for longer than its session lasts has lost its worker id, and is started anew for another."""


@dataclass(frozen=True)
class Form:
    """How much of it."""

    events: int
    actions: int
    hosts: int


SHORT = Form(1_000, 10, 100)
LONG = Form(
    int(os.environ.get("SPIDERDUCK_CHAOS_EVENTS", "20000")), int(os.environ.get("SPIDERDUCK_CHAOS_ACTIONS", "200")), 500
)


@pytest.mark.engine(*ENGINES)
@pytest.mark.parametrize(
    "form",
    [
        pytest.param(SHORT, id="short", marks=[pytest.mark.chaos, pytest.mark.timeout(300)]),
        pytest.param(LONG, id="long", marks=[pytest.mark.chaos, pytest.mark.timeout(3600)]),
    ],
)
async def test_nothing_is_lost_or_doubled_whatever_is_killed_frozen_or_cut(form: Form, tmp_path: Path) -> None:
    with Site(form.hosts) as site, made_cluster(tmp_path, site) as cluster:
        plan = make_plan(SEED, form.actions, list(cluster.processes), list(cluster.links))
        print(f"seed {SEED}: {form.actions} actions in {plan[-1].until:.0f} s, {form.events} events")
        cluster.start()
        await all_ready(list(cluster.processes.values()))
        sender = Sender(cluster.api.url, lambda number: [site.url(number)])
        ids = IdTaker(cluster.processes["ids-1"].url)
        async with listening(cluster.broker) as listener:
            began = time.monotonic()
            conductor = Conductor(cluster.processes, cluster.links, print)
            beside = [asyncio.create_task(ids.run()), asyncio.create_task(conductor.keep())]
            async with asyncio.TaskGroup() as group:
                group.create_task(sender.send(form.events, plan[-1].at))
                group.create_task(conductor.conduct(plan))
            calm = time.monotonic()
            print(f"calm after {calm - began:.0f} s; repeated because of {sender.repeats}")
            records = await endings(cluster.api.url, [site.url(number) for number in range(form.events)])
            print(f"all ended {time.monotonic() - calm:.0f} s later; {sum(map(len, site.arrivals.values()))} requests")
            await listener.until(form.events)
            stored = await versions(cluster.api.url, records)
            for task in beside:
                task.cancel()
            notices = listener.notices
        await stop_all(cluster)
        jitter = JITTER_SECONDS + site.latest
        print(f"{len(notices)} notices, {len(ids.taken)} ids taken; the site was late by {site.latest:.3f} s at most")
        wanted = {site.url(number): site.wanted(number) for number in range(form.events)}
        windows = {host: verdict.too_many(times, RATE, BURST, jitter) for host, times in site.arrivals.items()}
        found = {
            "without an ending": verdict.without_ending(sender.accepted, records),
            "ended otherwise": verdict.with_ending_other_than(wanted, records),
            "stored twice": verdict.stored_more_than_once(stored),
            "not told": verdict.not_told(sender.accepted, notices),
            "impolite": [f"{host}: {window}" for host, window in windows.items() if window],
            "ids given twice": verdict.given_twice([*ids.taken, *(one for pages in stored.values() for one in pages)]),
            "misbehaved": [
                line for process in cluster.processes.values() for line in process.misbehaved if line not in ALLOWED
            ],
        }
        assert len(sender.accepted) == form.events
        assert {name: (len(lines), lines[:10]) for name, lines in found.items() if lines} == {}
    emptied_broker(cluster.broker, "audit")


async def stop_all(cluster: Cluster) -> None:
    """SIGTERM to each; who does not go in time is noted."""
    await asyncio.gather(*(process.stop() for process in cluster.processes.values()))
