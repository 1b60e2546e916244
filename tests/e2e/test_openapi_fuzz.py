"""Requests made from the OpenAPI document itself: the real process answers each as the document says, and none with an
error of ours."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from tests.e2e.product import Product
from tests.origin import Origin

pytestmark = pytest.mark.e2e

EXAMPLES = 12
"""For each operation; all together take some twenty seconds."""
ENDLESS = "/v1/stream"
NAMES = (
    "content_type_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "positive_data_acceptance",
)
NO_SCHEMA_SAYS = {
    "GET /v1/redirects": "one of `to` and `from`",
    "GET /v1/ids/at": "a moment that an id can hold",
    "POST /v1/ids/lease": "a window that begins soon",
    "POST /v1/queues/{name}/ack": "a position that was handed out",
    "PUT /v1/lists": "a file on the server",
    "PUT /v1/domains/{domain}": "a ceiling that is not below the rate",
    "POST /v1/webhooks": "a receiver that may be asked",
    "PATCH /v1/webhooks/{webhook_id}": "a receiver that may be asked",
    "PUT /images/{pipeline}/store": "the bytes of a picture",
}
"""Calls that may refuse what their schema takes, and the rule that is the reason. All others take it."""


@pytest.fixture
def hasty(origin: Origin, tmp_path: Path) -> Iterator[Product]:
    """Nobody waits long for a URL that nobody shares."""
    with Product(tmp_path / "data", origin.port, {"SPIDERDUCK_API__MOST_WAIT_MS": "50"}) as product:
        yield product


def fenced(case: schemathesis.Case) -> schemathesis.Case:
    """What is made up must not be asked of the network: names end in `.test`, which the origin stands for."""
    for name in ("Idempotency-Key", "cursor"):  # new each time, and from an earlier answer: none can be made up
        for place in (case.headers, case.query):
            if place:
                place.pop(name, None)
    if isinstance(case.body, dict):
        case.body = {name: _at_home(name, value) for name, value in case.body.items()}
    if case.query:
        case.query = {name: _at_home(name, value) for name, value in case.query.items()}
    return case


def _at_home(name: str, value: object) -> object:
    if name == "schedule":
        return False
    return "http://made.test/up" if name in ("url", "src", "to") and isinstance(value, str) else value


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """One for all calls, closed at the end: each of its own would leave its connection to the collector."""
    with requests.Session() as session:
        yield session


def test_every_operation_answers_as_documented(hasty: Product, session: requests.Session) -> None:
    base = str(hasty.client.base_url).rstrip("/")
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json").exclude(path=ENDLESS)
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        names = NAMES[:-1] if operation.label in NO_SCHEMA_SAYS else NAMES
        checks = CHECKS.get_by_names(names)

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def answers(case: schemathesis.Case) -> None:
            response = fenced(case).call(session=session, timeout=20)
            assert response.status_code != 500, case.as_curl_command()
            case.validate_response(response, checks=checks)  # noqa: B023

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answers()
        tried += 1
    assert tried > 30
    assert hasty.client.get("/healthz").status_code == 200
