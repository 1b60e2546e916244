"""The story of a URL, on the real process: each step with its reason, and what the time went into."""

import subprocess
import sys

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page, redirect

pytestmark = pytest.mark.e2e

SHORT, URL = "http://short.test/x", "http://news.test/duck"


def test_a_domain_is_shown_and_its_limit_changed_from_the_command_line(origin: Origin, product: Product) -> None:
    """As an operator does who wonders why it is slow."""
    origin.answers |= {"busy.test/robots.txt": http(), "busy.test/a": http(status="429 No", Retry_After="500")}
    product.send({"urls": ["http://busy.test/a"]})
    product.ended("http://busy.test/a", open_statuses=frozenset({"unknown", "pending"}))
    command = [sys.executable, "-m", "spiderduck", "domain", "www.busy.test", "--server", str(product.client.base_url)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "http://busy.test/a answered 429 with Retry-After" in " ".join(shown.split())
    change = ["--per-second", "7", "--burst", "9", "--ceiling", "20"]
    shown = subprocess.run([*command, *change], capture_output=True, text=True, check=True).stdout
    assert "busy.test: 7 requests a second, up to 20, 9 at once" in shown


def test_the_story_of_a_link(origin: Origin, product: Product) -> None:
    rules = http("User-agent: *\nAllow: /duck\nDisallow: /private\n", content_type="text/plain")
    origin.answers |= {
        "short.test/x": redirect(URL),
        "news.test/robots.txt": rules,
        "news.test/duck": page("A duck", '<meta property="og:title" content="A duck on the pond">'),
    }
    product.send({"urls": [SHORT, "http://news.test/private"]})
    product.ended(SHORT, "http://news.test/private")
    story = product.client.get("/v1/why", params={"url": SHORT}).json()
    steps = story["steps"]
    stages = [step["stage"] for step in steps]
    assert stages[0] == "decide"
    assert [step["what"] for step in steps if step["stage"] == "answer"] == [
        "short.test at 127.0.0.1 answered 301",
        "news.test at 127.0.0.1 answered 200",
    ]
    assert [step["because"] for step in steps if step["stage"] == "redirect"] == ["the header Location"]
    robots = [step["because"] for step in steps if step["stage"] == "robots"]
    assert robots == ["no rule of it speaks of this URL", "Allow: /duck (line 2)"]
    (title,) = (step for step in steps if step["stage"] == "extract" and step["what"].startswith("title: "))
    assert title["because"].startswith("the rule og:title")
    assert {"archive", "store", "fresh", "verdict"} <= set(stages)
    assert story["total_ms"] == sum(phase["took_ms"] for phase in story["critical_path"])
    assert story["total_ms"] == sum(step.get("took_ms", 0) for step in steps)
    moments = [step["at"] for step in steps]
    assert moments == sorted(moments)
    assert stages.index("answer") < stages.index("extract") < stages.index("archive") < stages.index("store")

    denied = product.client.get("/v1/why", params={"url": "http://news.test/private"}).json()
    assert denied["status"] == "robots_denied"
    assert any("private" in (step.get("because") or "") for step in denied["steps"])

    told = subprocess.run(
        [sys.executable, "-m", "spiderduck", "why", SHORT, "--server", str(product.client.base_url)],
        capture_output=True,
        text=True,
        env={**product.environment, "COLUMNS": "200"},
    )
    assert told.returncode == 0, told.stderr
    assert "Allow: /duck (line 2)" in told.stdout


def test_nothing_is_made_up_of_a_url_that_nobody_shared(product: Product) -> None:
    story = product.client.get("/v1/why", params={"url": URL}).json()
    assert (story["status"], [step["what"] for step in story["steps"]]) == (
        "unknown",
        ["nobody has shared this URL here"],
    )
    assert product.client.get("/v1/why", params={"url": "http://["}).status_code == 400


def test_a_failed_try_is_told_beside_what_was_known(origin: Origin, product: Product) -> None:
    origin.answers["news.test/duck"] = page("A duck")
    product.send({"urls": [URL]})
    product.ended(URL)
    origin.answers["news.test/duck"] = http("gone", "404 Not Found")
    answer = product.client.get("/v1/unfurl", params={"url": URL, "refresh": True, "wait_ms": 20_000})
    assert answer.json()["title"] == "A duck"
    steps = product.client.get("/v1/why", params={"url": URL}).json()["steps"]
    assert any(step["what"].startswith("the latest try ended as http_error") for step in steps)
    assert any(step["what"] == "news.test at 127.0.0.1 answered 404" for step in steps)
