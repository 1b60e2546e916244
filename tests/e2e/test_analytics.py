"""Rows and questions on the real process: killed while it writes, asked over HTTP and on the command line."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, page, redirect

pytestmark = pytest.mark.e2e

WEB = {"short.test/a": redirect("http://news.test/1"), "none.test/robots.txt": page("none")}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """After a kill in the middle of its work."""
    with Origin(WEB, default=page("A page")) as origin:
        folder: Path = tmp_path_factory.mktemp("analytics")
        settings = {"SPIDERDUCK_ANALYTICS__WRITE": "true", "SPIDERDUCK_ANALYTICS__FLUSH_SECONDS": "0.1"}
        with Product(folder / "data", origin.port, settings) as product:
            for number in range(40):
                product.send({"id": f"e{number}", "urls": [f"http://news.test/{number}"], "sharer": f"s{number % 7}"})
            product.kill()
            product.start()
            product.send({"id": "last", "urls": ["http://short.test/a", "http://other.test/x"]})
            urls = [f"http://news.test/{number}" for number in range(40)]
            product.ended(*urls, "http://short.test/a", "http://other.test/x")
            over = time.monotonic() + 20
            while sum(row["shares"] for row in asked(product, "sites")["rows"]) < 42:
                assert time.monotonic() < over, asked(product, "sites")
                time.sleep(0.1)
            yield product


def asked(product: Product, question: str, **parameters: Any) -> dict[str, Any]:
    answer = product.client.get(f"/v1/analytics/{question}", params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def command(product: Product, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spiderduck", *words, "--data", str(product.data)],
        env=product.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_each_share_and_fetch_is_one_row_over_a_kill(product: Product) -> None:
    """Counted by site, and by the part of requests that ended well."""
    found = asked(product, "sites")
    assert [(row["domain"], row["shares"]) for row in found["rows"]] == [
        ("news.test", 41),  # a short link led there
        ("other.test", 1),
    ]
    assert found["rows"][0]["sharers"] == 7
    rows = command(product, "sql", "SELECT count(*) AS n, count(DISTINCT row) AS m FROM shares", "--json")
    assert json.loads(rows.stdout) == {"n": 42, "m": 42}, rows.stderr


def test_what_was_fetched_from_a_site_is_told(product: Product) -> None:
    """With how it went."""
    found = asked(product, "urls", domain="short.test")
    assert [(row["url"], row["fetch_status"]) for row in found["rows"]] == [("http://short.test/a", 301)]
    many = asked(product, "urls", domain="news.test", limit=5)
    assert (len(many["rows"]), many["is_cut"]) == (5, True)
    endings = {row["outcome"] for row in asked(product, "endings")["rows"]}
    assert endings == {"answered"}
    assert {row["stage"] for row in asked(product, "latency")["rows"]} >= {"waited", "first_byte"}


def test_the_command_line_tells_the_same(product: Product) -> None:
    """As a table and as JSON, while the server runs."""
    table = command(product, "report", "sites")
    assert "news.test" in table.stdout, table.stderr
    row = json.loads(command(product, "report", "sites", "--json", "--most", "1").stdout)
    assert (row["domain"], row["shares"]) == ("news.test", 41)
    refused = command(product, "sql", "COPY shares TO 'out.csv'")
    assert (refused.returncode, "one SELECT" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/v1/analytics/nothing", 404, "sites"),
        ("/v1/analytics/urls", 400, "domain="),
        ("/v1/analytics/sites?days=0", 400, "days"),
        ("/v1/analytics/sites?domain=';--", 400, "domain"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(product: Product, path: str, status: int, word: str) -> None:
    """That says what there is."""
    answer = product.client.get(path)
    assert answer.status_code == status
    assert word in answer.json()["detail"]
    assert {one["name"] for one in product.client.get("/v1/analytics").json()["questions"]} >= {
        "images",
        "sites",
        "urls",
    }


def test_what_no_page_tells_of_is_a_row_too(product: Product) -> None:
    """A direct fetch, and the robots.txt before it: each once."""
    answer = product.client.post("/v1/fetch", json={"url": "http://direct.test/file"})
    assert answer.headers["X-Fetched-Status"] == "200", answer.text
    query = "SELECT kind, url, fetch_status, content_length > 0 AS came FROM fetches "
    where, found, over = "WHERE url_host_name = 'direct.test' ORDER BY kind", "", time.monotonic() + 20
    while len(found.splitlines()) < 2:
        assert time.monotonic() < over, found
        found = command(product, "sql", query + where, "--json").stdout
    assert [tuple(json.loads(line).values()) for line in found.splitlines()] == [
        ("direct", "http://direct.test/file", 200, True),
        ("robots", "http://direct.test/robots.txt", 200, True),
    ]
