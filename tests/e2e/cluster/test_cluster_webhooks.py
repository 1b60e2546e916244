"""Webhooks in a cluster: notices from the broker, deliveries through the fetchers, their state in Cassandra."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from spiderduck.client import WebhookReceiver
from tests.chaos.cluster.supervisor import all_ready
from tests.e2e.cluster.running import RunningCluster, send
from tests.origin import page
from tests.receiver import Answer, Taken

pytestmark = [pytest.mark.e2e, pytest.mark.engine("cassandra", "rabbitmq", "zookeeper", "memcached", "toxiproxy")]


async def made(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    wish = {"url": f"http://hooks.test/{name}", "domains": [f"{name}.test"]}
    answer = await client.post("/v1/webhooks", json=wish)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def until(is_so: Callable[[], bool], seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.05)


def subjects(taken: list[Taken]) -> set[str]:
    return {json.loads(one.body)["subject"] for one in taken}


async def test_a_webhook_is_told_and_what_fails_is_tried_again(cluster: RunningCluster) -> None:
    cluster.origin.default = page("Any")
    failures = iter([500, 302])
    cluster.receiver.answers["/plain"] = lambda _: Answer(next(failures, 204), b"")
    urls = {f"http://plain.test/{number}" for number in range(10)}
    async with cluster.client() as client:
        webhook = await made(client, "plain")
        await send(client, *({"urls": [url]} for url in urls), {"urls": ["http://other.test/"]})
        await until(lambda: subjects(cluster.receiver.at("/plain")) == urls)
        await until(lambda: len(cluster.receiver.at("/plain")) == 12)
        for taken in cluster.receiver.at("/plain"):
            for key in (webhook["secret"], *webhook["public_keys"]):
                assert WebhookReceiver(key).read(taken.body, taken.headers).id == taken.id
        async with asyncio.timeout(10):
            while True:
                log = (await client.get(f"/v1/webhooks/{webhook['id']}/deliveries")).json()["deliveries"]
                if [one["status"] for one in log] == ["delivered"] * 10:
                    break
                await asyncio.sleep(0.1)
        assert sorted(len(one["attempts"]) for one in log) == [1] * 8 + [2] * 2
        (await client.delete(f"/v1/webhooks/{webhook['id']}")).raise_for_status()
        left = [one["name"] for one in (await client.get("/v1/queues")).json()["queues"]]
        assert [name for name in left if "webhook" in name] == []


@pytest.mark.chaos
async def test_a_killed_process_loses_nothing(cluster: RunningCluster) -> None:
    """While the receiver fails, and with a rotation between: another process takes over when the lease has ended."""
    cluster.origin.default = page("Any")
    up = asyncio.Event()
    cluster.receiver.answers["/kill"] = lambda _: Answer(200 if up.is_set() else 500)
    urls = {f"http://kill.test/{number}" for number in range(60)}
    async with cluster.client() as client:
        webhook = await made(client, "kill")
        await send(client, *({"urls": [url]} for url in urls))
        await until(lambda: len(cluster.receiver.at("/kill")) > 5)
        turned = (await client.post(f"/v1/webhooks/{webhook['id']}/rotate", json={"old_valid_s": 600})).json()
    cluster.processes["api-1"].kill()
    cluster.processes["api-1"].start()
    await all_ready([cluster.processes["api-1"]])
    before = len(cluster.receiver.requests)
    up.set()
    await until(lambda: subjects(cluster.receiver.requests[before:]) >= urls, 120.0)
    for taken in cluster.receiver.at("/kill"):
        receiver = WebhookReceiver(webhook["secret"], turned["secret"], tolerance=600)
        assert receiver.verify(taken.body, taken.headers) == taken.id
    async with cluster.client() as client:
        (await client.delete(f"/v1/webhooks/{webhook['id']}")).raise_for_status()
