"""`GET /v1/unfurl` on the real process: one call to a card."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.product import Product
from tests.origin import Origin, Request, http, page, redirect

pytestmark = pytest.mark.e2e

URL = "http://news.test/duck"
ARTICLE = page(
    "A duck",
    '<meta property="og:title" content="A duck on the pond"><meta property="og:description" content="It swims.">'
    '<meta property="og:site_name" content="Pond Post"><meta property="og:image" content="http://news.test/duck.png">'
    '<meta property="og:image:alt" content="A mallard"><meta name="theme-color" content="#123456">'
    '<link rel="icon" href="/icon.png"><link rel="alternate" hreflang="de" href="http://news.test/ente">',
)
READ, FETCH = "a-key-that-reads-0123456789", "a-key-that-fetches-0123456789"


def unfurl(product: Product, url: str = URL, **parameters: Any) -> httpx.Response:
    return product.client.get("/v1/unfurl", params={"url": url, "wait_ms": 20_000, **parameters})


def test_one_call_gives_the_card_of_a_link_that_nobody_shared(origin: Origin, product: Product) -> None:
    origin.answers |= {"short.test/x": redirect(URL), "news.test/duck": ARTICLE}
    answer = unfurl(product, "http://short.test/x")
    assert answer.status_code == 200
    card = answer.json()
    assert (card["url"], card["status"], card["destination"]) == ("http://short.test/x", "fetched", URL)
    assert (card["title"], card["description"], card["site_name"]) == ("A duck on the pond", "It swims.", "Pond Post")
    assert (card["language"], card["theme_color"], card["image"]["alt"]) == ("en", "#123456", "A mallard")
    assert card["page_id"].isdigit()
    assert answer.headers["cache-control"] == "private, max-age=60"


def test_a_known_link_is_answered_from_what_is_known(origin: Origin, product: Product) -> None:
    origin.answers["news.test/duck"] = ARTICLE
    first = unfurl(product)
    again = unfurl(product, wait_ms=0)
    assert again.json()["title"] == first.json()["title"]
    assert len(origin.asked("news.test", "/duck")) == 1
    tag = again.headers["etag"]
    kept = product.client.get("/v1/unfurl", params={"url": URL}, headers={"If-None-Match": tag})
    assert (kept.status_code, kept.content) == (304, b"")


def test_what_takes_longer_is_pending_and_says_when_to_ask_again(origin: Origin, product: Product) -> None:
    come = threading.Event()

    def slow(_: Request) -> bytes:
        come.wait(20)
        return ARTICLE

    origin.answers["news.test/duck"] = slow
    try:
        answer = unfurl(product, wait_ms=0)
    finally:
        come.set()
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert unfurl(product).json()["status"] == "fetched"


def test_a_refresh_asks_the_site_again(origin: Origin, product: Product) -> None:
    origin.answers["news.test/duck"] = ARTICLE
    before = unfurl(product).json()
    origin.answers["news.test/duck"] = page("Another duck")
    after = unfurl(product, refresh=True).json()
    assert after["title"] == "Another duck"
    assert after["page_id"] != before["page_id"]


def test_a_version_in_the_readers_language_goes_first(origin: Origin, product: Product) -> None:
    german = http('<!doctype html><html lang="de"><head><title>Eine Ente</title></head></html>')
    origin.answers |= {"news.test/duck": ARTICLE, "news.test/ente": german}
    assert unfurl(product, lang="de-AT").json()["title"] == "Eine Ente"
    assert unfurl(product, lang="de-AT").json()["url"] == URL
    assert unfurl(product, lang="en").json()["title"] == "A duck on the pond"
    assert unfurl(product, lang="fr").json()["title"] == "A duck on the pond"


def test_an_ending_is_a_card_with_a_reason(origin: Origin, product: Product) -> None:
    card = unfurl(product, "http://news.test/gone").json()
    assert (card["status"], card["card"]) == ("http_error", "summary")
    assert "404" in card["reason"]
    assert "title" not in card


def test_rules_are_told_when_asked_for(origin: Origin, product: Product) -> None:
    origin.answers["news.test/duck"] = ARTICLE
    assert "provenance" not in unfurl(product).json()
    assert unfurl(product, provenance=True).json()["provenance"]["title"]["rule"] == "og:title"


@pytest.mark.parametrize("url", ["http://[", "", "not a url", "http://" + "a" * 9000])
def test_what_is_no_url_is_a_400_that_says_why(product: Product, url: str) -> None:
    for path in ("/v1/unfurl", "/v1/urls"):
        answer = product.client.get(path, params={"url": url})
        assert answer.status_code == 400, (path, answer.text)
        assert answer.json()["detail"].startswith("url")


@pytest.mark.parametrize("lang", ["", "english please", "e", "de_DE", "de\n"])
def test_a_language_is_a_tag(product: Product, lang: str) -> None:
    assert unfurl(product, lang=lang).status_code == 400


def test_the_signed_address_of_a_picture_is_served(origin: Origin, product: Product) -> None:
    """Also where nobody may ask for pictures without a signature: it is the address that is signed."""
    picture = _png()
    origin.answers |= {"news.test/duck": ARTICLE, "news.test/duck.png": http(picture, content_type="image/png")}
    card = unfurl(product).json()
    address = card["image"]["proxied_url"]
    assert address.startswith(str(product.client.base_url).rstrip("/"))
    answer = product.client.get(address)
    assert (answer.status_code, answer.headers["content-type"].partition("/")[0]) == (200, "image")
    forged = address.replace("w=1200", "w=1201")
    assert product.client.get(forged).status_code == 403


@pytest.fixture
def keyed(origin: Origin, tmp_path: Any) -> Iterator[Product]:
    keys = [{"key": READ, "scopes": ["read"]}, {"key": FETCH, "scopes": ["read", "fetch"]}]
    settings = {
        "SPIDERDUCK_API__KEYS": json.dumps(keys),
        "SPIDERDUCK_API__PUBLIC_URL": "https://links.example.com/",
    }
    with Product(tmp_path / "keyed", origin.port, settings) as product:
        yield product


def test_a_key_that_reads_causes_no_fetch(origin: Origin, keyed: Product) -> None:
    origin.answers["news.test/duck"] = ARTICLE
    reads, fetches = ({"Authorization": f"Bearer {key}"} for key in (READ, FETCH))
    parameters: dict[str, Any] = {"url": URL, "wait_ms": 200}
    unknown = keyed.client.get("/v1/unfurl", params=parameters, headers=reads)
    assert (unknown.status_code, unknown.json()["status"]) == (200, "unknown")
    assert keyed.client.get("/v1/unfurl", params={**parameters, "refresh": True}, headers=reads).status_code == 403
    assert not origin.asked("news.test")
    parameters["wait_ms"] = 20_000
    card = keyed.client.get("/v1/unfurl", params=parameters, headers=fetches).json()
    assert card["status"] == "fetched"
    assert card["image"]["proxied_url"].startswith("https://links.example.com/images/cards?")
    assert keyed.client.get("/v1/unfurl", params=parameters, headers=reads).json()["title"] == card["title"]


def test_a_page_of_another_origin_cannot_have_us_fetch(product: Product) -> None:
    answer = product.client.get("/v1/unfurl", params={"url": URL}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def _png() -> bytes:
    from io import BytesIO

    from PIL import Image

    written = BytesIO()
    Image.new("RGB", (64, 32), "navy").save(written, "PNG")
    return written.getvalue()
