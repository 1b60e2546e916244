"""kill -9 at any moment, while events flow: no accepted event is lost, none stored twice, every notice with one id."""

import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page

pytestmark = pytest.mark.e2e

KILLS = (5, pytest.param(20, marks=pytest.mark.chaos))
SEED = 20261123


class Sender(threading.Thread):
    """Sends small batches for as long as it is told to, and remembers what was accepted."""

    def __init__(self, product: Product) -> None:
        super().__init__(daemon=True)
        self._product = product
        self._over = threading.Event()
        self.accepted: dict[str, str] = {}

    def run(self) -> None:
        number = 0
        while not self._over.is_set():
            batch = {
                f"event-{number + one}": f"http://host{(number + one) % 7}.test/page-{number + one}" for one in range(5)
            }
            events = [{"id": name, "urls": [url]} for name, url in batch.items()]
            try:
                answer = self._product.client.post("/v1/events", json=events)
            except (httpx.HTTPError, RuntimeError):
                time.sleep(0.01)  # it was killed: the batch is sent again, as a sender would
                continue
            if answer.status_code == 202:
                self.accepted |= batch
                number += len(batch)

    def stop(self) -> None:
        self._over.set()
        self.join(30)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kills", KILLS)
def test_kills_lose_nothing_and_store_nothing_twice(origin: Origin, tmp_path: Path, kills: int) -> None:
    origin.default = page("Any")
    origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    product = Product(tmp_path / "data", origin.port).start()
    told: list[dict[str, Any]] = product.notices("audit")
    moments = random.Random(SEED)
    sender = Sender(product)
    sender.start()
    for _ in range(kills):
        time.sleep(moments.uniform(0.05, 0.6))
        product.kill()
        product.start()
    sender.stop()
    accepted = sender.accepted
    assert len(accepted) > kills
    wait_until_idle(product)
    told += product.notices("audit")
    urls = list(accepted.values())
    for start in range(0, len(urls), 500):
        records = product.ended(*urls[start : start + 500], seconds=60)
        assert {one["status"] for one in records} == {"fetched"}
    notices = Counter(one["event_id"] for one in told if one["type"] == "spiderduck.url.processed")
    assert set(accepted) <= set(notices), "every accepted event was announced"
    ids = {one["event_id"]: one["id"] for one in told}
    assert all(one["id"] == ids[one["event_id"]] for one in told), "a repeated notice carries the same id"
    for record in records[:50]:
        versions = product.client.get(f"/v1/pages/{record['page_id']}/history").json()["versions"]
        assert len(versions) == 1, "no URL is stored twice for one event"
    assert product.client.get("/v1/dead").json()["letters"] == []
    assert product.stop() == 0


def wait_until_idle(product: Product) -> None:
    over = time.monotonic() + 60
    while time.monotonic() < over:
        metrics = product.client.get("/metrics").text
        if "spiderduck_messages_ready 0.0" in metrics and "spiderduck_messages_in_flight 0.0" in metrics:
            return
        time.sleep(0.05)
    raise AssertionError("messages are left in the queue")
