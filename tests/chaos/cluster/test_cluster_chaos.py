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

from tests.chaos.cluster.cluster import ENGINES, Cluster, made_cluster
from tests.chaos.cluster.conductor import Conductor
from tests.chaos.cluster.evidence import endings, listening, versions
from tests.chaos.cluster.judging import Gathered, wrong
from tests.chaos.cluster.plan import make_plan
from tests.chaos.cluster.sender import IdTaker, Sender
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.supervisor import all_ready
from tests.integration.cluster.brokers import emptied_broker

SEED = int(os.environ.get("SPIDERDUCK_CHAOS_SEED", "20261123"))


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
        print(f"{len(notices)} notices, {len(ids.taken)} ids taken; the site was late by {site.latest:.3f} s at most")
        assert wrong(cluster, site, sender, ids, Gathered(form.events, records, stored, notices)) == {}
    emptied_broker(cluster.broker, "audit")


async def stop_all(cluster: Cluster) -> None:
    """SIGTERM to each; who does not go in time is noted."""
    await asyncio.gather(*(process.stop() for process in cluster.processes.values()))
