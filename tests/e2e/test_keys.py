"""A server that asks for keys, as a browser and a program meet it: pages are open, what they show is not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, page

pytestmark = pytest.mark.e2e

KEYS = [{"key": "reads-reads-reads", "scopes": ["read"]}, {"key": "writes-writes-writes", "scopes": ["read", "write"]}]


@pytest.fixture
def guarded(origin: Origin, tmp_path: Path) -> Iterator[Product]:
    with Product(tmp_path / "data", origin.port, {"SPIDERDUCK_API__KEYS": json.dumps(KEYS)}) as product:
        yield product


def test_pages_and_their_scripts_are_open(guarded: Product) -> None:
    for path, kind in (
        ("/", "text/html"),
        ("/docs/api", "text/html"),
        ("/console/links.js", "text/javascript"),
        ("/console/key.js", "text/javascript"),
        ("/console/events.js", "text/javascript"),
        ("/console/parts.css", "text/css"),
        ("/openapi.json", "application/json"),
    ):
        answer = guarded.client.get(path)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind), path
        assert answer.headers["content-type"].count("charset") <= 1
    assert guarded.client.get("/docs", follow_redirects=True).status_code == 200
    assert "unsafe" not in guarded.client.get("/").headers["content-security-policy"]


def test_what_they_show_wants_a_key_with_the_scope(guarded: Product) -> None:
    reads, writes = ({"Authorization": f"Bearer {key['key']}"} for key in KEYS)
    event = {"urls": ["http://127.0.0.1/"]}
    with guarded.client.stream("GET", "/v1/stream") as answer:
        assert answer.status_code == 401
    with guarded.client.stream("GET", "/v1/stream", headers=reads) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_raw()) == b": connected\n\n"
    assert guarded.client.post("/v1/events", json=event).status_code == 401
    refused = guarded.client.post("/v1/events", json=event, headers=reads)
    assert (refused.status_code, refused.json()["detail"]) == (403, "this key lacks the scope 'write'")
    assert guarded.client.post("/v1/events", json=event, headers=writes).status_code == 202


def test_the_document_says_which_scope(guarded: Product) -> None:
    paths = guarded.client.get("/openapi.json").json()["paths"]
    assert paths["/v1/events"]["post"]["security"] == [{"key": ["write"]}]
    assert paths["/v1/stream"]["get"]["security"] == [{"key": ["read"]}]
    assert paths["/v1/pages/{page_id}"]["get"]["security"] == [{"key": ["read"]}]
    assert paths["/images/{pipeline}/store"]["put"]["security"] == [{"key": ["admin"]}]
    assert "security" not in paths["/healthz"]["get"]


def test_a_key_that_reads_leases_no_ids(guarded: Product) -> None:
    """A lease takes a share of the ids from everybody for a while; one id, and what an id says, takes nothing."""
    reads, writes = ({"Authorization": f"Bearer {key['key']}"} for key in KEYS)
    assert guarded.client.post("/v1/ids/lease", json={}).status_code == 401
    refused = guarded.client.post("/v1/ids/lease", json={}, headers=reads)
    assert (refused.status_code, refused.json()["detail"]) == (403, "this key lacks the scope 'write'")
    assert guarded.client.post("/v1/ids/lease", json={}, headers=writes).status_code == 200
    assert guarded.client.get("/v1/ids", headers=reads).status_code == 200
    lease = guarded.client.get("/openapi.json").json()["paths"]["/v1/ids/lease"]["post"]
    assert lease["security"] == [{"key": ["write"]}]


def test_there_is_one_document(guarded: Product) -> None:
    """Not the framework's beside it, which knows neither scopes nor problems."""
    for path in ("/v1/schema", "/v1/schema/openapi.json", "/v1/schema/anything"):
        answer = guarded.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


def test_a_key_that_reads_schedules_nothing(origin: Origin, guarded: Product) -> None:
    """Neither one URL nor many; with `write` both are fetched."""
    origin.answers |= {"one.test/a": page("A"), "many.test/a": page("A")}
    reads, writes = ({"Authorization": f"Bearer {key['key']}"} for key in KEYS)
    one = {"url": "http://one.test/a", "schedule": "true", "wait_ms": "10000"}
    many = {"urls": ["http://many.test/a"], "schedule": True, "wait_ms": 10_000}
    assert guarded.client.get("/v1/urls", params=one, headers=reads).status_code == 403
    assert guarded.client.post("/v1/urls/batch", json=many, headers=reads).status_code == 403
    looked_up = guarded.client.post("/v1/urls/batch", json={"urls": many["urls"]}, headers=reads).json()
    assert looked_up["results"][0]["status"] == "unknown"
    assert guarded.client.get("/v1/urls", params=one, headers=writes).json()["status"] == "fetched"
    assert guarded.client.post("/v1/urls/batch", json=many, headers=writes).json()["results"][0]["status"] == "fetched"
