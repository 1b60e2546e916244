"""What reaches beyond one process: a takedown, which every process has to follow, and a webhook, which one of the API
processes has to deliver through a fetcher."""

import asyncio
import gzip
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from spiderduck.client import WebhookReceiver
from tests.e2e.cluster.running import RunningCluster, ended, send, streaming
from tests.e2e.cluster.test_cluster_flow import archived
from tests.origin import http, page, redirect
from tests.unit.imagepipe.pictures import encode, photo

pytestmark = [pytest.mark.e2e, pytest.mark.engine("cassandra", "rabbitmq", "zookeeper", "memcached", "toxiproxy")]

SECRET = "Schusterjunge"
URL, SHORT, OTHER = "http://gone.test/secret", "http://brief.test/s", "http://gone.test/harmless"
PICTURE = "http://shown.test/secret.png"
HEAD = f'<meta property="og:image" content="{PICTURE}">'
SECONDS = 60.0
"""Promised are a few; the machine may be busy."""


async def until(is_so: Callable[[], Awaitable[bool]], what: str) -> None:
    over = time.monotonic() + SECONDS
    while not await is_so():
        assert time.monotonic() < over, what
        await asyncio.sleep(0.1)


def kept(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below, and what the archive's files hold."""
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            yield file, gzip.decompress(content) if file.suffix == ".gz" else content


async def test_a_takedown_is_followed_by_every_process(cluster: RunningCluster) -> None:
    """Taken down at one API process: look-ups, cards, pages, content and pictures are gone at both and at the image
    process, in the archive, and from the stream; what is shared later is not fetched, also after a restart."""
    cluster.origin.answers |= {
        "gone.test/secret": page(SECRET, HEAD),
        "gone.test/harmless": page("Harmless"),
        "brief.test/s": redirect(URL),
        "shown.test/secret.png": http(encode(photo((400, 400)), "PNG"), content_type="image/png"),
    }
    async with (
        cluster.client() as client,
        cluster.client("api-2") as other,
        cluster.client("images-1") as images,
        streaming(other, domain="gone.test") as stream,
    ):
        await send(client, {"urls": [URL, SHORT, OTHER]})
        record, _, harmless = await ended(client, URL, SHORT, OTHER)
        await archived(client, f"/v1/pages/{record['page_id']}/content", page(SECRET, HEAD).partition(b"\r\n\r\n")[2])
        shown = (await client.get("/v1/unfurl", params={"url": URL})).json()["image"]["proxied_url"]
        picture = shown.removeprefix(cluster.installation.url("api-1"))
        await until(lambda: is_status(images, picture, 200), "the picture is shown")
        assert any(file.suffix == ".gz" and SECRET.encode() in held for file, held in kept(cluster.installation.folder))

        taken = await client.post("/v1/takedowns", json={"url": SHORT, "reason": "a court said so"})
        assert (taken.status_code, set(taken.json()["urls"])) == (200, {URL, SHORT}), taken.text
        assert await says_blocked(client, URL), "at once, where it was taken down"

        await until(lambda: says_blocked(other, URL), "the other API process follows")
        await until(lambda: is_status(images, picture, 403), "the image process follows")
        await until(lambda: is_erased(client), "the schedulers erase it from the archive")
        for api in (client, other):
            for url in (URL, SHORT):
                await until(partial(says_blocked, api, url), f"{url} is blocked everywhere")
            for call in ("", "/history", "/content", "/text"):
                assert (await api.get(f"/v1/pages/{record['page_id']}{call}")).status_code == 404
            assert (await api.post("/v1/fetch", json={"url": URL})).status_code == 403
            assert (await api.get("/v1/urls", params={"url": OTHER})).json()["page_id"] == harmless["page_id"]
        left = [file for file, content in kept(cluster.installation.folder) if SECRET.encode() in content]
        assert left == []

        asked = len(cluster.origin.asked("gone.test", "/secret"))
        await send(other, {"id": "later", "urls": [URL, SHORT]})
        assert {one["status"] for one in await ended(other, URL, SHORT)} == {"blocked_domain"}
        await until(lambda: judged(stream.notices), "subscribers are told")
        assert len(cluster.origin.asked("gone.test", "/secret")) == asked, "it stays away"


async def is_status(client: httpx.AsyncClient, path: str, status: int) -> bool:
    return (await client.get(path)).status_code == status


async def says_blocked(client: httpx.AsyncClient, url: str) -> bool:
    record = (await client.get("/v1/urls", params={"url": url})).json()
    card = (await client.get("/v1/unfurl", params={"url": url})).json()
    told = (record["status"], record.get("reason_code"), card["verdict"]["verdict"], "title" in card, "image" in card)
    return told == ("blocked_domain", "taken_down", "block", False, False) and "page_id" not in record


async def is_erased(client: httpx.AsyncClient) -> bool:
    found = (await client.get("/v1/takedowns")).json()["takedowns"]
    return bool(found[0].get("removed_at") and found[0].get("erased_at"))


async def judged(notices: list[dict[str, object]]) -> bool:
    return any(one["type"] == "spiderduck.url.judged" and one["subject"] == URL for one in notices)


async def test_a_webhook_is_delivered_once_through_a_fetcher(cluster: RunningCluster) -> None:
    """Made at one API process and known at the other; the receiver gets each notice once, signed, from whichever."""
    cluster.origin.answers["told.test/1"] = page("Told")
    async with cluster.client() as client, cluster.client("api-2") as other:
        answer = await client.post("/v1/webhooks", json={"url": "http://hooks.test/told", "domains": ["told.test"]})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        path = f"/v1/webhooks/{made['id']}/deliveries"
        await send(other, {"id": "hooked", "urls": ["http://told.test/1"]})
        await ended(other, "http://told.test/1")
        await until(lambda: has_taken(cluster), "it is delivered")
        await until(lambda: is_logged(other, path), "the log knows")
        log = (await client.get(path)).json()["deliveries"]
        assert (await client.delete(f"/v1/webhooks/{made['id']}")).status_code == 204
    requests = cluster.receiver.at("/told")
    assert [(one["status"], len(one["attempts"])) for one in log] == [("delivered", 1)]
    assert [one.id for one in requests] == [log[0]["id"]]
    notice = WebhookReceiver(made["secret"]).read(requests[0].body, requests[0].headers)
    assert (notice.id, json.loads(requests[0].body)["subject"]) == (requests[0].id, "http://told.test/1")


async def has_taken(cluster: RunningCluster) -> bool:
    return bool(cluster.receiver.at("/told"))


async def is_logged(client: httpx.AsyncClient, path: str) -> bool:
    return any(one["status"] == "delivered" for one in (await client.get(path)).json()["deliveries"])
