"""The main job, with the real process: an event goes in, a link is understood, stored, archived and announced."""

import io
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.product import Product
from tests.origin import Origin, http, page, redirect

pytestmark = pytest.mark.e2e

CARD = (
    '<meta property="og:title" content="Why ducks float"><meta property="og:image" content="http://pics.test/duck.png">'
    '<meta property="og:description" content="Air."><meta property="og:site_name" content="Pond News">'
    '<link rel="canonical" href="http://news.test/a">'
)


def picture(width: int = 640, height: int = 400) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (10, 120, 200)).save(out, "PNG")
    return out.getvalue()


def test_a_shared_link_becomes_a_record(origin: Origin, product: Product) -> None:
    origin.answers |= {
        "short.test/x": redirect("http://news.test/a?utm_source=feed"),
        "news.test/a": page("Why ducks float | Pond News", CARD),
    }
    assert product.record("http://short.test/x")["status"] == "unknown"
    answer = product.send({"id": "one", "text": "look: http://short.test/x !"})
    assert (answer["accepted"], answer["duplicates"], answer["ids"]) == (1, 0, ["one"])
    assert [event["links"] for event in answer["events"]] == [["http://short.test/x"]]
    (record,) = product.ended("http://short.test/x")
    assert record["status"] == "fetched"
    assert record["redirects"] == [{"url": "http://short.test/x", "status_code": 301}]
    assert record["resolved_url"] == "http://news.test/a?utm_source=feed"
    assert record["canonical_url"] == "http://news.test/a"
    assert record["metadata"]["title"] == "Why ducks float"
    assert record["metadata"]["site_name"] == "Pond News"
    assert record["provenance"]["title"]["rule"] == "og:title"
    assert record["content"]["type"] == "text/html"
    assert record["page_id"].isdigit()
    (target,) = product.ended("http://news.test/a")
    assert target["page_id"] == record["page_id"], "a look-up answers for every URL of a chain, tracking or not"


def test_page_content_and_history(origin: Origin, product: Product) -> None:
    origin.answers["news.test/a"] = page("A")
    product.send({"urls": ["http://news.test/a"]})
    (record,) = product.ended("http://news.test/a")
    content = product.client.get(f"/v1/pages/{record['page_id']}/content")
    assert content.content == page("A").partition(b"\r\n\r\n")[2]
    assert content.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in content.headers["content-security-policy"]
    assert product.client.get(f"/v1/pages/{record['page_id']}").json()["metadata"]["title"] == "A"
    history = product.client.get(f"/v1/pages/{record['page_id']}/history").json()["versions"]
    assert [one["page_id"] for one in history] == [record["page_id"]]
    assert product.client.get("/v1/pages/1").status_code == 404


def test_the_same_event_twice_is_one_fetch_and_one_notice(origin: Origin, product: Product) -> None:
    origin.answers["news.test/a"] = page("A")
    product.notices("all")
    event = {"id": "one", "urls": ["http://news.test/a"]}
    product.send(event)
    product.ended("http://news.test/a")
    assert product.send(event)["duplicates"] == 1
    product.send({"id": "two", "urls": ["http://news.test/a"]})
    told = wait_for_notices(product, "all", 2)
    assert [(one["event_id"], one["outcome"]) for one in told] == [("one", "fetched"), ("two", "reused")]
    assert len(origin.asked("news.test")) == 1


