"""`GET /v1/links` and `GET /v1/key` on the real process: what was handled last, and what a key may do."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page

pytestmark = pytest.mark.e2e

READER, KEEPER = "a-key-that-reads-0123456789", "a-key-that-does-all-0123456789"
KEYS = [
    {"name": "reader", "key": READER, "scopes": ["read"]},
    {"name": "keeper", "key": KEEPER, "scopes": ["admin"]},
]
URLS = [
    "http://pond.test/one",
    "http://www.pond.test/two",
    "http://lake.test/three",
    "http://lake.test/gone",
    "http://evil.test/x",
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("links")
    (folder / "bad.txt").write_text("evil.test\n")
    settings = {
        "SPIDERDUCK_API__KEYS": json.dumps(KEYS),
        "SPIDERDUCK_LISTS": json.dumps([{"name": "bad", "path": str(folder / "bad.txt"), "format": "domains"}]),
    }
    with Origin() as origin, Product(folder / "data", origin.port, settings) as product:
        for url, title in zip(URLS, ("Ducks one", "Ducks two", "Swans", "-", "Secret ducks"), strict=True):
            origin.answers[url.removeprefix("http://")] = page(title)
        origin.answers["lake.test/gone"] = http("gone", "404 Not Found")
        product.client.headers["Authorization"] = f"Bearer {KEEPER}"
        for url in URLS:
            product.send({"urls": [url]})
            product.ended(url)
        yield product


def links(product: Product, **parameters: Any) -> list[str]:
    answer = listed(product, **parameters)
    assert answer.status_code == 200, answer.text
    return [one["url"] for one in answer.json()["links"]]


def listed(product: Product, **parameters: Any) -> httpx.Response:
    return product.client.get("/v1/links", params=parameters, headers={"Authorization": f"Bearer {READER}"})


def test_the_newest_come_first_as_cards(product: Product) -> None:
    found = listed(product).json()
    assert [one["url"] for one in found["links"]] == URLS[::-1]
    assert found["next_cursor"] is None
    swans = found["links"][2]
    assert (swans["title"], swans["status"], swans["card"]) == ("Swans", "fetched", "summary")
    assert swans["handled_at"] <= found["links"][1]["handled_at"]


def test_filters_hold_together(product: Product) -> None:
    assert links(product, domain="www.pond.test") == URLS[1::-1]
    assert links(product, status="http_error") == [URLS[3]]
    assert links(product, verdict="block") == [URLS[4]]
    assert links(product, text="DUCKS") == URLS[1::-1], "the title of what a list blocks is not looked into"
    assert links(product, text="two", domain="pond.test") == [URLS[1]]
    assert links(product, text="two", domain="lake.test") == []
    assert listed(product, status="fetchd").status_code == 400
    assert listed(product, domain="no domain").status_code == 400


def test_a_cursor_leads_through_all(product: Product) -> None:
    found, cursor = [], {}
    for _ in URLS:
        answer = listed(product, most=2, **cursor).json()
        found += [one["url"] for one in answer["links"]]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert found == URLS[::-1]
    assert listed(product, cursor="x").status_code == 400


def test_nothing_of_a_blocked_link_is_told(product: Product) -> None:
    assert "Secret" not in listed(product).text


def test_a_key_learns_what_it_may_do(product: Product) -> None:
    def key(bearer: str) -> Any:
        return product.client.get("/v1/key", headers={"Authorization": f"Bearer {bearer}"})

    assert key(READER).json() == {"name": "reader", "scopes": ["read"]}
    assert key(KEEPER).json() == {"name": "keeper", "scopes": ["read", "write", "fetch", "admin"]}
    assert key("another").status_code == 401
