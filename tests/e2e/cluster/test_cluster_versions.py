"""Two versions side by side under load: processes are taken back to the version before, one after the other, and
forward again. `SPIDERDUCK_PREVIOUS` names a checkout of that version; the schema is the newer one's all the time."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.chaos.cluster.supervisor import Supervised
from tests.cluster.machine import PROCESSES
from tests.e2e.cluster.running import RunningCluster, ended
from tests.e2e.cluster.test_cluster_changes import LightLoad, pulled, restarted
from tests.origin import http, page

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.e2e,
    pytest.mark.engine("cassandra", "rabbitmq", "zookeeper", "memcached", "toxiproxy"),
]


def set_version(one: Supervised, previous: Path | None) -> None:
    """For its next start: the checkout at `previous`, where Python looks first then, or this one."""
    kept = {name: value for name, value in one.environment.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    chosen = {} if previous is None else {"PYTHONPATH": str(previous), "PYTHONSAFEPATH": "1"}
    one.environment = {**kept, **chosen}


@pytest.mark.timeout(900)
async def test_the_version_before_works_beside_this_one(cluster: RunningCluster) -> None:
    """Back and forward, nothing is lost or told with two ids, and each process ends as it should."""
    if not (named := os.environ.get("SPIDERDUCK_PREVIOUS")):
        pytest.skip("SPIDERDUCK_PREVIOUS names no checkout of the version before")
    cluster.origin.default = page("Any")
    cluster.origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    load = LightLoad(cluster)
    async with cluster.client() as client:
        (await client.put("/v1/queues/versions")).raise_for_status()
    loading = asyncio.create_task(load.run())
    for previous in (Path(named), None):
        for name in PROCESSES:
            set_version(cluster.processes[name], previous)
            await restarted(cluster.processes[name])
    load.stop()
    await loading
    assert [said for one in cluster.processes.values() for said in one.misbehaved] == []
    urls = list(load.accepted.values())
    async with cluster.client() as client:
        records = await ended(client, *urls, seconds=120.0)
        notices = await pulled(client, "versions", set(load.accepted))
    assert Counter(one["status"] for one in records) == {"fetched": len(urls)}
    ids = {one["event_id"]: one["id"] for one in notices}
    assert all(one["id"] == ids[one["event_id"]] for one in notices)
    async with httpx.AsyncClient(trust_env=False) as client:
        for one in cluster.processes.values():
            assert (await client.get(f"{one.url}/readyz")).status_code == 200, one.name
