"""Who shares a link of a quiet domain is told at once, whatever the busy domains do; and a busy domain is asked no more
often than its limit allows, but as often."""

from pathlib import Path

from tests.e2e.product import Product
from tests.origin import Origin, page

BUSY, EACH, RARE = 30, 5, 40
PER_SECOND, BURST = 0.5, 2
SETTINGS = {
    "SPIDERDUCK_FETCHERS__RATE_LIMIT__PER_SECOND": str(PER_SECOND),
    "SPIDERDUCK_FETCHERS__RATE_LIMIT__BURST": str(BURST),
    "SPIDERDUCK_FETCHERS__RATE_LIMIT__ADDRESS_PER_SECOND": "100000",
    "SPIDERDUCK_FETCHERS__RATE_LIMIT__ADDRESS_BURST": "100000",
    "SPIDERDUCK_SCHEDULERS__COUNT": "1",
    "SPIDERDUCK_SCHEDULERS__IN_FLIGHT": "60",
}
"""Sixty places: far fewer than the 150 URLs that the busy domains are sent at once."""


def test_rare_domains_do_not_wait_for_busy_ones(tmp_path: Path) -> None:
    with Origin(default=page("A page")) as origin, Product(tmp_path / "data", origin.port, SETTINGS) as product:
        busy = [f"http://busy{one % BUSY}.test/{one}" for one in range(BUSY * EACH)]
        rare = [f"http://rare{one}.test/" for one in range(RARE)]
        for urls in (busy, rare):
            product.send(*({"id": url, "urls": [url]} for url in urls))
        assert {one["status"] for one in product.ended(*rare)} == {"fetched"}
        record = product.record(busy[-1])
        assert record["status"] == "deferred", "it waits for ten seconds"
        assert "waits for its domain's turn" in record["reason"]
        assert record["until"]
        assert {one["status"] for one in product.ended(*busy, seconds=60.0)} == {"fetched"}
        arrivals = [one.at for one in origin.requests if one.host.startswith("busy0.")]
        assert len(arrivals) == EACH + 1, "each page once, and robots.txt"
        for first, start in enumerate(arrivals):
            for count, end in enumerate(arrivals[first:], start=1):
                assert count <= BURST + PER_SECOND * (end - start) + 0.2