def wait_for_notices(product: Product, queue: str, count: int, seconds: float = 15.0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    over = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < over:
        found += product.notices(queue)
    return found


def test_refresh_forces_a_fetch_and_a_304_keeps_the_page(origin: Origin, product: Product) -> None:
    def answer(request: Any) -> bytes:
        if request.headers.get("if-none-match") == '"1"':
            return http(status="304 Not Modified")
        return http("<title>A</title>", ETag='"1"')

    origin.answers["news.test/a"] = answer
    product.send({"id": "one", "urls": ["http://news.test/a"]})
    (first,) = product.ended("http://news.test/a")
    product.notices("all")
    product.send({"id": "two", "urls": ["http://news.test/a"], "refresh": True})
    (told,) = wait_for_notices(product, "all", 1)
    assert told["outcome"] == "fetched"
    record = product.record("http://news.test/a")
    assert (record["status"], record["page_id"]) == ("fetched", first["page_id"])
    assert record["checked_at"] > first["checked_at"]
    assert len(origin.asked("news.test")) == 2


def test_a_failed_refetch_keeps_the_good_metadata(origin: Origin, product: Product) -> None:
    origin.answers["news.test/a"] = page("Good")
    product.send({"id": "one", "urls": ["http://news.test/a"]})
    product.ended("http://news.test/a")
    product.notices("all")
    origin.answers["news.test/a"] = http("gone", "410 Gone")
    product.send({"id": "two", "urls": ["http://news.test/a"], "refresh": True})
    (told,) = wait_for_notices(product, "all", 1)
    assert told["outcome"] == "http_error"
    record = product.record("http://news.test/a")
    assert record["metadata"]["title"] == "Good"
    assert record["last_error"]["status"] == "http_error"


def test_every_ending_has_its_name_and_a_reason(origin: Origin, product: Product) -> None:
    origin.answers |= {
        "*/robots.txt": http("User-agent: *\nDisallow: /private\n", content_type="text/plain"),
        "loop.test/a": redirect("http://loop.test/b"),
        "loop.test/b": redirect("http://loop.test/a"),
        "zip.test/a": http(b"PK", content_type="application/zip"),
        "bad.test/a": b"SMTP ready\r\n\r\n",
        "broken.test/robots.txt": http("no", "503 Service Unavailable"),
    }
    wanted = {
        "http://news.test/private/a": "robots_denied",
        "http://news.test/none": "http_error",
        "http://loop.test/a": "redirect_loop",
        "http://zip.test/a": "unsupported_type",
        "http://bad.test/a": "protocol_error",
        "http://127.0.0.1:8080/": "blocked_address",
        "http://nowhere.invalid/": "dns_error",
        "ftp://files.test/a": "unsupported_scheme",
        "http://[broken": "invalid_url",
    }
    product.send({"urls": list(wanted)})
    records = product.ended(*wanted)
    assert {one["url"]: one["status"] for one in records} == wanted
    assert all(one["reason"] for one in records)


def test_a_thousand_short_links_to_one_article_make_one_fetch_of_it(origin: Origin, product: Product) -> None:
    origin.answers["news.test/a"] = page("A")
    links = [f"http://short.test/{number}" for number in range(300)]
    origin.default = redirect("http://news.test/a")
    origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    product.send(*({"id": str(number), "urls": [link]} for number, link in enumerate(links)))
    records = product.ended(*links)
    assert len({one["page_id"] for one in records}) == 1
    assert len(origin.asked("news.test")) == 1


def test_the_picture_is_measured_told_and_served(origin: Origin, product: Product) -> None:
    origin.answers |= {
        "news.test/a": page("A", CARD),
        "pics.test/duck.png": http(picture(), content_type="image/png"),
    }
    product.notices("all")
    product.send({"id": "one", "urls": ["http://news.test/a"]})
    told = wait_for_notices(product, "all", 2)
    assert [one["type"] for one in told] == ["spiderduck.url.processed", "spiderduck.url.updated"]
    image = told[1]["data"]["metadata"]["image"]
    assert (image["width"], image["height"], image["type"]) == (640, 400, "image/png")
    assert (image["bytes"], image["colour"][0], len(image["blurhash"]) > 5) == (len(picture()), "#", True)
    assert product.record("http://news.test/a")["metadata"]["image"] == image
    answer = product.client.get(
        "/images/cards", params={"src": "http://pics.test/duck.png", "w": 320, "format": "jpeg"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (320, 200)
    assert len(origin.asked("pics.test")) == 1, "its origin is asked once"


def test_the_stream_tells_as_it_happens_and_ends_on_shutdown(origin: Origin, product: Product) -> None:
    origin.answers["news.test/a"] = page("A")
    lines: list[str] = []
    connected = threading.Event()

    def listen() -> None:
        with product.client.stream("GET", "/v1/stream", params={"domain": "news.test"}) as answer:
            for line in answer.iter_lines():
                lines.append(line)
                connected.set()

    listening = threading.Thread(target=listen)
    listening.start()
    assert connected.wait(60)
    product.send({"id": "one", "urls": ["http://news.test/a", "http://other.test/"]})
    product.ended("http://news.test/a", "http://other.test/")
    started = time.monotonic()
    assert product.stop() == 0
    assert time.monotonic() - started < 10
    listening.join(5)
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert [(one["subject"], one["outcome"]) for one in data] == [("http://news.test/a", "fetched")]


def test_an_unreadable_event_is_refused_and_nothing_is_accepted(product: Product) -> None:
    answer = product.client.post("/v1/events", json=[{"id": "good", "text": "x"}, {"id": "bad", "nothing": 1}])
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1" in answer.json()["detail"]
    assert product.send({"id": "good", "text": "x"})["accepted"] == 1


def test_a_burst_of_events_comes_through_with_no_more_threads(origin: Origin, product: Product) -> None:
    origin.default = page("Any")
    origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    urls = [f"http://host{number % 20}.test/{number}" for number in range(400)]
    product.send({"id": "first", "urls": ["http://host1.test/first"]})
    product.ended("http://host1.test/first")
    threads = product.threads()
    product.send(*({"id": f"e{number}", "urls": [url]} for number, url in enumerate(urls)))
    assert {one["status"] for one in product.ended(*urls, seconds=40)} == {"fetched"}
    assert product.threads() <= threads + 1, "few threads, whatever the load (the lease's may be asleep at first)"


def test_a_second_process_on_the_same_data_is_told_so(product: Product, origin: Origin, tmp_path: Path) -> None:
    second = Product(tmp_path / "data", origin.port)
    with pytest.raises(AssertionError, match="works on the data folder"):
        second.start()
    assert second.process is not None
    assert second.process.wait(10) == 4
    assert second.process.stdout is not None
    second.process.stdout.close()
