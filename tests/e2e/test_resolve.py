"""Where links lead, on the real process."""

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page, redirect

pytestmark = pytest.mark.e2e

ARTICLE = "http://news.test/a?id=7&utm_source=pond"
META = http('<html><head><meta http-equiv="refresh" content="0; url=http://short.test/x"></head></html>')


def web(origin: Origin) -> None:
    origin.answers |= {
        "far.test/y": META,
        "short.test/x": redirect(ARTICLE),
        "other.test/z": redirect(ARTICLE, "307 Temporary Redirect"),
        "news.test/a": page("A duck"),
    }


def test_up_to_a_thousand_links_are_resolved_in_one_call(origin: Origin, product: Product) -> None:
    web(origin)
    urls = ["http://short.test/x", "http://far.test/y", ARTICLE, "http://[", "ftp://news.test/a"]
    before = product.client.post("/v1/resolve", json={"urls": urls}).json()["results"]
    assert [one["status"] for one in before] == ["unknown"] * 3 + ["invalid_url", "unsupported_scheme"]
    assert not any("destination" in one for one in before[:3])
    order = {"urls": urls, "schedule": True, "wait_ms": 20_000}
    short, far, article, broken, ftp = product.client.post("/v1/resolve", json=order).json()["results"]
    for one in (short, far, article):
        assert (one["status"], one["destination"]) == ("fetched", ARTICLE)
        assert one["clean_url"] == "http://news.test/a?id=7"
    assert [step["url"] for step in short["chain"]] == ["http://short.test/x"]
    assert [(step["url"], step.get("by")) for step in far["chain"]] == [
        ("http://far.test/y", "meta_refresh"),
        ("http://short.test/x", None),
    ]
    assert article["chain"] == []
    assert (broken["status"], ftp["status"]) == ("invalid_url", "unsupported_scheme")
    assert len(origin.asked("news.test", "/a?id=7&utm_source=pond")) == 1


def test_the_graph_is_asked_from_either_end(origin: Origin, product: Product) -> None:
    web(origin)
    urls = ["http://far.test/y", "http://other.test/z"]
    product.client.post("/v1/resolve", json={"urls": urls, "schedule": True, "wait_ms": 20_000})
    to = product.client.get("/v1/redirects", params={"to": ARTICLE}).json()["redirects"]
    assert sorted((one["url"], one["status_code"]) for one in to) == [
        ("http://other.test/z", 307),
        ("http://short.test/x", 301),
    ]
    assert all(one["seen_at"].endswith("Z") for one in to)
    chain = product.client.get("/v1/redirects", params={"from": "http://far.test/y"}).json()["redirects"]
    assert [(one["url"], one["to"]) for one in chain] == [
        ("http://far.test/y", "http://short.test/x"),
        ("http://short.test/x", ARTICLE),
    ]
    assert product.client.get("/v1/redirects", params={"from": "http://no.test/"}).json()["redirects"] == []


@pytest.mark.parametrize("query", ["", "?to=http://a.test/&from=http://b.test/", "?to=http://[", "?from="])
def test_one_end_is_asked_for(product: Product, query: str) -> None:
    assert product.client.get(f"/v1/redirects{query}").status_code == 400
