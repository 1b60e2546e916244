"""The readable text of an archived page, on the real process."""

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page

pytestmark = pytest.mark.e2e

BODY = " ".join(
    f"Sentence {number} tells how the ducks of the pond spend their quiet winter days." for number in range(20)
)
ARTICLE = f"""<!doctype html><html lang="en"><head><title>Ducks</title>MORE</head><body>
<nav><a href="/">Home</a> <a href="/shop">Shop now</a></nav>
<article><h1>Ducks in winter</h1><p>{BODY}</p><script>alert(1)</script></article><footer>Imprint</footer></body>
</html>"""


def page_id(product: Product, url: str) -> str:
    (record,) = product.client.post("/v1/urls/batch", json={"urls": [url], "schedule": True, "wait_ms": 20_000}).json()[
        "results"
    ]
    return str(record["page_id"])


def test_the_text_is_there_without_navigation(origin: Origin, product: Product) -> None:
    origin.answers["news.test/ducks"] = http(ARTICLE.replace("MORE", ""))
    found = product.client.get(f"/v1/pages/{page_id(product, 'http://news.test/ducks')}/text")
    assert found.status_code == 200, found.text
    told = found.json()
    assert told["url"] == "http://news.test/ducks"
    assert BODY in told["text"]
    assert "Shop now" not in told["text"]
    assert "alert" not in told["text"]


def test_what_a_site_forbids_is_not_told(origin: Origin, product: Product) -> None:
    origin.answers["news.test/ducks"] = http(
        ARTICLE.replace("MORE", '<meta name="robots" content="noarchive,nosnippet">')
    )
    found = product.client.get(f"/v1/pages/{page_id(product, 'http://news.test/ducks')}/text")
    assert (found.status_code, found.json()["code"]) == (403, "usage_refused")


def test_what_is_no_page_of_text_has_none(origin: Origin, product: Product) -> None:
    origin.answers |= {
        "news.test/empty": page("Nothing"),
        "news.test/data": http(b"{}", content_type="application/json"),
    }
    for path in ("empty", "data"):
        identity = page_id(product, f"http://news.test/{path}")
        if identity != "None":
            found = product.client.get(f"/v1/pages/{identity}/text")
            assert (found.status_code, found.json()["text"] or "Text.") == (200, "Text.")
    assert product.client.get("/v1/pages/7/text").status_code == 404
