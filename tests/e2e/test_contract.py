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
    deleted = [one["subject"] for one in entries(running, "/v1/audit", "entries")]
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
