"""A takedown on the real process, followed through every store: by the calls, and by what lies in the data folder."""

import asyncio
import gzip
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from tests.e2e.product import Product
from tests.origin import Origin, Request, http, page, redirect
from tests.unit.imagepipe.pictures import encode, photo

pytestmark = pytest.mark.e2e

SECRET = "Zwiebelfisch"
URL, SHORT = "http://news.test/secret", "http://short.test/s"
OTHER, SHORT_HARMLESS = "http://news.test/harmless", "http://short.test/h"
PICTURE, ICON = "http://pictures.test/secret.png", "http://news.test/icon.png"
SETTINGS = {"SPIDERDUCK_ANALYTICS__WRITE": "true", "SPIDERDUCK_ANALYTICS__FLUSH_SECONDS": "0"}
HEAD = f'<meta property="og:image" content="{PICTURE}"><link rel="icon" href="{ICON}">'


def within(seconds: float, is_so: Any) -> None:
    over = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < over
        time.sleep(0.05)


@pytest.fixture(scope="module")
def site() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def shared(site: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A page with a picture and an icon, two versions of it, a short link to it, and another page of its site. The
    tests stand in the order in which they use it."""
    icon = encode(photo((64, 64)), "PNG")
    site.answers |= {
        "news.test/secret": page(SECRET, HEAD),
        "news.test/harmless": page("Harmless", f'<link rel="icon" href="{ICON}">'),
        "news.test/icon.png": http(icon, content_type="image/png"),
        "pictures.test/secret.png": http(encode(photo((400, 400)), "PNG"), content_type="image/png"),
        "short.test/s": redirect(URL),
        "short.test/h": redirect(OTHER),
    }
    with Product(tmp_path_factory.mktemp("takedown") / "data", site.port, SETTINGS) as product:
        for sharer in ("anna", "berta"):
            product.send({"urls": [URL, SHORT, OTHER, SHORT_HARMLESS], "sharer": sharer})
        for url in (URL, SHORT, OTHER, SHORT_HARMLESS):
            within(20, lambda url=url: product.record(url)["status"] == "fetched")
        site.answers["news.test/secret"] = page(f"{SECRET} again", HEAD)
        product.client.get("/v1/unfurl", params={"url": URL, "refresh": "true", "wait_ms": 20_000})
        within(20, lambda: "again" in product.record(URL)["metadata"]["title"])
        within(20, lambda: product.client.get("/images/cards", params={"src": PICTURE, "w": "100"}).status_code == 200)
        product.client.get("/images/cards", params={"src": ICON, "w": "32"})
        within(20, lambda: shares_of(product, URL) == 4 and len(rows(product.data, URL)) >= 5)
        yield product


def shares_of(product: Product, url: str) -> int:
    return int(product.record(url).get("shares", {}).get("total", 0))


def rows(data: Path, word: str) -> list[dict[str, Any]]:
    """Of analytics, those in which a word occurs."""
    found = [row for file in data.rglob("*.parquet") for row in pq.ParquetFile(file).read().to_pylist()]
    return [row for row in found if word in str(row.values())]


def take_down(product: Product, url: str, **more: Any) -> dict[str, Any]:
    answer = product.client.post("/v1/takedowns", json={"url": url, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def command(product: Product, *arguments: str) -> str:
    """`spiderduck takedown …`."""
    line = [sys.executable, "-m", "spiderduck", "takedown", *arguments, "--server", str(product.client.base_url)]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


def members(file: Path) -> Iterator[bytes]:
    """What a WARC file holds, inflated."""
    yield gzip.decompress(file.read_bytes())


def everything(data: Path) -> Iterator[tuple[str, bytes]]:
    for file in data.rglob("*"):
        if file.is_file():
            yield str(file), file.read_bytes()
            if file.suffixes[-2:] == [".warc", ".gz"]:
                yield from ((f"{file} inflated", content) for content in members(file))


def frames(product: Product) -> list[dict[str, Any]]:
    """Every notice of the log, from the beginning."""
    found: list[dict[str, Any]] = []
    with product.client.stream("GET", "/v1/stream", params={"after": "0"}) as stream:
        product.send({"urls": ["http://end.test/"]})
        for line in stream.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
                if found[-1]["subject"] == "http://end.test/":
                    return found
    return found


def test_only_the_url_can_be_taken_down(shared: Product) -> None:
    """And that can be lifted."""
    report = take_down(shared, SHORT_HARMLESS, destination=False, reason="spam")
    assert report["urls"] == [SHORT_HARMLESS]
    assert shared.record(OTHER)["status"] == "fetched"
    assert shared.record(SHORT_HARMLESS)["status"] == "blocked_domain"
    shown = command(shared, "--json")
    assert (json.loads(shown)["url"], json.loads(shown)["reason"]) == (SHORT_HARMLESS, "spam")
    command(shared, SHORT_HARMLESS, "--lift")
    assert shared.client.get("/v1/takedowns").json()["takedowns"] == []
    refused = shared.client.request("DELETE", "/v1/takedowns", params={"url": SHORT_HARMLESS})
    assert refused.status_code == 404
    card = shared.client.get("/v1/unfurl", params={"url": SHORT_HARMLESS, "wait_ms": 20_000}).json()
    assert (card["status"], card["title"]) == ("fetched", "Harmless")
    entries = shared.client.get("/v1/audit").json()["entries"]
    assert [(one["action"], one["subject"]) for one in entries] == [
        ("takedown.lifted", SHORT_HARMLESS),
        ("takedown", SHORT_HARMLESS),
    ]


def test_no_url_is_none_to_take_down(shared: Product) -> None:
    for wrong in ({"url": "no url"}, {"url": ""}, {}, {"url": URL, "reason": "x" * 3_000}, {"url": URL, "extra": 1}):
        assert shared.client.post("/v1/takedowns", json=wrong).status_code == 400


def test_a_takedown_is_followed_through_every_store(site: Origin, shared: Product) -> None:
    client = shared.client
    record = shared.record(URL)
    page_id, shown = record["page_id"], client.get("/v1/unfurl", params={"url": URL}).json()["image"]["proxied_url"]
    first = client.get(f"/v1/pages/{page_id}/history").json()["versions"][-1]["page_id"]
    moment = record["fetched_at"]
    other = shared.record(OTHER)["page_id"]
    assert client.get(shown).status_code == 200

    report = take_down(shared, SHORT, reason="a court said so")

    assert set(report["urls"]) == {URL, SHORT}
    assert (report["pages"], "removed_at" in report, "erased_at" in report) == (2, True, True)
    for url in (URL, SHORT, f"{URL}?utm_source=mail#top"):
        found = shared.record(url)
        assert (found["status"], found["reason_code"]) == ("blocked_domain", "taken_down"), found
        assert found["verdict"]["basis"] == "takedown"
        assert not {"page_id", "metadata", "content", "resolved_url"} & found.keys()
        card = client.get("/v1/unfurl", params={"url": url}).json()
        assert (card["verdict"]["verdict"], "title" in card, "image" in card) == ("block", False, False)
        at = client.get("/v1/urls", params={"url": url, "as_of": moment}).json()
        assert "metadata" not in at
    for gone in (page_id, first):
        for call in ("", "/history", "/content", "/text"):
            assert client.get(f"/v1/pages/{gone}{call}").status_code == 404
    verdicts = client.post("/v1/verdicts", json={"urls": [URL, SHORT, OTHER]}).json()["results"]
    assert [one["verdict"] for one in verdicts] == ["block", "block", "no_match"]
    for refused in (shown, f"/images/cards?src={PICTURE}&w=100", f"/images/cards?src={URL}"):
        assert client.get(refused).status_code == 403
    assert client.get(f"/images/cards?src={ICON}&w=32").status_code == 200, "another page of the site shows it"
    assert client.get(f"/v1/pages/{other}/content").status_code == 200, (
        "the archive's other records are where they were"
    )
    assert [one for one in frames(shared) if SECRET in json.dumps(one)] == []
    judged = [one for one in frames(shared) if one["type"] == "spiderduck.url.judged"]
    assert {one["subject"] for one in judged} == {URL, SHORT, SHORT_HARMLESS}

    assert shares_of(shared, OTHER) == 2, "those of its short link went, when that was taken down"
    asked = len(site.asked("news.test"))
    shared.send({"urls": [URL], "sharer": "clara"})
    shared.send({"urls": [SHORT], "sharer": "clara"})
    client.get("/v1/unfurl", params={"url": URL, "refresh": "true", "wait_ms": 2_000})
    assert shared.record(URL)["status"] == "blocked_domain"
    assert client.post("/v1/fetch", json={"url": URL}).status_code == 403
    assert len(site.asked("news.test")) == asked, "it stays away"

    within(20, lambda: shares_of(shared, "http://end.test/") == 2)
    assert shared.stop() == 0
    for name, content in everything(shared.data):
        assert SECRET.encode() not in content, name
        assert b"secret.png" not in content or name.endswith((".db", "-wal")), name
    assert rows(shared.data, OTHER)
    assert not rows(shared.data, URL), "nor of what was shared since"
    with sqlite3.connect(shared.data / "spiderduck.db") as database:
        kept = database.execute("SELECT key FROM share_links UNION SELECT page FROM share_pages ORDER BY 1").fetchall()
        assert kept == [("http://end.test/",), (OTHER,)]
        assert database.execute("SELECT count(*) FROM share_sharers").fetchone() == (2,)
        assert database.execute("SELECT count(*) FROM redirects").fetchone() == (1,), "the harmless one"
        assert not database.execute("SELECT 1 FROM pages WHERE url = ?", (URL,)).fetchall()


def test_what_is_fetched_at_that_moment_leaves_nothing(site: Origin, shared: Product) -> None:
    """The page itself, or what leads to it: the page named under the other scheme, and behind a short link that was
    never followed."""
    shared.start()
    release = asyncio.Event()

    async def slow(_: Request, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(page("Grubenlampe", HEAD))

    site.answers |= {"slow.test/a": slow, "slow.test/b": slow, "short.test/b": redirect("http://slow.test/b")}
    urls = ("http://slow.test/a", "http://short.test/b")
    shared.send({"urls": list(urls)})
    within(20, lambda: len(site.asked("slow.test")) == 2)
    take_down(shared, "https://slow.test/a")
    take_down(shared, "http://slow.test/b")
    site._loop.call_soon_threadsafe(release.set)
    for record in shared.ended(*urls):
        assert (record["status"], record["reason_code"]) == ("blocked_domain", "taken_down")
        assert (record["verdict"]["verdict"], record["verdict"]["basis"]) == ("block", "takedown")
    assert shared.stop() == 0
    for name, content in everything(shared.data):
        assert b"Grubenlampe" not in content, name


def test_it_stays_away_over_a_restart_until_it_is_lifted(site: Origin, shared: Product) -> None:
    shared.start()
    client = shared.client
    assert client.post("/v1/verdicts", json={"urls": [SHORT]}).json()["results"][0]["verdict"] == "block"
    assert client.get("/images/cards", params={"src": PICTURE, "w": "100"}).status_code == 403
    assert client.request("DELETE", "/v1/takedowns", params={"url": SHORT}).status_code == 204
    card = client.get("/v1/unfurl", params={"url": URL, "wait_ms": 20_000}).json()
    assert (card["status"], card["title"]) == ("fetched", f"{SECRET} again")
