"""Shares and trends on the real process: what people send in, and what records, cards and trends tell of it."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page, redirect

pytestmark = pytest.mark.e2e

ARTICLE = "http://news.test/article"
CANONICAL = '<link rel="canonical" href="http://news.test/article">'
WEB = {
    "news.test/article": page("An article", CANONICAL),
    "news.test/article?view=print": page("An article", CANONICAL),
    "short.test/a": redirect(ARTICLE),
    "news.test/old": page("Old news"),
    "noise.test/x": page("Noise"),
    "quiet.test/x": page("Quiet"),
    "moving.test/x": page("Moving"),
    "staying.test/x": page("Staying"),
    "denied.test/x": page("Denied"),
    "zeitung.test/artikel": http('<html lang="de-CH"><title>Ein Artikel</title></html>'),
}


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin(WEB) as origin:
        yield origin


@pytest.fixture(scope="module")
def product(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    settings = {"SPIDERDUCK_TRENDS__DENY": json.dumps(["denied.test"])}
    folder: Path = tmp_path_factory.mktemp("shares")
    with Product(folder / "data", origin.port, settings) as product:
        yield product


def within(seconds: float, told: Callable[[], Any], wanted: Any) -> None:
    """Counting follows the notices a moment later."""
    over = time.monotonic() + seconds
    while (found := told()) != wanted:
        assert time.monotonic() < over, (found, wanted)
        time.sleep(0.05)


def ago(**before: float) -> str:
    return (datetime.now(UTC) - timedelta(**before)).isoformat()


def crowd(product: Product, url: str, name: str, count: int, **before: float) -> None:
    """So many different people share it, so long ago."""
    product.send(
        *(
            {
                "id": f"https://m.test/{name}/{number}",
                "urls": [url],
                "sharer": f"{name}-{number}",
                "created_at": ago(**before),
            }
            for number in range(count)
        )
    )


def test_every_address_of_a_page_counts_for_it_once_an_event(product: Product) -> None:
    """A short link, a tracking variant, a variant that names its canonical address; a repeat changes nothing."""
    variants = ["http://short.test/a", f"{ARTICLE}?utm_source=x", "http://news.test/article?view=print", ARTICLE]
    events = [
        *({"id": f"share-{number}", "urls": [url], "sharer": "anna"} for number, url in enumerate(variants)),
        {"id": "share-9", "urls": [ARTICLE], "sharer": "berta", "created_at": ago(hours=3)},
        {"id": "share-10", "urls": [ARTICLE], "created_at": ago(days=3)},
    ]
    for _ in range(2):
        product.send(*events)
    product.ended(*variants)
    shares = {"total": 6, "last_hour": 4, "last_day": 5, "sharers": 2}
    for url in variants:
        within(20, lambda url=url: product.record(url).get("shares"), shares)
    card = product.client.get("/v1/unfurl", params={"url": variants[0]}).json()
    assert card["shares"] == shares
    assert "anna" not in (product.data / "spiderduck.db").read_bytes().decode("latin-1")


def test_who_only_looks_shares_nothing(product: Product) -> None:
    """A card that is fetched for a look, and fetched again, is no share; nor is the queue that counts a caller's."""
    for refresh in ("false", "true"):
        card = product.client.get(
            "/v1/unfurl", params={"url": "http://noise.test/x", "wait_ms": 20_000, "refresh": refresh}
        ).json()
    assert (card["status"], card.get("shares")) == ("fetched", None)
    product.send({"urls": ["http://noise.test/x"]})
    within(20, lambda: product.record("http://noise.test/x").get("shares", {}).get("total"), 1)
    assert product.client.get("/v1/queues").json()["queues"] == []
    assert product.client.delete("/v1/queues/@shares").status_code in (400, 404)


