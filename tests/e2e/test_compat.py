"""Previews for other programs, on the real process: each answer as that program's own source reads it."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.e2e.product import Product
from tests.origin import Origin, http, page

pytestmark = pytest.mark.e2e

URL = "http://news.test/duck"
PICTURE = "http://news.test/duck.png"
KEY, ADMIN = "a-key-that-fetches-0123456789", "a-key-that-rules-0123456789"
UNSTABLE = "/_matrix/app/unstable/uk.half-shot.msc4417/preview_url"
ENDS = ("/oembed", "/api/oembed", "/iframely", "/compat/summaly", "/compat/mastodon/card", UNSTABLE)
HTML = '<b>bold</b><script>alert("x")</script>'


def png(width: int, height: int) -> bytes:
    written = BytesIO()
    Image.new("RGB", (width, height), "navy").save(written, "PNG")
    return written.getvalue()


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        escaped = HTML.replace("<", "&lt;").replace('"', "&quot;")
        origin.answers |= {
            "news.test/duck": page(
                "A duck",
                f'<meta property="og:title" content="A duck {escaped}">'
                '<meta property="og:description" content="It swims.">'
                '<meta property="og:site_name" content="Pond Post"><meta name="author" content="A. Drake">'
                f'<meta property="og:image" content="{PICTURE}"><link rel="icon" href="/icon.png">'
                '<meta property="og:image:width" content="1600"><meta property="og:image:height" content="800">'
                '<meta name="fediverse:creator" content="@drake@pond.test">'
                '<meta name="rating" content="adult">'
                '<link rel="alternate" type="application/activity+json" href="/notes/1">'
                '<meta property="og:video:url" content="https://player.test/embed/1">'
                '<meta property="og:video:type" content="text/html">',
            ),
            "news.test/duck.png": http(png(1600, 800), content_type="image/png"),
            "news.test/plain": page("Plain"),
        }
        yield origin


@pytest.fixture(scope="module")
def product(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    settings = {f"SPIDERDUCK_COMPAT__{name}": "true" for name in ("OEMBED", "SUMMALY", "MATRIX", "MASTODON")}
    settings["SPIDERDUCK_COMPAT__WAIT_MS"] = "20000"
    settings["SPIDERDUCK_API__KEYS"] = json.dumps(
        [{"key": KEY, "scopes": ["read", "fetch"]}, {"key": ADMIN, "scopes": ["read", "admin"]}]
    )
    with Product(tmp_path_factory.mktemp("compat") / "data", origin.port, settings) as product:
        yield product


def ask(product: Product, path: str, url: str = URL, **parameters: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    return product.client.get(path, params={"url": url, **parameters}, headers=headers)


def test_oembed_answers_with_a_link_and_its_thumbnail(product: Product) -> None:
    """oembed.com, sections 2.2 and 2.3.4: a link with all of the thumbnail's members, and no HTML."""
    found = ask(product, "/oembed").json()
    assert (found["version"], found["type"], found["provider_name"]) == ("1.0", "link", "Pond Post")
    assert (found["author_name"], found["provider_url"]) == ("A. Drake", "http://news.test")
    assert (found["thumbnail_width"], found["thumbnail_height"]) == (1600, 800)
    assert "html" not in found
    assert isinstance(found["cache_age"], int)


def test_an_oembed_picture_is_as_small_as_asked(product: Product) -> None:
    found = ask(product, "/oembed", maxwidth=400, maxheight=150).json()
    assert (found["thumbnail_width"], found["thumbnail_height"]) == (300, 150)
    shown = product.client.get(found["thumbnail_url"])
    assert shown.status_code == 200
    assert Image.open(BytesIO(shown.content)).size == (300, 150)


def test_oembed_in_xml_is_not_implemented(product: Product) -> None:
    assert ask(product, "/oembed", format="xml").status_code == 501
    assert ask(product, "/oembed", format="json").status_code == 200


def test_outline_reads_meta_and_links(product: Product) -> None:
    """It sends its key in the query, and takes a member `error` for a failure."""
    query = {"url": URL, "api_key": KEY}
    for path in ("/iframely", "/api/oembed"):
        found = product.client.get(path, params=query).json()
        assert found["url"] == URL
        assert found["meta"]["description"] == "It swims."
        assert found["meta"]["site"] == "Pond Post"
        assert found["links"]["thumbnail"][0]["href"].startswith("http")
        assert found["links"]["icon"][0]["href"].startswith("http")
    refused = product.client.get("/iframely", params={**query, "url": "http://news.test/gone"})
    assert "404" in refused.json()["error"]
    assert product.client.get("/iframely", params={"url": URL, "api_key": "wrong"}).status_code == 401


def test_misskey_finds_every_member(product: Product) -> None:
    """`src/summary.ts`; its proxy's address holds the key, for it can send no header."""
    found = product.client.get(f"/compat/summaly/{KEY}", params={"url": URL, "lang": "ja-JP"}).json()
    assert set(found) == {
        *("title", "icon", "description", "thumbnail", "thumbnailStyle", "sitename", "player", "sensitive"),
        *("activityPub", "fediverseCreator", "url"),
    }
    assert found["thumbnail"] == PICTURE
    assert found["thumbnailStyle"] == "summary_large_image"
    assert found["fediverseCreator"] == "@drake@pond.test"
    assert found["player"]["url"] == "https://player.test/embed/1"
    assert (found["sensitive"], found["activityPub"]) == (True, "http://news.test/notes/1")
    plain = ask(product, "/compat/summaly", "http://news.test/plain").json()
    assert plain["player"] == {"url": None, "width": None, "height": None, "allow": []}
    assert (plain["thumbnail"], plain["sitename"]) == (None, "news.test")
    assert (plain["sensitive"], plain["activityPub"]) == (False, None)


