"""Durable queues and positions over HTTP: what a reader did not confirm comes again, and nobody is left in silence."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, page

pytestmark = pytest.mark.e2e

KEYS = [{"key": "reads-reads-reads", "scopes": ["read"]}, {"key": "writes-writes-writes", "scopes": ["read", "write"]}]
READS, WRITES = ({"Authorization": f"Bearer {one['key']}"} for one in KEYS)


@pytest.fixture
def guarded(origin: Origin, tmp_path: Path) -> Iterator[Product]:
    settings = {"SPIDERDUCK_API__KEYS": json.dumps(KEYS), "SPIDERDUCK_QUEUES__MOST": "2"}
    with Product(tmp_path / "data", origin.port, settings) as product:
        yield product


def share(product: Product, *names: str) -> None:
    """Each a URL of its own that ends at once: nothing is asked for it."""
    product.send(*({"id": name, "urls": [f"ftp://site.test/{name}"]} for name in names))


def told(
    product: Product, count: int, headers: dict[str, str] | None = None, **parameters: Any
) -> list[dict[str, Any]]:
    """The first `count` events of a stream: `id`, `event` and `data`."""
    found: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    with product.client.stream("GET", "/v1/stream", params=parameters, headers=headers, timeout=10) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name in ("id", "event"):
                event[name] = value
            elif name == "data":
                event["data"] = json.loads(value)
            elif not line and event:
                found.append(event)
                event = {}
                if len(found) == count:
                    break
    return found


def names(events: list[dict[str, Any]]) -> list[str]:
    return [one["data"]["event_id"] for one in events]


def lag(product: Product, queue: str) -> int:
    (found,) = [one for one in product.client.get("/v1/queues").json()["queues"] if one["name"] == queue]
    return int(found["lag"])


def until_lag(product: Product, queue: str, count: int) -> None:
    over = time.monotonic() + 60
    while lag(product, queue) != count:
        assert time.monotonic() < over


def test_a_reader_that_read_nothing_loses_nothing(product: Product) -> None:
    """The server wrote all of them to its socket; who comes back gets all, and then only what it did not confirm."""
    product.client.put("/v1/queues/reader").raise_for_status()
    shared = [f"n{number}" for number in range(60)]
    share(product, *shared)
    until_lag(product, "reader", 60)
    told(product, 1, queue="reader")
    assert lag(product, "reader") == 60
    events = told(product, 60, queue="reader")
    assert sorted(names(events)) == sorted(shared)
    rest = told(product, 10, {"Last-Event-ID": events[49]["id"]}, queue="reader")
    assert names(rest) == names(events)[50:]
    assert lag(product, "reader") == 10


def test_an_id_ahead_of_the_log_is_told_and_resumes_at_the_end(product: Product) -> None:
    product.client.put("/v1/queues/probe").raise_for_status()
    share(product, "before")
    until_lag(product, "probe", 1)
    ahead = str(2**63 - 1)
    for how in ({"headers": {"Last-Event-ID": "1000000"}}, {"after": ahead}):
        (reset,) = told(product, 1, **how)
        assert reset == {"event": "reset", "id": "1", "data": {"position": 1}}
    (first, second) = told(product, 2, {"Last-Event-ID": ahead}, queue="probe")
    assert (first["event"], second["data"]["event_id"]) == ("reset", "before")


def test_the_header_goes_before_the_parameter(product: Product) -> None:
    """A browser keeps the address and sends the header when it comes back."""
    product.client.put("/v1/queues/probe").raise_for_status()
    share(product, "one", "two")
    until_lag(product, "probe", 2)
    both = told(product, 2, after="0")
    assert names(told(product, 1, {"Last-Event-ID": "1"}, after="0")) == names(both)[1:]


def test_what_is_no_position_is_a_problem(product: Product) -> None:
    """Superscripts, digits of other scripts, numbers beyond 64 bits, signs and points, wherever a position is taken."""
    for wrong in (b"\xb2", b"\xd9\xa3", b"99999999999999999999", b"9223372036854775808", b"-1", b"1.0"):
        answer = product.client.get("/v1/stream", headers={b"Last-Event-ID": wrong})
        assert (answer.status_code, answer.json()["status"]) == (400, 400)
        after = {"after": wrong.decode("latin-1")}
        assert product.client.get("/v1/stream", params=after).status_code == 400
        assert product.client.put("/v1/queues/q", params=after).status_code == 400


def test_an_acknowledgement_of_what_was_not_handed_out_is_refused(product: Product) -> None:
    """And every later notice still comes."""
    product.client.put("/v1/queues/billing").raise_for_status()
    for position in (1, 999_999_999, 2**63 - 1, 2**63, 10**30, -1, "1", None, 1.5, True):
        answer = product.client.post("/v1/queues/billing/ack", json={"position": position})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), position
    share(product, "later")
    until_lag(product, "billing", 1)
    pulled = product.client.get("/v1/queues/billing", params={"wait_ms": 5000}).json()
    assert [one["event_id"] for one in pulled["notices"]] == ["later"]
    assert product.client.post("/v1/queues/billing/ack", json={"position": pulled["position"]}).status_code == 204
    assert product.client.post("/v1/queues/billing/ack", json={"position": 0}).status_code == 204


def test_what_was_pulled_can_be_acknowledged_after_a_crash(product: Product) -> None:
    """What was handed out is on the disk."""
    product.client.put("/v1/queues/billing").raise_for_status()
    share(product, "one", "two")
    until_lag(product, "billing", 2)
    position = product.client.get("/v1/queues/billing", params={"wait_ms": 5000}).json()["position"]
    product.kill()
    product.start()
    assert product.client.post("/v1/queues/billing/ack", json={"position": position}).status_code == 204
    assert lag(product, "billing") == 0


def test_only_put_makes_a_queue(product: Product) -> None:
    for method, path, body in (
        ("GET", "/v1/queues/none", None),
        ("POST", "/v1/queues/none/ack", {"position": 0}),
        ("DELETE", "/v1/queues/none", None),
        ("GET", "/v1/stream?queue=none", None),
    ):
        answer = product.client.request(method, path, json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
    assert product.client.get("/v1/queues").json()["queues"] == []
    made, again = product.client.put("/v1/queues/new"), product.client.put("/v1/queues/new?after=0")
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["expires_at"] > made.json()["created_at"]
    for name in ("a b", "a%0A", "%C3%A9", "..%2Fx", "x" * 101, "..."):
        assert product.client.put(f"/v1/queues/{name}").status_code in (400, 404), name
    assert [one["name"] for one in product.client.get("/v1/queues").json()["queues"]] == ["new"]
    assert product.client.delete("/v1/queues/new").status_code == 204


def test_a_queue_can_begin_with_the_oldest_notice(product: Product) -> None:
    product.client.put("/v1/queues/probe").raise_for_status()
    share(product, "one")
    until_lag(product, "probe", 1)
    for after, count in (("now", 0), ("beginning", 1), ("0", 1), ("1", 0)):
        made = product.client.put(f"/v1/queues/from-{after}", params={"after": after})
        assert (made.status_code, made.json()["lag"]) == (201, count)


def test_a_key_that_reads_makes_no_queue(guarded: Product) -> None:
    """It reads and acknowledges those that are there; their number has a limit."""
    client = guarded.client
    for path in ("/v1/queues/none", "/v1/stream?queue=none"):
        assert client.get(path, headers=READS).status_code == 404
    assert client.put("/v1/queues/one", headers=READS).status_code == 403
    for name, status in (("one", 201), ("two", 201), ("two", 200), ("three", 409)):
        assert client.put(f"/v1/queues/{name}", headers=WRITES).status_code == status
    assert client.get("/v1/queues/one", headers=READS).status_code == 200
    assert client.post("/v1/queues/one/ack", json={"position": 0}, headers=READS).status_code == 204
    assert client.delete("/v1/queues/one", headers=READS).status_code == 403
    assert len(client.get("/v1/queues", headers=READS).json()["queues"]) == 2


def test_watch_makes_its_queue_and_acknowledges_what_it_showed(origin: Origin, product: Product) -> None:
    """Twice: the second goes on where the first ended."""
    origin.answers["news.test/a"] = page("A")
    product.client.put("/v1/queues/team").raise_for_status()
    share(product, "one", "two", "three")
    until_lag(product, "team", 3)
    shown = [json.loads(line)["event_id"] for _ in range(3) for line in watched(product, "--most", "1", "--json")[0]]
    assert sorted(shown) == ["one", "three", "two"]
    assert lag(product, "team") == 0


def test_watch_says_what_its_key_lacks(guarded: Product) -> None:
    lines, errors = watched(guarded, "--most", "1", key="reads-reads-reads")
    assert lines == []
    assert "making one needs a key with the scope write" in errors


def watched(product: Product, *options: str, key: str = "") -> tuple[list[str], str]:
    command = [sys.executable, "-m", "spiderduck", "watch", "--server", str(product.client.base_url).rstrip("/")]
    command += ["--queue", "team", *options, *(["--key", key] if key else [])]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return ended.stdout.splitlines(), ended.stderr
