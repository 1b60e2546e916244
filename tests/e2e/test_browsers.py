"""The real process as a browser's victim: other people's pages, names that were made to lead here, types of bodies."""

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.product import Product
from tests.origin import Origin

pytestmark = pytest.mark.e2e

KEY = "k" * 32
FOREIGN = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
CHANGES = [
    ("POST", "/v1/events", {"text": "look: http://a.test/"}),
    ("POST", "/v1/urls/batch", {"urls": ["http://a.test/"], "schedule": True}),
    ("POST", "/v1/fetch", {"url": "http://a.test/"}),
    ("POST", "/v1/dead/replay", {}),
    ("POST", "/v1/queues/x/ack", {"position": 1}),
    ("DELETE", "/v1/queues/x", None),
    ("PUT", "/v1/domains/a.test", {"per_second": 5}),
    ("POST", "/v1/ids/lease", {}),
    ("POST", "/images/cards/warm?src=http://a.test/x", None),
    ("POST", "/images/cards/stale?src=http://a.test/x", None),
    ("PUT", "/images/cards/store?src=http://a.test/x", None),
    ("DELETE", "/images/store", None),
    ("GET", "/v1/urls?url=http://a.test/&schedule=true", None),
    ("GET", "/v1/queues/x", None),
    ("GET", "/v1/stream?queue=x", None),
    ("GET", "/v1/stream?queue=false", None),
    ("GET", "/v1/stream?queue=", None),
    ("GET", "/images/inspect", None),
    ("GET", "/images/inspect/tables", None),
    ("GET", "/images/cards/thumbnail?src=http://a.test/x", None),
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    settings = {
        "SPIDERDUCK_API__HOSTS": '["links.example.com"]',
        "SPIDERDUCK_API__ORIGINS": '["https://app.example.com"]',
    }
    with Origin() as origin, Product(tmp_path_factory.mktemp("browsers") / "data", origin.port, settings) as product:
        yield product


def send(product: Product, method: str, path: str, body: Any, **headers: str) -> httpx.Response:
    content = None if body is None else json.dumps(body)
    return product.client.request(method, path, content=content, headers=headers)


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_a_page_of_somebody_else_changes_nothing(product: Product, method: str, path: str, body: Any) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}, FOREIGN):
        for content_type in ("text/plain", "application/json"):
            answer = send(product, method, path, body, **{**headers, "Content-Type": content_type})
            assert answer.status_code == 403, (headers, content_type)
            assert answer.json()["code"] == "foreign_origin"


@pytest.mark.parametrize("path", ["/v1/urls?url=http://a.test/", "/", "/v1/queues/x", "/images/inspect", "/nowhere"])
def test_a_name_that_is_not_ours_is_sent_away(product: Product, path: str) -> None:
    for name in ("evil.example", "evil.example:8080", "localhost.evil.example"):
        answer = send(product, "GET", path, None, Host=name)
        assert (answer.status_code, answer.json()["code"]) == (421, "misdirected_request")
    assert send(product, "DELETE", "/images/store", None, Host="evil.example").status_code == 421


@pytest.mark.parametrize("name", ["localhost:1", "127.0.0.1", "[::1]:8080", "links.example.com", "LINKS.example.com."])
def test_our_names_are_answered(product: Product, name: str) -> None:
    assert send(product, "GET", "/v1/urls?url=http://a.test/", None, Host=name).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_come_by_any_name(product: Product, path: str) -> None:
    assert send(product, "GET", path, None, Host="pod-7.internal").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "/v1/urls?url=http://twice.test/&schedule=false&schedule=true",
        "/v1/urls?url=http://twice.test/&url=http://thrice.test/",
        "/v1/stream?queue=false&queue=x&after=1",
        "/v1/queues/x?most=1&most=2",
        "/v1/dead?most=1&most=1",
        "/images/cards?src=http://twice.test/a.png&w=10&src=http://thrice.test/a.png",
    ],
)
def test_a_query_says_a_thing_once(product: Product, target: str) -> None:
    """Else a check reads the one value and a handler the other."""
    for headers in ({}, FOREIGN):
        answer = product.client.get(target, headers=headers)
        assert answer.status_code == 400
        assert "more than once" in answer.json()["detail"]


