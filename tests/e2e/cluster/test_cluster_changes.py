"""A year in the life of a cluster: every process is restarted, every engine is away for a while; nothing is lost."""

import asyncio
import time
from collections import Counter

import httpx
import pytest

from tests.chaos.cluster.supervisor import Supervised
from tests.cluster.machine import PROCESSES
from tests.e2e.cluster.running import RunningCluster, ended, send, streaming
from tests.origin import http, page

pytestmark = [pytest.mark.e2e, pytest.mark.engine("cassandra", "rabbitmq", "zookeeper", "memcached", "toxiproxy")]

HOSTS = 20
PAUSE_SECONDS = 0.1
BATCH = 3
MOST = 900
"""On a machine so busy that the restarts take minutes."""


class LightLoad:
    """Thirty events a second, one URL each; what was not accepted is sent again, as a sender does."""

    def __init__(self, cluster: RunningCluster) -> None:
        self._cluster = cluster
        self._over = asyncio.Event()
        self.accepted: dict[str, str] = {}

    async def run(self) -> None:
        number = 0
        async with self._cluster.client() as client:
            while not self._over.is_set() and number < MOST:
                urls = {
                    f"load-{one}": f"http://host{one % HOSTS}.test/at-{one}" for one in range(number, number + BATCH)
                }
                try:
                    answer = await client.post(
                        "/v1/events", json=[{"id": name, "urls": [url]} for name, url in urls.items()]
                    )
                except httpx.TransportError:
                    answer = None
                if answer is not None and answer.status_code == 202:
                    self.accepted |= urls
                    number += BATCH
                await asyncio.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        self._over.set()


async def restarted(one: Supervised) -> None:
    """As a rolling update does it: told to end, started again, waited for."""
    assert await one.stop() == 0, one.tail()
    one.start()
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        await one.ready(client)


@pytest.mark.timeout(300)
async def test_a_rolling_restart_of_every_process_loses_nothing(cluster: RunningCluster) -> None:
    """Under light load. Each ends within ten seconds of SIGTERM with exit code 0; every event accepted is fetched once
    and told of, and a repeated notice carries the same id."""
    cluster.origin.default = page("Any")
    cluster.origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    load = LightLoad(cluster)
    async with cluster.client() as client:
        (await client.put("/v1/queues/audit")).raise_for_status()
    loading = asyncio.create_task(load.run())
    for name in PROCESSES:
        await restarted(cluster.processes[name])
    load.stop()
    await loading
    assert len(load.accepted) > 10 * BATCH
    assert [said for one in cluster.processes.values() for said in one.misbehaved] == []
    urls = list(load.accepted.values())
    async with cluster.client() as client:
        records = await ended(client, *urls)
        notices = await pulled(client, "audit", set(load.accepted))
        histories = [
            (await client.get(f"/v1/pages/{one['page_id']}/history")).json()["versions"] for one in records[::10]
        ]
    assert Counter(one["status"] for one in records) == {"fetched": len(urls)}
    ids = {one["event_id"]: one["id"] for one in notices}
    assert all(one["id"] == ids[one["event_id"]] for one in notices)
    assert [len(one) for one in histories] == [1] * len(histories)


async def pulled(client: httpx.AsyncClient, queue: str, events: set[str]) -> list[dict[str, str]]:
    """From the durable queue until each of the events was told of."""
    notices: list[dict[str, str]] = []
    over = time.monotonic() + 60
    while events - {one["event_id"] for one in notices}:
        assert time.monotonic() < over, events - {one["event_id"] for one in notices}
        got = (await client.get(f"/v1/queues/{queue}", params={"most": 500, "wait_ms": 1000})).json()
        notices += [one for one in got["notices"] if one["type"].endswith("processed")]
        if got["position"] is not None:
            await client.post(f"/v1/queues/{queue}/ack", json={"position": got["position"]})
    return notices


async def test_a_broker_that_is_away_is_named_and_waited_for(cluster: RunningCluster) -> None:
    """Schedulers and API say so; the API refuses events with a time to come again; then everything works as before."""
    await cluster.until_missing("api-1")
    cluster.links["rabbitmq"].cut()
    try:
        await cluster.until_missing("api-1", "broker", "notices")
        await cluster.until_missing("scheduler-1", "broker", "events")
        async with cluster.client() as client:
            refused = await client.post("/v1/events", json={"urls": ["http://broker.test/a"]})
            assert refused.status_code == 503, refused.text
            assert "retry-after" in refused.headers
            for path in ("/v1/queues/another", "/v1/dead", "/v1/stream"):
                assert (await client.get(path)).status_code == 503, path
            assert (await client.get("/metrics")).status_code == 200
        assert await cluster.missing("fetcher-1") == {}
    finally:
        cluster.links["rabbitmq"].restore()
    await works_again(cluster, "broker")


