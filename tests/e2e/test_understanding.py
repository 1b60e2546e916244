"""What the record says beyond the card, with the real process: usage, links that are spent, pages that are gone."""

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page, redirect

pytestmark = pytest.mark.e2e


def test_what_a_site_lets_others_do_is_told_and_kept_to(origin: Origin, product: Product) -> None:
    origin.answers |= {
        "pond.test/robots.txt": http("User-agent: *\nContent-Signal: ai-train=no\n", content_type="text/plain"),
        "pond.test/a": http(
            '<head><title>Duck</title><meta name="description" content="Secret words."></head>',
            X_Robots_Tag="otherbot: noindex, spiderduck: nosnippet",
        ),
        "open.test/a": page("Open"),
    }
    product.send({"id": "one", "urls": ["http://pond.test/a", "http://open.test/a"]})
    (record,) = product.ended("http://pond.test/a")
    assert record["usage"] == {
        "snippet": {"value": False, "source": "header:x-robots-tag"},
        "ai_train": {"value": False, "source": "robots.txt"},
    }
    assert record["metadata"]["title"] == "Duck"
    assert "Secret" not in str(record)
    content = f"/v1/pages/{record['page_id']}/content"
    for purpose, status in (("any", 403), ("display", 403), ("ai-train", 403), ("ai-input", 200), ("index", 200)):
        answer = product.client.get(content, params={"purpose": purpose})
        assert answer.status_code == status, purpose
    assert product.client.get(content).json()["code"] == "usage_refused"
    card = product.client.get("/v1/unfurl", params={"url": "http://pond.test/a"}).json()
    assert ("description" in card, card["usage"]) == (False, record["usage"])
    (other,) = product.ended("http://open.test/a")
    assert "usage" not in other
    assert product.client.get(f"/v1/pages/{other['page_id']}/content").status_code == 200


def test_a_link_that_would_be_spent_is_never_asked_for(origin: Origin, product: Product) -> None:
    spent = "http://mail.test/unsubscribe?token=b7c1d0e94f2a8836"
    origin.answers |= {"short.test/x": redirect(spent), "mail.test/unsubscribe": page("You are off the list")}
    product.send({"id": "one", "urls": ["http://short.test/x", spent]})
    for url in ("http://short.test/x", spent):
        (record,) = product.ended(url)
        assert (record["status"], record["reason_code"], record["destination"]) == ("not_fetched", "one_time", spent)
    answer = product.client.post("/v1/fetch", json={"url": "http://short.test/x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_fetched")
    assert origin.asked("mail.test") == []


def test_a_page_that_is_gone_keeps_its_card(origin: Origin, product: Product) -> None:
    origin.answers["pond.test/a"] = page("Duck")
    product.send({"id": "one", "urls": ["http://pond.test/a"]})
    product.ended("http://pond.test/a")
    del origin.answers["pond.test/a"]
    product.send({"id": "two", "urls": ["http://pond.test/a"], "refresh": True})
    record = product.record("http://pond.test/a")
    for _ in range(100):
        if "gone_since" in record:
            break
        product.client.get("/v1/urls", params={"url": "http://nobody.test/", "wait_ms": 100})
        record = product.record("http://pond.test/a")
    assert (record["status"], record["metadata"]["title"]) == ("fetched", "Duck")
    assert record["gone_since"] == record["last_error"]["at"]