def test_our_own_pages_and_programs_go_on(product: Product) -> None:
    own = str(product.client.base_url).rstrip("/")
    event = {"text": "nothing here: http://a.test/own"}
    for headers in ({}, {"Origin": own, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        answer = send(product, "POST", "/v1/events", event, **{**headers, "Content-Type": "application/json"})
        assert answer.status_code == 202, answer.text
    console = product.client.get("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert console.status_code == 200  # a link to the console is a link


def test_an_allowed_origin_does_what_our_pages_do(product: Product) -> None:
    page = {"Origin": "https://app.example.com", "Sec-Fetch-Site": "cross-site"}
    preflight = product.client.options("/v1/events", headers={**page, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    answer = send(product, "POST", "/v1/events", {"urls": []}, **{**page, "Content-Type": "application/json"})
    assert answer.status_code in (202, 422)
    assert answer.headers["access-control-allow-origin"] == page["Origin"]
    with product.client.stream("GET", "/v1/stream", headers=page) as stream:
        assert stream.status_code == 200
        assert stream.headers["access-control-allow-origin"] == page["Origin"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 202),
        ("Application/JSON; charset=utf-8", 202),
        ("application/x-ndjson", 202),
        ("application/cloudevents+json", 202),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json, text/plain", 415),
        ("application/jsonx", 415),
        ("json", 415),
        ("", 415),
    ],
)
def test_a_body_says_that_it_is_json(product: Product, content_type: str, status: int) -> None:
    answer = send(product, "POST", "/v1/events", {"text": "http://a.test/type"}, **{"Content-Type": content_type})
    assert answer.status_code == status, answer.text
    if status == 415:
        assert answer.json()["code"] == "unsupported_media_type"


def test_a_body_without_a_type_is_not_taken_for_json(product: Product) -> None:
    """A page may send one of those unasked."""
    address = product.client.base_url
    body = b'{"text": "http://a.test/"}'
    with socket.create_connection((address.host, address.port or 80), timeout=10) as raw:
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        raw.sendall(head.encode() + body)
        assert raw.makefile("rb").readline().startswith(b"HTTP/1.1 415 ")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Product, int]]:
    """With a key, and a port for metrics."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "SPIDERDUCK_API__KEYS": json.dumps([{"key": KEY, "scopes": ["read", "write"]}]),
        "SPIDERDUCK_METRICS_PORT": str(port),
    }
    with Origin() as origin, Product(tmp_path_factory.mktemp("guarded") / "data", origin.port, settings) as product:
        yield product, port


def test_a_valid_key_comes_from_no_stranger(guarded: tuple[Product, int]) -> None:
    """A page can have no browser send one unasked."""
    product, _ = guarded
    event, json_type = {"text": "http://a.test/"}, {"Content-Type": "application/json"}
    key = {"Authorization": f"Bearer {KEY}"}
    assert send(product, "POST", "/v1/events", event, **FOREIGN, **json_type, **key).status_code == 202
    wrong = {"Authorization": "Bearer another"}
    assert send(product, "POST", "/v1/events", event, **FOREIGN, **json_type, **wrong).status_code == 403


def test_metrics_want_the_key_or_have_a_port(guarded: tuple[Product, int]) -> None:
    product, port = guarded
    assert product.client.get("/metrics").status_code == 401
    assert product.client.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as metrics:
        assert re.search("^spiderduck_", metrics.get("/metrics").text, re.MULTILINE)
        assert metrics.get("/healthz").status_code == 200
        assert metrics.get("/v1/urls?url=http://a.test/").status_code == 404
    assert product.client.get("/images/inspect").status_code == 401
