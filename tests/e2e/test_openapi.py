"""The OpenAPI document is true: the real process answers every kind of call with what is said there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from spiderduck.api.contract.problems import Problem
from tests.e2e.product import Product
from tests.origin import Origin, http, page

pytestmark = pytest.mark.e2e

NEWS = "http://news.test/a"


def named(value: object) -> Iterator[str]:
    """Every shape that is referred to, at any depth."""
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from named(one)


@pytest.fixture
def document(product: Product) -> dict[str, Any]:
    answer = product.client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_every_shape_that_is_named_is_there(document: dict[str, Any]) -> None:
    shapes = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(named(document)) <= shapes


def test_calls_and_their_parameters_are_described(document: dict[str, Any]) -> None:
    """Those of the API proper; the forms of other software are described by that software."""
    silent = [
        (path, method, parameter["name"])
        for path, methods in document["paths"].items()
        if path.startswith("/v1/")
        for method, operation in methods.items()
        for parameter in (
            {"name": "summary", "description": operation.get("summary")},
            *operation.get("parameters", ()),
        )
        if not parameter.get("description") and parameter["name"] != "content-type"
    ]
    assert silent == []


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    said = {
        (path, method, status, kind)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for status, response in operation["responses"].items()
        for kind in response.get("content", {})
        if status == "default" or int(status) >= 400
    }
    assert {kind for *_, kind in said} == {"application/problem+json"}
    assert {(path, method) for path, method, status, _ in said if status == "default"} == {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }


def test_answers_are_what_the_document_says(origin: Origin, product: Product, document: dict[str, Any]) -> None:
    origin.answers |= {"news.test/a": page("A"), "news.test/odd": http(b"odd", content_type="text/x-odd")}
    product.send({"urls": [NEWS]})
    (record,) = product.ended(NEWS)
    identity = record["page_id"]
    calls: list[tuple[str, str, str, dict[str, Any]]] = [
        ("get", "/v1/urls", f"/v1/urls?url={NEWS}", {}),
        ("get", "/v1/urls", "/v1/urls", {}),
        ("get", "/v1/urls", "/v1/urls?url=http://[", {}),
        ("post", "/v1/urls/batch", "/v1/urls/batch", {"json": {"urls": [NEWS]}}),
        ("post", "/v1/urls/batch", "/v1/urls/batch", {"json": {"urls": 7}}),
        ("get", "/v1/pages/{page_id}", f"/v1/pages/{identity}", {}),
        ("get", "/v1/pages/{page_id}", "/v1/pages/7", {}),
        ("get", "/v1/pages/{page_id}/history", f"/v1/pages/{identity}/history", {}),
        ("get", "/v1/pages/{page_id}/content", f"/v1/pages/{identity}/content", {}),
        ("get", "/v1/pages/{page_id}/content", "/v1/pages/7/content", {}),
        ("post", "/v1/events", "/v1/events", {"json": {"text": "nothing"}}),
        ("post", "/v1/events", "/v1/events", {"content": b"{"}),
        ("post", "/v1/fetch", "/v1/fetch", {"json": {"url": "http://news.test/odd"}}),
        ("post", "/v1/fetch", "/v1/fetch", {"json": {"url": "http://127.0.0.1/"}}),
        ("post", "/v1/fetch", "/v1/fetch", {"json": {"uri": "x"}}),
        ("get", "/v1/domains/{domain}", "/v1/domains/news.test", {}),
        ("put", "/v1/domains/{domain}", "/v1/domains/news.test", {"json": {"per_second": -1}}),
        ("get", "/v1/queues/{name}", "/v1/queues/one", {}),
        ("put", "/v1/queues/{name}", "/v1/queues/one", {}),
        ("put", "/v1/queues/{name}", "/v1/queues/one", {}),
        ("get", "/v1/queues/{name}", "/v1/queues/one", {}),
        ("get", "/v1/queues", "/v1/queues", {}),
        ("post", "/v1/queues/{name}/ack", "/v1/queues/one/ack", {"json": {"position": 2**63}}),
        ("delete", "/v1/queues/{name}", "/v1/queues/none", {}),
        ("get", "/v1/dead", "/v1/dead", {}),
        ("get", "/v1/ids", "/v1/ids", {}),
        ("get", "/v1/ids/batch", "/v1/ids/batch?count=3", {}),
        ("get", "/v1/ids/batch", "/v1/ids/batch?count=x", {}),
        ("get", "/v1/ids/{id}", f"/v1/ids/{identity}", {}),
        ("get", "/images/{pipeline}", "/images/cards", {}),
        ("get", "/images/{pipeline}", "/images/none?src=http://news.test/x", {}),
        ("get", "/images/{pipeline}/info", "/images/cards/info?src=http://news.test/x", {}),
        ("get", "/healthz", "/healthz", {}),
        ("get", "/readyz", "/readyz", {}),
        ("get", "/metrics", "/metrics", {}),
    ]
    for method, path, target, more in calls:
        answer = product.client.request(method.upper(), target, **more)
        responses = document["paths"][path][method]["responses"]
        said = responses.get(str(answer.status_code)) or responses["default"]
        kinds = [kind.partition(";")[0] for kind in said.get("content", {})]
        kind = answer.headers["content-type"].partition(";")[0]
        where = f"{method} {target}: {answer.status_code} {kind} {answer.text[:200]}"
        assert answer.status_code < 500 or answer.status_code in (502, 503), where
        assert kind in kinds or "*/*" in kinds or ("image/*" in kinds and kind.startswith("image/")), where
        if answer.status_code >= 400:
            problem = msgspec.json.decode(answer.content, type=Problem)
            assert (problem.status, bool(problem.code), bool(problem.detail)) == (answer.status_code, True, True), where


def test_the_stream_is_one_of_events(product: Product, document: dict[str, Any]) -> None:
    with product.client.stream("GET", "/v1/stream") as answer:
        kind = answer.headers["content-type"].partition(";")[0]
    assert (
        list(document["paths"]["/v1/stream"]["get"]["responses"]["200"]["content"]) == [kind] == ["text/event-stream"]
    )


def test_the_chart_publishes_no_call_that_needs_an_administrator(document: dict[str, Any]) -> None:
    """Each call is either in `ingress.paths` or stays inside; pictures are administered below their own path, with a
    key of that scope."""
    values = yaml.safe_load((Path(__file__).parents[2] / "helm" / "values.yaml").read_text(encoding="utf-8"))
    public = values["ingress"]["paths"]
    inside = ("/v1/lists", "/v1/takedowns", "/v1/audit", "/v1/analytics", "/v1/webhooks", "/v1/domains", "/v1/dead")
    inside += ("/v1/cluster", "/v1/pictures", "/v1/ids", "/v1/process", "/healthz", "/readyz", "/metrics")
    inside += ("/v1/history", "/v1/keys", "/v1/robots", "/v1/settings", "/v1/told")
    for path, methods in document["paths"].items():
        shown = [one for one in public if path == one or path.startswith(f"{one}/")]
        hidden = [one for one in inside if path == one or path.startswith(f"{one}/")]
        assert len(shown) + len(hidden) == 1, path
        given = [one for operation in methods.values() for one in operation.get("security", ())]
        scopes = {scope for one in given for named in one.values() for scope in named}
        assert "admin" not in scopes or shown in ([], ["/images"]), path
