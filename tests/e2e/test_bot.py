"""The publisher's page, on the real process."""

from typing import Any

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page

pytestmark = pytest.mark.e2e


def asked(product: Product, **parameters: Any) -> dict[str, Any]:
    answer = product.client.get("/bot", params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_publisher_sees_what_was_asked_and_which_line_allowed_it(origin: Origin, product: Product) -> None:
    rules = http("User-agent: *\nAllow: /duck\nDisallow: /private\n", content_type="text/plain")
    origin.answers |= {"www.news.test/robots.txt": rules, "www.news.test/duck": page("A duck of mine")}
    url = "http://www.news.test/duck?reader=secret"
    product.send({"urls": [url]})
    product.ended(url)
    told = asked(product, domain="news.test")
    (request,) = told["requests"]
    assert (request["path"], request["result"], request["robots_rule"]) == ("/duck", "200", "Allow: /duck (line 2)")
    text = product.client.get("/bot", params={"domain": "WWW.News.test"}).text
    assert "secret" not in text
    assert "A duck" not in text
    assert asked(product, domain="other.test")["requests"] == []


def test_it_says_how_to_keep_it_out(product: Product) -> None:
    told = asked(product)
    assert told["block"] == f"User-agent: {told['product']}\nDisallow: /\n"
    assert told["user_agent"].startswith(told["product"])
    page_of_it = product.client.get("/bot", headers={"Accept": "text/html"})
    assert page_of_it.headers["content-type"].startswith("text/html")
    assert product.client.get("/bot", params={"domain": "no domain/"}).status_code == 400
