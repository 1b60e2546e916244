"""What every call promises, against one real process: cursors, and what strange requests are answered with."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, page, redirect

pytestmark = pytest.mark.e2e

SHORT = [f"http://short.test/{letter}" for letter in "abcde"]


@pytest.fixture(scope="module")
def site() -> Iterator[Origin]:
    answers = {url.removeprefix("http://"): redirect("http://long.test/") for url in SHORT}
    with Origin({"long.test/": page("Long"), "news.test/a": page("News"), **answers}) as origin:
        yield origin


@pytest.fixture(scope="module")
def running(site: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("contract") / "data", site.port) as product:
        yield product


def entries(product: Product, path: str, name: str, **parameters: Any) -> Iterator[Any]:
    """Of a listing, two an answer."""
    cursor: dict[str, str] = {}
    while True:
        answer = product.client.get(path, params={**parameters, **cursor, "most": 2})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert len(found[name]) <= 2
        yield from found[name]
        if found["next_cursor"] is None:
            return
        cursor = {"cursor": found["next_cursor"]}


def test_webhooks_are_listed_in_pieces(running: Product) -> None:
    orders = [{"url": f"https://receiver.example.com/{number}"} for number in range(5)]
    made = [running.client.post("/v1/webhooks", json=order).json()["id"] for order in orders]
    assert [one["id"] for one in entries(running, "/v1/webhooks", "webhooks")] == made
    for one in made:
        running.client.delete(f"/v1/webhooks/{one}").raise_for_status()


def test_listings_are_read_in_pieces_while_they_change(running: Product, site: Origin) -> None:
    names = [f"queue-{letter}" for letter in "bdfhj"]
    for name in names:
        running.client.put(f"/v1/queues/{name}").raise_for_status()
    listing = entries(running, "/v1/queues", "queues")
    met = [next(listing)["name"], next(listing)["name"]]
    running.client.put("/v1/queues/queue-a").raise_for_status()  # before what was met
    running.client.put("/v1/queues/queue-i").raise_for_status()  # behind it
    running.client.delete("/v1/queues/queue-d").raise_for_status()  # the one that the cursor names
    met += [one["name"] for one in listing]
    assert met == ["queue-b", "queue-d", "queue-f", "queue-h", "queue-i", "queue-j"]

    for name in ("queue-a", "queue-b", "queue-f", "queue-h", "queue-i", "queue-j"):
        running.client.delete(f"/v1/queues/{name}").raise_for_status()
    noted = entries(running, "/v1/audit", "entries")
    deleted = [one["subject"] for one in noted if one["action"] == "queue.deleted"]
    assert deleted == ["queue-j", "queue-i", "queue-h", "queue-f", "queue-b", "queue-a", "queue-d"]

    running.send({"urls": SHORT})
    running.ended(*SHORT)
    leading = entries(running, "/v1/redirects", "redirects", to="http://long.test/")
    assert [one["url"] for one in leading] == SHORT

    running.send({"urls": ["http://news.test/a"]})
    (record,) = running.ended("http://news.test/a")
    for title in ("Second", "Third"):
        site.answers["news.test/a"] = page(title)
        running.client.get("/v1/unfurl", params={"url": "http://news.test/a", "refresh": True, "wait_ms": 9_000})
    versions = list(entries(running, f"/v1/pages/{record['page_id']}/history", "versions"))
    assert [one["metadata"]["title"] for one in versions] == ["Third", "Second", "News"]
    assert [[change["field"] for change in one.get("changed", ())][-1:] for one in versions] == [["title"]] * 2 + [[]]


@pytest.mark.parametrize(
    "target",
    [
        "/v1/queues/nobody",
        "/v1/stream?queue=nobody",
        "/v1/stream?queue=nobody&after=0",
        "/v1/pages/7",
        "/v1/pages/7/history",
        "/v1/pages/7/content",
        "/v1/pages/7/text",
        "/schemas/none.json",
        "/problems/none",
        "/docs/none.html",
        "/v1/nothing",
        "/images/none",
    ],
)
def test_what_is_not_there_is_a_404(running: Product, target: str) -> None:
    answer = running.client.get(target)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert running.client.head(target).status_code == 404


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("/v1/unfurl", "the query parameter url is missing"),
        ("/v1/unfurl?url=http://news.test/a&wait_ms=soon", "wait_ms takes a whole number"),
        ("/v1/unfurl?url=http://news.test/a&refresh=maybe", "refresh takes true or false"),
        ("/v1/unfurl?url=http://news.test/a&url=http://news.test/b", "more than once"),
        ("/v1/urls?url=http://news.test/a&as_of=now", "takes a time such as"),
        ("/v1/redirects", "either to= or from="),
        ("/v1/redirects?from=http://news.test/a&cursor=x", "cursor"),
        ("/v1/queues?cursor=x", "next_cursor"),
        ("/v1/queues?most=0", "most takes a whole number >= 1"),
        ("/v1/stream?status=fetchd", "it takes blocked_address,"),
        ("/v1/stream?type=processed", "spiderduck.url.processed"),
        ("/v1/stream?verdict=safe", "it takes block, no_match"),
        ("/v1/stream?domain=http://news.test/", "a name such as example.com"),
        ("/v1/stream?after=-1", "a whole number"),
        ("/v1/domains/%20", "a name such as example.com"),
        ("/v1/domains/a%3Fb", "a name such as example.com"),
        ("/v1/pages/seven", "takes the digits"),
        ("/v1/links?verdict=null", "verdict is null; leave it out"),
        ("/v1/trends?by=people", "by takes links, domains"),
        ("/v1/links?status=fetchd", "status takes unknown, pending"),
        ("/v1/unfurl?url=3.14", "a number is no host"),
        ("/v1/domains/3.14", "a name such as example.com"),
        ("/v1/domains/a%2Cb", "a name such as example.com"),
        ("/bot?domain=", "a name such as example.com"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_takes(running: Product, target: str, told: str) -> None:
    answer = running.client.get(target)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (400, "/problems/bad_request"), answer.text
    assert told in problem["detail"]
    assert "http://news.test/a&" not in problem["detail"]
    assert "Expected" not in problem["detail"]


@pytest.mark.parametrize(
    "body", [{}, [], 7, {"urls": []}, {"urls": [7]}, {"urls": ["x"] * 1001}, {"urls": ["x"], "url": "x"}]
)
@pytest.mark.parametrize("path", ["/v1/urls/batch", "/v1/resolve", "/v1/verdicts"])
def test_a_wrong_body_is_named_in_words(running: Product, path: str, body: object) -> None:
    answer = running.client.post(path, json=body)
    assert answer.status_code == 400
    assert not {"Expected", "`int`", "`object`", "Object", "Validation"} & set(answer.json()["detail"].split())


KINDS: dict[str, dict[str, str]] = {
    "none": {},
    "an empty one": {"Content-Type": ""},
    "a text": {"Content-Type": "text/plain"},
    "a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "two": {"Content-Type": "application/json, text/plain"},
}
FILLED = {"{name}": "team", "{domain}": "news.test", "{webhook_id}": f"wh_{'0' * 24}", "{pipeline}": "cards"}


def test_a_body_of_another_kind_is_a_415_whatever_the_call(running: Product) -> None:
    """Also where a call takes none, and before anything else is looked at."""
    tried = 0
    for path, operations in running.client.get("/openapi.json").json()["paths"].items():
        target = path
        for name, value in FILLED.items():
            target = target.replace(name, value)
        for method in set(operations) - {"get", "head"}:
            if path.endswith("/store") and method == "put":  # the bytes of a picture
                continue
            lines = path == "/v1/events"
            for said, headers in (
                KINDS | ({} if lines else {"lines": {"Content-Type": "application/x-ndjson"}})
            ).items():
                answer = running.client.request(method, target, content=b"\x00{garbage", headers=headers)
                where = f"{method} {path} with {said}: {answer.status_code} {answer.text}"
                assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type"), where
                assert "send application/json" in answer.json()["detail"], where
                tried += 1
    assert tried > 100


def test_duplicates_in_a_batch_are_answered_each(running: Product) -> None:
    urls = [
        "http://news.test/a",
        "http://news.test/a",
        "HTTP://NEWS.test:80/a",
        "http://[",
        "ftp://news.test/",
        "ftp://news.test/",
    ]
    results = running.client.post("/v1/urls/batch", json={"urls": urls, "schedule": True, "wait_ms": 9_000}).json()[
        "results"
    ]
    assert [one["status"] for one in results] == ["fetched"] * 3 + ["invalid_url"] + ["unsupported_scheme"] * 2
    resolved = running.client.post("/v1/resolve", json={"urls": urls}).json()["results"]
    assert [one["status"] for one in resolved] == [one["status"] for one in results]


@pytest.mark.parametrize(
    "url", ["ftp://files.test/a", "mailto:me@a.test", "HTTPX://a.test/", "data:,x", "javascript:alert(1)"]
)
def test_another_scheme_is_an_ending_whoever_asks(running: Product, url: str) -> None:
    """Nobody needs to share it first, and nothing is queued for it."""
    for path in ("/v1/urls", "/v1/unfurl"):
        answer = running.client.get(path, params={"url": url, "wait_ms": 0})
        assert (answer.status_code, answer.json()["status"]) == (200, "unsupported_scheme")
        assert "retry-after" not in answer.headers


def test_tags_hold_while_nothing_changes(running: Product) -> None:
    """And a 304 says what the whole answer would say of caches."""
    running.client.get("/v1/unfurl", params={"url": "http://news.test/a", "wait_ms": 9_000})
    record = running.record("http://news.test/a")
    for target in (
        "/v1/urls?url=http://news.test/a",
        "/v1/unfurl?url=http://news.test/a",
        "/v1/urls?url=http://news.test/a&as_of=2100-01-01",
        f"/v1/pages/{record['page_id']}",
    ):
        first = running.client.get(target)
        assert first.status_code == 200, first.text
        same = running.client.get(target, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
        assert (same.status_code, same.content) == (304, b""), target
        assert {name: same.headers.get(name) for name in ("etag", "cache-control", "vary")} == {
            name: first.headers.get(name) for name in ("etag", "cache-control", "vary")
        }
        assert running.client.head(target).headers["etag"] == first.headers["etag"]


def test_what_takes_get_takes_head(running: Product) -> None:
    refused = running.client.delete("/v1/unfurl")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_options_name_every_method_that_is_described(running: Product) -> None:
    """Also where several handlers share a path."""
    values = {"{name}": "team", "{domain}": "news.test", "{page_id}": "7", "{id}": "7", "{pipeline}": "cards"}
    for path, operations in running.client.get("/openapi.json").json()["paths"].items():
        target = path
        for name, value in values.items():
            target = target.replace(name, value)
        allowed = set(running.client.options(target).headers["allow"].split(", "))
        described = {method.upper() for method in operations if method in ("get", "put", "post", "delete", "head")}
        assert described <= allowed, path


def test_nothing_was_known_before_the_first_version(running: Product) -> None:
    running.client.get("/v1/unfurl", params={"url": "http://news.test/a", "wait_ms": 9_000})
    before = running.client.get(
        "/v1/urls", params={"url": "http://news.test/a", "as_of": "2001-01-01T00:00:00Z"}
    ).json()
    assert (before["status"], "then" in before["reason"]) == ("unknown", True)
