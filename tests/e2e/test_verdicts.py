"""Lists and verdicts on the real process."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page, redirect
from tests.unit.imagepipe.pictures import encode, photo

pytestmark = pytest.mark.e2e

URL = "http://news.test/duck"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.txt"
    file.write_text("evil.test\n")
    return file


@pytest.fixture
def listed(origin: Origin, bad: Path, tmp_path: Path) -> Iterator[Product]:
    odd = tmp_path / "odd.txt"
    odd.write_text("odd.test\n")
    lists = [
        {"name": "bad", "path": str(bad), "category": "malware"},
        {"name": "odd", "path": str(odd), "action": "warn"},
    ]
    with Product(tmp_path / "data", origin.port, {"SPIDERDUCK_LISTS": json.dumps(lists)}) as product:
        yield product


def verdicts(product: Product, *urls: str) -> list[dict[str, Any]]:
    answer = product.client.post("/v1/verdicts", json={"urls": list(urls)})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def card(product: Product, url: str) -> httpx.Response:
    return product.client.get("/v1/unfurl", params={"url": url, "wait_ms": 20_000})


def within(seconds: float, is_so: Any) -> None:
    over = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < over
        time.sleep(0.05)


def test_what_a_list_blocks_is_not_fetched_and_not_shown(origin: Origin, listed: Product) -> None:
    origin.answers |= {"short.test/x": redirect("http://www.evil.test/a"), "odd.test/o": page("Odd")}
    blocked = card(listed, "http://short.test/x").json()
    assert (blocked["status"], blocked["verdict"]["verdict"]) == ("blocked_domain", "block")
    matched = blocked["verdict"]["matched"]
    assert (matched["hop"], matched["expression"], matched["list"]) == ("http://www.evil.test/a", "evil.test", "bad")
    assert (matched["category"], matched["entry"]) == ("malware", "evil.test")
    assert not origin.asked("www.evil.test")
    warned = card(listed, "http://odd.test/o").json()
    assert (warned["title"], warned["verdict"]["verdict"]) == ("Odd", "warn")


def test_notices_tell_the_verdict_and_the_stream_takes_those_that_are_asked_for(
    origin: Origin, listed: Product
) -> None:
    origin.answers |= {"news.test/duck": page("A duck"), "odd.test/o": page("Odd")}
    with listed.client.stream("GET", "/v1/stream", params={"after": "0", "verdict": "block,warn"}) as stream:
        listed.send({"urls": [URL, "http://odd.test/o", "http://evil.test/"]})
        found = {}
        for line in stream.iter_lines():
            if line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))
                found[told["subject"]] = told["data"]["verdict"]["verdict"]
            if len(found) == 2:
                break
    assert found == {"http://odd.test/o": "warn", "http://evil.test/": "block"}


def test_a_write_path_asks_without_a_fetch(origin: Origin, listed: Product) -> None:
    origin.answers["news.test/duck"] = page("A duck")
    card(listed, URL)
    asked = len(origin.requests)
    found = verdicts(listed, URL, "http://evil.test/", "http://new.test/", "http://[", "http://203.0.113.7/x")
    assert [one["verdict"] for one in found] == ["no_match", "block", "unknown", "unknown", "unknown"]
    assert found[4]["signals"] == ["ip_address_host"]
    assert {one["name"] for one in found[0]["lists"]} == {"bad", "odd"}
    assert len(origin.requests) == asked


def test_a_changed_list_is_in_force_within_seconds(origin: Origin, listed: Product, bad: Path) -> None:
    origin.answers["news.test/duck"] = page("A duck")
    before = card(listed, URL)
    assert before.json()["verdict"]["verdict"] == "no_match"
    again = listed.client.get("/v1/unfurl", params={"url": URL}, headers={"If-None-Match": before.headers["etag"]})
    assert again.status_code == 304
    bad.write_text("evil.test\nnews.test\n")
    within(10, lambda: verdicts(listed, URL)[0]["verdict"] == "block")
    after = listed.client.get("/v1/unfurl", params={"url": URL}, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["verdict"]["verdict"] == "block"
    assert "title" not in after.json()
    record = listed.client.get("/v1/urls", params={"url": URL}).json()
    assert record["verdict"]["matched"]["list"] == "bad"


def test_what_a_list_blocks_is_not_given_out_from_what_is_kept(origin: Origin, listed: Product, bad: Path) -> None:
    """The page was good when it was fetched: its bytes, its text and its picture are there, and stay there."""
    picture = "http://pictures.test/duck.png"
    head = f'<meta property="og:image" content="{picture}">'
    origin.answers |= {
        "news.test/duck": page("A duck", head),
        "pictures.test/duck.png": http(encode(photo((200, 200)), "PNG"), content_type="image/png"),
    }
    found = card(listed, URL).json()
    content, shown = f"/v1/pages/{found['page_id']}/content", found["image"]["proxied_url"]
    unsigned = {"src": picture, "w": "20"}
    assert listed.client.get(content).status_code == 200
    within(10, lambda: listed.client.get(shown).status_code == 200)
    assert listed.client.get("/images/cards", params=unsigned).status_code == 200
    bad.write_text("news.test\n")
    within(10, lambda: verdicts(listed, URL)[0]["verdict"] == "block")
    for refused in (
        listed.client.get(content),
        listed.client.get(f"/v1/pages/{found['page_id']}/text"),
        listed.client.get(shown),
        listed.client.get("/images/cards", params=unsigned),
    ):
        assert refused.status_code == 403, refused.text
    assert listed.client.get(content).json()["type"].endswith("/content_blocked")
    assert listed.client.get("/v1/pictures", params={"url": picture}).json()["withheld"]
    assert listed.client.get(f"/v1/pages/{found['page_id']}").json()["verdict"]["verdict"] == "block"
    bad.write_text("other.test\n")
    within(10, lambda: listed.client.get(shown).status_code == 200)
    assert listed.client.get(content).status_code == 200


def test_a_changed_list_is_told_of_every_stored_link(origin: Origin, listed: Product, bad: Path) -> None:
    origin.answers["news.test/duck"] = page("A duck")
    listed.notices("team")
    card(listed, URL)
    bad.write_text("news.test\n")
    found: list[dict[str, Any]] = []

    def is_told() -> bool:
        found.extend(one for one in listed.notices("team") if one["type"] == "spiderduck.url.judged")
        return bool(found)

    within(15, is_told)
    (told,) = found
    verdict = told["data"]["verdict"]
    assert (told["subject"], verdict["verdict"], verdict["previous"]["verdict"]) == (URL, "block", "no_match")
    assert listed.record(URL)["verdict"]["previous"]["verdict"] == "no_match"


def test_lists_are_told_and_changed(listed: Product, tmp_path: Path) -> None:
    (bad, odd) = listed.client.get("/v1/lists").json()["lists"]
    assert (bad["name"], bad["entries"], bad["action"], odd["action"]) == ("bad", 1, "block", "warn")
    more = tmp_path / "more.csv"
    more.write_text('"1","2026-11-22","http://dropper.test/x.bin","online","","malware_download","","",""\n')
    order = {"name": "haus", "path": str(more), "format": "urlhaus"}
    put = listed.client.put("/v1/lists", json=order)
    assert (put.status_code, put.json()["entries"]) == (200, 1)
    assert verdicts(listed, "http://dropper.test/x.bin")[0]["verdict"] == "block"
    assert verdicts(listed, "http://dropper.test/y.bin")[0]["verdict"] == "unknown"
    assert listed.client.delete("/v1/lists/haus").status_code == 204
    assert listed.client.delete("/v1/lists/haus").status_code == 404
    for wrong in ({**order, "path": "/nowhere"}, {**order, "format": "csv"}, {**order, "name": "a b"}):
        assert listed.client.put("/v1/lists", json=wrong).status_code == 400


def test_who_changed_what_stands_in_the_audit_log(origin: Origin, bad: Path, tmp_path: Path) -> None:
    keys = [
        {"name": "ops", "key": "k" * 32, "scopes": ["read", "write", "fetch", "admin"]},
        {"name": "reader", "key": "r" * 32, "scopes": ["read"]},
    ]
    with Product(tmp_path / "data", origin.port, {"SPIDERDUCK_API__KEYS": json.dumps(keys)}) as product:
        ops, reader = ({"Authorization": f"Bearer {letter * 32}"} for letter in "kr")
        client = product.client
        order = {"name": "bad", "path": str(bad)}
        assert client.put("/v1/lists", json=order, headers=reader).status_code == 403
        assert client.put("/v1/lists", json=order, headers=ops).is_success
        assert client.put("/v1/domains/news.test", json={"per_second": 2.0}, headers=ops).is_success
        assert client.put("/v1/queues/team", headers=ops).is_success
        assert client.delete("/v1/queues/team", headers=ops).is_success
        assert client.delete("/v1/queues/team", headers=ops).status_code == 404
        assert client.post("/v1/dead/replay", json={}, headers=ops).is_success
        assert client.delete("/v1/lists/bad", headers=ops).is_success
        taken = {"url": URL, "reason": "spam"}
        for method, call in (
            ("POST", "/v1/takedowns"),
            ("GET", "/v1/takedowns"),
            ("DELETE", f"/v1/takedowns?url={URL}"),
        ):
            assert client.request(method, call, json=taken, headers=reader).status_code == 403
        assert client.get("/v1/pictures/gone", headers=reader).json()["pictures"] is None, "nothing was taken down"
        assert client.post("/v1/takedowns", json=taken, headers=ops).json()["by"] == "ops"
        assert len(client.get("/v1/pictures/gone", headers=reader).json()["pictures"]) == 2, "under both schemes"
        assert client.delete("/v1/takedowns", params={"url": URL}, headers=ops).is_success
        assert client.get("/v1/audit", headers=reader).status_code == 403
        product.stop()
        product.start()
        entries = product.client.get("/v1/audit", headers=ops).json()["entries"]
    assert [(one["by"], one["action"], one["subject"]) for one in reversed(entries)] == [
        ("ops", "list.put", "bad"),
        ("ops", "domain.limit", "news.test"),
        ("ops", "queue.deleted", "team"),
        ("ops", "dead.replayed", "all"),
        ("ops", "list.removed", "bad"),
        ("ops", "takedown", URL),
        ("ops", "takedown.lifted", URL),
    ]


def test_the_command_line_shows_lists_and_verdicts(listed: Product) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "spiderduck", *arguments, "--server", str(listed.client.base_url)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=listed.environment)

    shown = run("lists")
    assert shown.returncode == 0, shown.stderr
    assert "malware" in shown.stdout
    found = run("verdict", "http://evil.test/x", "http://new.test/", "--json")
    first, second = map(json.loads, found.stdout.splitlines())
    assert (found.returncode, first["verdict"], second["verdict"]) == (1, "block", "unknown")
    assert run("verdict", "http://new.test/").returncode == 0
