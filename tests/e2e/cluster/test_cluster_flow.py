"""The main job through every process of a cluster: an event goes in at the API, a notice comes out of the broker."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kombu
import pytest

from tests.cluster.machine import PROCESSES, migrate
from tests.e2e.cluster.running import RunningCluster, ended, send, streaming
from tests.e2e.test_flow import picture
from tests.origin import page, redirect
from tests.unit.helm.monitoring import EMBEDDED_ONLY, strange

pytestmark = [pytest.mark.e2e, pytest.mark.engine("cassandra", "rabbitmq", "zookeeper", "memcached", "toxiproxy")]

CARD = '<meta property="og:title" content="{0}"><meta property="og:image" content="http://pics.test/{0}.png">'


@contextmanager
def foreign_queue(cluster: RunningCluster) -> Iterator[Any]:
    """A queue of somebody else's service on the fanout exchange, with nothing but kombu."""
    with kombu.Connection(cluster.broker) as connection:
        exchange = kombu.Exchange(f"{cluster.installation.name}.notices", "fanout", durable=True)
        simple = connection.SimpleQueue(kombu.Queue("somebody-else", exchange, exclusive=True))
        try:
            yield simple
        finally:
            simple.close()


async def test_a_second_migration_changes_nothing(cluster: RunningCluster) -> None:
    done = await asyncio.to_thread(migrate, cluster.installation)
    assert (done.returncode, "is up to date" in done.stdout) == (0, True), done.stdout + done.stderr


async def test_a_shared_link_is_understood_stored_archived_and_told(cluster: RunningCluster) -> None:
    """A redirect to another domain, a page with a picture; the record, its content, the notices on both roads."""
    cluster.origin.answers |= {
        "short.test/x": redirect("http://news.test/a"),
        "news.test/a": page("Duck", CARD.format("duck")),
        "pics.test/duck.png": b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n%b"
        % (len(picture()), picture()),
    }
    with foreign_queue(cluster) as subscriber:
        async with cluster.client() as client, streaming(client, domain="short.test,news.test") as stream:
            await send(client, {"id": "one", "text": "look: http://short.test/x !"})
            (record,) = await ended(client, "http://short.test/x")
            assert (record["status"], record["resolved_url"]) == ("fetched", "http://news.test/a")
            await stream.until(2)
            content = f"/v1/pages/{record['page_id']}/content"
            await archived(client, content, page("Duck", CARD.format("duck")).partition(b"\r\n\r\n")[2])
            told = json.loads(await asyncio.to_thread(taken, subscriber))
            (known,) = await ended(client, "http://short.test/x")
    assert [one["outcome"] for one in stream.notices] == ["fetched", "updated"]
    assert (told["event_id"], told["id"]) == ("one", stream.notices[0]["id"])
    assert known["metadata"]["image"]["width"] == 640
    async with cluster.client("images-1") as images:
        answer = await images.get("/images/cards", params={"src": "http://pics.test/duck.png", "w": "100"})
        assert (answer.status_code, answer.headers["content-type"][:6]) == (200, "image/"), answer.text
    assert len(cluster.origin.asked("pics.test")) == 1, "the schedulers handed the bytes over"


def taken(subscriber: Any) -> bytes:
    message = subscriber.get(timeout=10)
    message.ack()
    return bytes(message.body)


async def archived(client: Any, content: str, body: bytes) -> None:
    """503 with the time to come again while its segment is on its way, then the bytes."""
    over = time.monotonic() + 60
    while (answer := await client.get(content)).status_code != 200:
        assert (answer.status_code, answer.json()["code"]) == (503, "not_uploaded_yet"), answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() < over
        await asyncio.sleep(0.2)
    assert answer.content == body


async def test_the_api_reaches_the_fetchers(cluster: RunningCluster) -> None:
    """A direct fetch, a domain's state, and a limit that holds on whichever fetcher owns it."""
    cluster.origin.answers["direct.test/x"] = page("Direct")
    async with cluster.client() as client:
        answer = await client.post("/v1/fetch", json={"url": "http://direct.test/x"})
        assert (answer.status_code, b"Direct" in answer.content) == (200, True), answer.text
        changed = await client.put("/v1/domains/direct.test", json={"per_second": 7.0, "burst": 3})
        assert changed.status_code == 200, changed.text
        over = time.monotonic() + 60
        while (state := (await client.get("/v1/domains/direct.test")).json())["limits"]["per_second"] != 7.0:
            assert time.monotonic() < over, state
            await asyncio.sleep(0.1)


async def test_ids_come_from_the_id_service(cluster: RunningCluster) -> None:
    """Over HTTP; and pages get theirs from its ranges."""
    async with cluster.client("ids-1") as ids, cluster.client() as client:
        lone = (await ids.get("/v1/ids")).json()["id"]
        cluster.origin.answers["ids.test/a"] = page("Ids")
        await send(client, {"urls": ["http://ids.test/a"]})
        (record,) = await ended(client, "http://ids.test/a")
        workers = {(await ids.get(f"/v1/ids/{identity}")).json()["worker_id"] for identity in (lone, record["page_id"])}
    assert len(workers) == 1


@pytest.mark.parametrize("process", PROCESSES)
async def test_every_process_tells_of_itself(cluster: RunningCluster, process: str) -> None:
    """Health and readiness without a key, metrics with one; a fetcher, which knows no keys, tells its own."""
    async with cluster.client(process) as client:
        key = client.headers.pop("authorization")
        assert (await client.get("/healthz")).text == "ok"
        assert (await client.get("/readyz")).status_code == 200
        if "fetcher" not in process:
            assert (await client.get("/metrics")).status_code == 401
        metrics = (await client.get("/metrics", headers={"authorization": key})).text
    assert metrics.startswith("# HELP ")


async def test_alerts_and_dashboards_ask_for_figures_that_a_cluster_tells(cluster: RunningCluster) -> None:
    """Each name and label in them, but for those of the embedded store, in what all processes tell together."""
    told = []
    for process in PROCESSES:
        async with cluster.client(process) as client:
            told.append((await client.get("/metrics")).text)
    assert strange(told, EMBEDDED_ONLY) == []


@pytest.mark.parametrize(
    ("process", "path"),
    [("api-1", "/v1/urls?url=http://news.test/a"), ("ids-1", "/v1/ids"), ("fetcher-1", "/v1/owners")],
)
async def test_a_call_without_a_key_is_refused(cluster: RunningCluster, process: str, path: str) -> None:
    async with cluster.client(process) as client:
        client.headers.pop("authorization")
        assert (await client.get(path)).status_code == 401