def test_a_stream_made_by_hand_trends_as_worked_out(product: Product) -> None:
    """Old news: 2 people the day before, 8 today, (8 - 2)² / 2 = 18. The article in German: 6 today, (6 - 1)² / 1 = 25.
    What is denied, and what few share, is left out; of its domains the same holds."""
    crowd(product, "http://news.test/old", "before", 2, hours=30)
    within(20, lambda: product.record("http://news.test/old").get("shares", {}).get("total"), 2)
    crowd(product, "http://news.test/old", "today", 8)
    crowd(product, "http://zeitung.test/artikel", "leser", 6)
    crowd(product, "http://denied.test/x", "denied", 20)
    crowd(product, "http://quiet.test/x", "few", 4)
    within(20, lambda: [one["url"] for one in trends(product)], ["http://zeitung.test/artikel", "http://news.test/old"])
    first, second = trends(product)
    assert (first["title"], first["language"], round(first["score"])) == ("Ein Artikel", "de-CH", 25)
    assert (second["title"], round(second["score"]), second["shares"]["sharers"]) == ("Old news", 18, 10)
    assert second["rank"] < first["rank"] <= 100
    assert len(second["distribution"]) == 24
    assert second["distribution"][-1] == 100
    assert second["examples"][0].startswith("https://m.test/today/")
    assert [one["url"] for one in trends(product, lang="de")] == ["http://zeitung.test/artikel"]
    assert [one["url"] for one in trends(product, limit=1)] == ["http://zeitung.test/artikel"]
    within(20, lambda: {"zeitung.test", "news.test"} - domains(product), set())
    assert not domains(product) & {"denied.test", "quiet.test"}
    within(
        20, lambda: trends(product, window="week")[0]["url"], "http://news.test/old"
    )  # ten people, and nobody the week before


def test_a_shared_page_that_changes_is_announced(origin: Origin, product: Product) -> None:
    """With what it said before; a page that stays the same is not."""
    product.client.put("/v1/queues/changes").raise_for_status()
    product.send({"urls": ["http://moving.test/x", "http://staying.test/x"]})
    product.ended("http://moving.test/x", "http://staying.test/x")
    origin.answers["moving.test/x"] = page("Another title")
    product.send({"urls": ["http://moving.test/x", "http://staying.test/x"], "refresh": True})
    found: list[dict[str, Any]] = []

    def changes() -> list[Any]:
        found.extend(one for one in product.notices("changes") if one["type"] == "spiderduck.url.changed")
        return [one["subject"] for one in found]

    within(20, changes, ["http://moving.test/x"])
    assert found[0]["changes"]["title"] == {"before": "Moving", "after": "Another title"}
    assert found[0]["data"]["metadata"]["title"] == "Another title"


def trends(product: Product, **parameters: Any) -> list[dict[str, Any]]:
    answer = product.client.get("/v1/trends", params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["links"])


def domains(product: Product) -> set[str]:
    return {one["domain"] for one in product.client.get("/v1/trends", params={"by": "domains"}).json()["domains"]}


@pytest.mark.parametrize("wrong", [{"by": "people"}, {"window": "year"}, {"lang": "x y"}, {"limit": "0"}])
def test_what_cannot_be_asked_for_is_refused(product: Product, wrong: dict[str, str]) -> None:
    """By name, as a problem."""
    answer = product.client.get("/v1/trends", params=wrong)
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["detail"]


def test_what_was_taken_down_trends_no_more(product: Product) -> None:
    """Neither the page, by whichever of its addresses it was shared, nor its title; what else trends stays."""
    crowd(product, "http://noise.test/x", "loud", 40)
    within(20, lambda: trends(product)[0]["url"], "http://noise.test/x")
    before = [one["url"] for one in trends(product)[1:]]
    product.client.post("/v1/takedowns", json={"url": "http://noise.test/x"}).raise_for_status()
    for window in ("hour", "day", "week"):
        answer = product.client.get("/v1/trends", params={"window": window}).text
        assert "noise.test" not in answer
        assert "Noise" not in answer
    assert [one["url"] for one in trends(product)] == before
