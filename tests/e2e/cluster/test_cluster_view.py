"""`GET /v1/cluster` and `spiderduck cluster` on a running cluster: every process, and one that was killed."""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.chaos.cluster.supervisor import all_ready
from tests.cluster.machine import PROCESSES
from tests.e2e.cluster.running import KEY, RunningCluster

pytestmark = [pytest.mark.e2e, pytest.mark.engine("cassandra", "rabbitmq", "zookeeper", "memcached", "toxiproxy")]

SECONDS = 90.0
"""Promised are 15 for a scheduler."""


async def seen(cluster: RunningCluster, silent: set[str]) -> dict[str, Any]:
    """The view of the second API process, once so many parts are there and exactly these are silent."""
    over = time.monotonic() + SECONDS
    async with cluster.client("api-2") as client:
        while True:
            answer = await client.get("/v1/cluster")
            assert answer.status_code == 200, answer.text
            found = dict(answer.json())
            live = [one for one in found["processes"] if one["state"] == "running"]
            if set(found["silent"]) == silent and len(live) + len(silent) == len(PROCESSES):
                return found
            assert time.monotonic() < over, found
            await asyncio.sleep(0.5)


def on_port(cluster: RunningCluster, process: str, found: dict[str, Any]) -> dict[str, Any]:
    port = f":{cluster.installation.ports[process]}"
    (one,) = [one for one in found["processes"] if one["name"].endswith(port)]
    return dict(one)


def shown(cluster: RunningCluster, *more: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "spiderduck", "cluster", "--server", cluster.installation.url("api-1"), "--key", KEY]
    return subprocess.run([*line, *more], capture_output=True, text=True, check=False, timeout=120)


async def test_every_process_is_in_one_view(cluster: RunningCluster) -> None:
    """And the command line shows it; a key that may not read does not see it."""
    found = await seen(cluster, set())
    for name, part in PROCESSES.items():
        one = on_port(cluster, name, found)
        assert one["parts"] == [part]
        assert one["uptime_s"] >= 0
        assert one["resident_bytes"] > 1_000_000
        assert one["load"] >= 0
    assert found["versions"] == {found["processes"][0]["version"]: len(PROCESSES)}
    held = [on_port(cluster, name, found)["domains_held"] for name in ("fetcher-1", "fetcher-2")]
    assert sum(held) == 1024
    assert min(held) > 0
    assert on_port(cluster, "ids-1", found)["figures"]["leases_given"] >= 1
    assert on_port(cluster, "scheduler-1", found)["figures"]["ids_in_hand_ms"] > 0
    assert {"ready", "deferred", "dead"} <= set(found["queue"])
    told = await asyncio.to_thread(shown, cluster, "--json")
    assert (told.returncode, len(json.loads(told.stdout)["processes"])) == (0, len(PROCESSES)), told.stderr
    async with cluster.client() as client:
        client.headers.pop("authorization")
        assert (await client.get("/v1/cluster")).status_code == 401
        assert (await client.get("/v1/process")).status_code == 401
    async with cluster.client("fetcher-1") as client:
        client.headers.pop("authorization")
        assert (await client.get("/v1/process")).status_code == 401


@pytest.mark.chaos
async def test_a_process_that_was_killed_is_named(cluster: RunningCluster) -> None:
    """A scheduler, which is on the list, and a fetcher, whose address is known; who comes back is not silent."""
    before = await seen(cluster, set())
    scheduler = on_port(cluster, "scheduler-2", before)["name"]
    fetcher = cluster.installation.url("fetcher-2")
    for name in ("scheduler-2", "fetcher-2"):
        cluster.processes[name].kill()
    try:
        found = await seen(cluster, {scheduler, fetcher})
        assert {one["name"] for one in found["processes"][:2]} == {scheduler, fetcher}, "the silent ones first"
        because = {one["name"]: one["because"] for one in found["processes"] if one["state"] == "silent"}
        assert "it has said nothing for" in because[scheduler]
        assert fetcher.removeprefix("http://") in because[fetcher]
        told = await asyncio.to_thread(shown, cluster)
        assert (told.returncode, "silent" in told.stdout) == (1, True), told.stderr
    finally:
        for name in ("scheduler-2", "fetcher-2"):
            cluster.processes[name].start()
    await all_ready([cluster.processes[name] for name in ("scheduler-2", "fetcher-2")])
    await seen(cluster, set())