async def test_a_store_that_is_away_is_named_and_waited_for(cluster: RunningCluster) -> None:
    """Also by a process that nobody asks for anything; look-ups answer 503; events are taken in, also with a key that
    makes a repeat safe; the flow goes on by itself and works on them."""
    cluster.origin.default = page("Any")
    await cluster.until_missing("api-1")
    cluster.links["cassandra"].cut()
    try:
        await cluster.until_missing("api-1", "cassandra")
        await cluster.until_missing("scheduler-2", "cassandra")
        async with cluster.client() as client:
            refused = await client.get("/v1/urls", params={"url": "http://news.test/a"})
            assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
            shared = await client.post(
                "/v1/events", json={"urls": ["http://away.test/a"]}, headers={"Idempotency-Key": "while it was away"}
            )
            assert shared.status_code == 202, shared.text
    finally:
        cluster.links["cassandra"].restore()
    await works_again(cluster, "store")
    async with cluster.client() as client:
        assert [one["status"] for one in await ended(client, "http://away.test/a")] == ["fetched"]


async def test_a_coordinator_that_is_away_is_named_and_waited_for(cluster: RunningCluster) -> None:
    """By the fetchers, who take no new turns meanwhile."""
    await cluster.until_missing("fetcher-1")
    cluster.links["zookeeper"].cut()
    try:
        said = await cluster.until_missing("fetcher-1", "zookeeper")
        assert "zookeeper" in said
    finally:
        cluster.links["zookeeper"].restore()
    await works_again(cluster, "coordinator")


async def works_again(cluster: RunningCluster, what: str) -> None:
    """Without a restart of ours."""
    for name in PROCESSES:
        await cluster.until_missing(name, seconds=30.0)
    cluster.origin.default = page("Any")
    url = f"http://after-{what}.test/a"
    async with cluster.client() as client, streaming(client, domain=f"after-{what}.test") as stream:
        await send(client, {"urls": [url]})
        (record,) = await ended(client, url)
        assert record["status"] == "fetched", record
        await stream.until(1)


async def test_a_start_waits_for_its_engines_and_says_so(cluster: RunningCluster) -> None:
    """One line, however long it takes; told to end meanwhile, it ends well."""
    one = cluster.processes["scheduler-1"]
    assert await one.stop() == 0
    cluster.links["rabbitmq"].cut()
    try:
        before = len(one.log.read_text(encoding="utf-8"))
        one.start()
        line = await said(one, before, "waiting for the broker")
        assert str(cluster.links["rabbitmq"].port) in line
        assert await one.stop() == 0, one.tail()
    finally:
        cluster.links["rabbitmq"].restore()
        one.start()
    await cluster_ready(one)


@pytest.mark.timeout(90)
async def test_told_to_end_while_every_engine_is_away_they_end(cluster: RunningCluster) -> None:
    """Within ten seconds and with exit code 0; what they held is there again afterwards."""
    url = "http://dark.test/a"
    cluster.origin.default = page("Any")
    async with cluster.client() as client:
        await send(client, {"urls": [url]})
    for link in cluster.links.values():
        link.cut()
    stopping = list(cluster.processes.values())
    try:
        codes = await asyncio.gather(*(one.stop() for one in stopping))
    finally:
        for link in cluster.links.values():
            link.restore()
        for one in stopping:
            one.start()
    assert dict(zip(cluster.processes, codes, strict=True)) == dict.fromkeys(cluster.processes, 0)
    assert [said for one in stopping for said in one.misbehaved] == []
    for one in stopping:
        await cluster_ready(one)
    async with cluster.client() as client:
        (record,) = await ended(client, url)
    assert record["status"] == "fetched"


async def said(one: Supervised, before: int, words: str) -> str:
    over = time.monotonic() + 60
    while True:
        lines = one.log.read_text(encoding="utf-8")[before:].splitlines()
        if found := [line for line in lines if words in line]:
            assert len(found) == 1
            return found[0]
        assert time.monotonic() < over, lines
        await asyncio.sleep(0.1)


async def cluster_ready(one: Supervised) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        await one.ready(client)
