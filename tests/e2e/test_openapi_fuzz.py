"""Requests made from the OpenAPI document itself: the real process answers each as the document says, whatever the key
may do, and none with an error of ours."""

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS

from tests.e2e.product import Product
from tests.origin import Origin

pytestmark = pytest.mark.e2e

EXAMPLES = 10
"""For each operation; all together take some twenty seconds."""
ENDLESS = "/v1/stream"
NAMES = ("content_type_conformance", "response_schema_conformance", "positive_data_acceptance")
NO_SCHEMA_SAYS = {
    "GET /v1/redirects": "one of `to` and `from`",
    "POST /v1/queues/{name}/ack": "a position that was handed out",
    "PUT /v1/lists": "a file on the server",
    "PUT /v1/domains/{domain}": "a ceiling that is not below the rate",
    "POST /v1/ids/lease": "a window that begins soon",
    "POST /v1/webhooks": "a receiver that may be asked",
    "PATCH /v1/webhooks/{webhook_id}": "a receiver that may be asked",
    "PUT /images/{pipeline}/store": "the bytes of a picture",
}
"""Calls that may refuse what their schema takes, and the rule that is the reason. All others take it."""
MADE_ONCE = ("Idempotency-Key", "cursor")
"""Parameters whose values cannot be made up: new for each request, and from an earlier answer of the same listing."""
KEYS: dict[str, str | None] = {
    scope: f"a-key-that-may-{scope}-0123456789" for scope in ("admin", "read", "write", "fetch")
} | {"nothing": None}


@pytest.fixture
def hasty(origin: Origin, tmp_path: Path) -> Iterator[Product]:
    """Nobody waits long for a URL that nobody shares, or for having sent wrong keys; every call is there."""
    keys = [{"key": key, "scopes": [scope], "name": scope} for scope, key in KEYS.items() if key]
    wanted = {
        "SPIDERDUCK_API__KEYS": json.dumps(keys),
        "SPIDERDUCK_API__MOST_WAIT_MS": "50",
        "SPIDERDUCK_API__RATE_LIMIT__PER_SECOND": "0",
        "SPIDERDUCK_API__RATE_LIMIT__WRONG_KEYS": "0",
        **{f"SPIDERDUCK_COMPAT__{name}": "true" for name in ("OEMBED", "SUMMALY", "MATRIX", "MASTODON")},
    }
    with Product(tmp_path / "data", origin.port, wanted) as product:
        yield product


def fenced(case: schemathesis.Case) -> schemathesis.Case:
    """What is made up must not be asked of the network: names end in `.test`, which the origin stands for."""
    for name in MADE_ONCE:
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


def scope_of(operation: dict[str, Any]) -> str | None:
    """What the document says that a call needs; "" for a key with whatever scope, None for none."""
    wanted = [scopes for one in operation.get("security", ()) for scopes in one.values()]
    return None if not wanted else (wanted[0] or [""])[0]


def statuses_with(has: str, wanted: str | None, document: set[int]) -> set[int]:
    """Those with which a call may be answered that is as the document says."""
    if wanted is None or has == "admin" or has == wanted or (wanted == "" and has != "nothing"):
        return document
    return {401} if has == "nothing" else {403}


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """One for all calls, closed at the end: each of its own would leave its connection to the collector."""
    with requests.Session() as session:
        yield session


def test_every_operation_answers_as_documented(hasty: Product, session: requests.Session) -> None:
    """With each kind of key. Every status stands in the document, not only among the "other errors"; without a key, or
    with one that lacks the scope, nothing is answered but 401 and 403, unless the document calls the call open."""
    base = str(hasty.client.base_url).rstrip("/")
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json", timeout=60).exclude(path=ENDLESS)
    tried = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        raw = operation.definition.raw
        documented = {int(status) for status in raw["responses"] if status != "default"}
        checks = CHECKS.get_by_names(NAMES[:-1] if operation.label in NO_SCHEMA_SAYS else NAMES)

        @given(case=operation.as_strategy(), has=st.sampled_from(["admin", *KEYS]))
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def answers(case: schemathesis.Case, has: str) -> None:
            if case.headers:
                case.headers.pop("Authorization", None)
            key = KEYS[has]
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            response = fenced(case).call(session=session, timeout=20, headers=headers)
            allowed = statuses_with(has, scope_of(raw), documented)  # noqa: B023
            where = f"{response.status_code} with the key {has}: {case.as_curl_command()}\n{response.text[:500]}"
            assert response.status_code in allowed, where
            assert response.status_code != 500, where
            case.validate_response(response, checks=checks)  # noqa: B023

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answers()
        tried.add(operation.label)
    assert len(tried) > 30
    assert set(NO_SCHEMA_SAYS) <= tried
    assert hasty.client.get("/healthz").status_code == 200


ANSWERS = ["2XX", "3XX", "4XX", 501, 502, 503, 504]
"""Not implemented, and what sites and engines do, is no fault of the server's; each stands in the document."""


def configuration() -> str:
    """Of `schemathesis run`: everything is checked, but for the rules that no schema says."""
    first = f"[checks]\nnot_a_server_error.expected-statuses = {json.dumps(ANSWERS)}"
    silent = "checks.positive_data_acceptance.enabled = false"
    others = (f'[[operations]]\ninclude-name = "{label}"\n{silent}' for label in NO_SCHEMA_SAYS)
    return "\n\n".join([first, *others])


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("has", [name for name, key in KEYS.items() if key])
def test_schemathesis_finds_nothing(hasty: Product, tmp_path: Path, has: str) -> None:
    """All its checks and phases, with right and with wrong requests. Takes minutes for each key."""
    (tmp_path / "schemathesis.toml").write_text(configuration())
    words = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(tmp_path / "schemathesis.toml")]
    words += ["run", f"{hasty.client.base_url}/openapi.json", "--exclude-path", ENDLESS, "--continue-on-failure"]
    words += ["--header", f"Authorization: Bearer {KEYS[has]}", "--max-examples", str(EXAMPLES), "--seed", "7"]
    words += ["--no-color", "--warnings", "off", "--generation-database", "none", "--request-timeout", "60"]
    root = str(Path(__file__).parents[2])
    environment = {**hasty.environment, "SCHEMATHESIS_HOOKS": "tests.e2e.openapi_hooks", "PYTHONPATH": root}
    ended = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr[-2_000:]