def test_a_homeserver_reads_open_graph(product: Product) -> None:
    found = ask(product, UNSTABLE, user_id="@duck:pond.test").json()
    assert (found["og:description"], found["og:url"]) == ("It swims.", URL)
    assert "og:image" not in found  # it must be an mxc: address
    gone = ask(product, UNSTABLE, "http://news.test/gone")
    assert (gone.status_code, gone.json()["errcode"]) == (404, "M_NOT_FOUND")


def test_mastodon_finds_every_member(product: Product) -> None:
    """docs.joinmastodon.org/entities/PreviewCard"""
    found = ask(product, "/compat/mastodon/card").json()
    assert (found["type"], found["html"], found["embed_url"]) == ("link", "", "")
    assert (found["author_name"], found["provider_name"]) == ("A. Drake", "Pond Post")
    assert (found["width"], found["height"]) == (1600, 800)
    assert found["authors"][0]["name"] == "A. Drake"
    assert found["image"].startswith("http")


@pytest.mark.parametrize("path", ENDS)
def test_markup_in_a_title_stays_text(product: Product, path: str) -> None:
    answer = ask(product, path)
    assert answer.headers["content-type"].startswith("application/json")
    found = answer.json()
    title = found.get("title") or found.get("og:title")
    assert title == f"A duck {HTML}"


def test_a_page_about_a_link_leads_to_its_oembed(product: Product) -> None:
    """oembed.com, section 4: for consumers that know nothing but the page's address."""
    for path in ("/link", "/v1/unfurl"):
        link = ask(product, path, f"{URL}?a=b&c=<d>").links["alternate"]
        assert link["type"] == "application/json+oembed"
        found = product.client.get(link["url"], headers={"Authorization": f"Bearer {KEY}"}).json()
        assert (found["version"], found["provider_name"]) == ("1.0", "Pond Post")
    for path, url in (("/link", ""), ("/oembed", URL), ("/link", "http://news.test/" + "a" * 5_000)):
        assert "link" not in ask(product, path, url).headers


REFUSED: dict[str, tuple[dict[str, str], str | None]] = {
    "no key": ({"url": URL}, None),
    "a wrong key": ({"url": URL}, "wrong"),
    "no URL": ({}, KEY),
    "what is no URL": ({"url": "http://["}, KEY),
    "a scheme that nobody fetches": ({"url": "javascript:alert(1)"}, KEY),
    "a private address": ({"url": "http://169.254.169.254/latest"}, KEY),
    "a page that is gone": ({"url": "http://news.test/gone"}, KEY),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_refusal_is_one_to_each_client(product: Product, why: str) -> None:
    """Outline takes an answer without `error` for a preview, whatever its status; a homeserver reads Matrix's error."""
    query, key = REFUSED[why]
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    for path in ENDS:
        answer = product.client.get(path, params=query, headers=headers)
        assert 400 <= answer.status_code < 500
        told = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert told["status"] == answer.status_code
        if path in ("/iframely", "/api/oembed", UNSTABLE):
            assert told["error"] == told["detail"]
        assert told.get("errcode", "").startswith("M_") == (path == UNSTABLE)


def test_of_a_blocked_link_there_is_no_preview(product: Product, origin: Origin, tmp_path: Any) -> None:
    """Not even its host's name as the site's; nor is a title that was known before shown."""
    origin.answers["bad.test/x"] = page("Free money")
    assert ask(product, "/oembed", "http://bad.test/x").json()["title"] == "Free money"
    entries = tmp_path / "bad.txt"
    entries.write_text("bad.test\n")
    order = {"name": "bad", "path": str(entries), "format": "domains", "action": "block"}
    rules = {"Authorization": f"Bearer {ADMIN}"}
    product.client.put("/v1/lists", json=order, headers=rules).raise_for_status()
    for path in ENDS:
        for url in ("http://bad.test/x", "http://www.bad.test/new"):
            answer = ask(product, path, url)
            assert answer.status_code == 404, answer.text
            assert "Free money" not in answer.text
    product.client.delete("/v1/lists/bad", headers=rules).raise_for_status()


@pytest.mark.parametrize("lang", ["", "ja-JP", "zh-Hant-TW", "ja_JP", "*", "ja,en;q=0.5", "undefined", "x" * 1000])
def test_a_language_that_is_none_costs_no_preview(product: Product, lang: str) -> None:
    assert ask(product, "/compat/summaly", lang=lang).json()["title"].startswith("A duck")


@pytest.mark.parametrize("query", [{"format": ""}, {"format": "JSON"}, {"maxwidth": "2000000000"}, {"callback": "x"}])
def test_oembed_takes_what_consumers_send(product: Product, query: dict[str, str]) -> None:
    found = ask(product, "/oembed", **query).json()
    assert found["thumbnail_width"] == 1600


@pytest.mark.parametrize("path", ENDS)
def test_each_drop_in_refuses_failed_pages_bad_urls_and_missing_keys(product: Product, path: str) -> None:
    assert ask(product, path, "http://news.test/gone").status_code == 404
    assert ask(product, path, "http://[").status_code == 400
    assert product.client.get(path, params={"url": URL}).status_code == 401
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert product.client.get(path, params={"url": URL}, headers=foreign).status_code in (401, 403)


def test_none_is_there_unless_it_is_switched_on(origin: Origin, tmp_path: Any) -> None:
    with Product(tmp_path / "data", origin.port) as plain:
        assert {plain.client.get(path, params={"url": URL}).status_code for path in ENDS} == {404}
        paths = plain.client.get("/openapi.json").json()["paths"]
        assert not [path for path in paths if "compat" in path or "oembed" in path or "_matrix" in path]
