"""The whole flow through bad weather: a network that loses, delays and breaks off, and a disk that takes its time.

Every event comes to exactly one ending, is announced exactly once, and no site is asked more often than its limit says.
"""

import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.product import Product
from tests.engines.toxics import Toxiproxy
from tests.origin import Origin, Request, page

pytestmark = pytest.mark.chaos

PER_SECOND, BURST = 2.0, 3
SETTINGS = {
    "SPIDERDUCK_FETCHERS__RATE_LIMIT__PER_SECOND": str(PER_SECOND),
    "SPIDERDUCK_FETCHERS__RATE_LIMIT__BURST": str(BURST),
    "SPIDERDUCK_SCHEDULERS__PICTURES": "false",
}
ALLOWANCE = 0.05
"""Seconds by which the network can push two requests together that set out apart; the delays of the weather beside."""


def urls_of(domains: int, each: int) -> list[str]:
    return [f"http://site{domain}.test/{number}" for domain in range(domains) for number in range(each)]


def send_all(product: Product, urls: Sequence[str]) -> None:
    """One event a URL, in batches."""
    for start in range(0, len(urls), 50):
        product.send(*({"id": url, "urls": [url]} for url in urls[start : start + 50]))


def assert_told_once(product: Product, urls: Sequence[str]) -> None:
    told = Counter(notice["subject"] for notice in product.notices("all"))
    assert told == Counter(urls)
    assert product.client.get("/v1/dead").json()["letters"] == []


def assert_polite(requests: Sequence[Request], delayed: float) -> None:
    """In every window, as far as the delays of the network let it be seen from its end."""
    by_host: dict[str, list[float]] = {}
    for request in requests:
        by_host.setdefault(request.host, []).append(request.at)
    for times in by_host.values():
        for first in range(len(times)):
            for last in range(first, len(times)):
                seconds = times[last] - times[first] + delayed + ALLOWANCE
                assert last - first + 1 <= BURST + PER_SECOND * seconds + 1e-6


@pytest.mark.engine("toxiproxy")
def test_a_network_that_loses_packets(toxiproxy: Toxiproxy, tmp_path: Path) -> None:
    """Late segments as after a loss, answers in slices, resets, answers that break off, and connections that hang."""
    urls = urls_of(120, 2)
    with Origin(default=page("Duck", "x" * 3000)) as origin, toxiproxy.link(origin.target) as link:
        with Product(tmp_path / "data", link.port, SETTINGS) as product:
            product.notices("all")
            link.spoil("latency", latency=150, jitter=150, share=0.5)
            link.spoil("slicer", average_size=500, size_variation=200, delay=2000, share=0.3)
            link.spoil("reset_peer", timeout=20, share=0.05)
            link.spoil("limit_data", bytes=900, share=0.05)
            send_all(product, urls)
            records = product.ended(*urls, seconds=240.0)
            statuses = Counter(record["status"] for record in records)
            assert statuses["fetched"] > len(urls) * 0.6, statuses
            assert statuses["failed"] == 0, statuses
            assert_told_once(product, urls)
        assert_polite(origin.requests, 0.3)


def test_a_disk_that_takes_its_time_and_a_kill_in_the_middle(tmp_path: Path) -> None:
    """Each write waits for up to a third of a second. What was accepted comes to its ending all the same."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler to slow the disk down with")
    library = tmp_path / "slow_disk.so"
    source = Path(__file__).with_name("slow_disk.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    slow = {**SETTINGS, "LD_PRELOAD": str(library), "SLOW_DISK_MS": "300"}
    urls = urls_of(100, 2)
    with Origin(default=page("Duck")) as origin:
        product = Product(tmp_path / "data", origin.port, slow)
        with product:
            product.notices("all")
            send_all(product, urls)
            product.ended(*urls[:40], seconds=120.0)
            assert product.client.get("/readyz").status_code == 200
            product.kill()
        with product:
            records = product.ended(*urls, seconds=240.0)
            assert Counter(record["status"] for record in records) == Counter({"fetched": len(urls)})
            assert_told_once(product, urls)
