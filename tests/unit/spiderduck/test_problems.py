"""Which status an error has that comes out of a store, and what the caller is told."""

from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from spiderduck.api.admin.domains import domain_routes
from spiderduck.api.contract.bodies import StrictRequest
from spiderduck.api.contract.problems import answer
from spiderduck.api.notices.queues import queue_routes
from spiderduck.api.notices.stream import stream_routes
from spiderduck.api.urls.lookups import lookup_routes
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.errors import StatementRefused

REQUEST: Any = SimpleNamespace(method="GET", url=SimpleNamespace(path="/v1/urls"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable("no node answers"), "store_unavailable"),
        (StatementRefused("no such table"), "statement_refused"),
    ],
)
def test_a_store_that_cannot_serve_is_a_503_with_its_reason(error: Exception, code: str) -> None:
    """And with a time to come again: neither is the caller's fault."""
    told = answer(REQUEST, error)
    body = msgspec.json.decode(told.content)
    assert (told.status_code, body["code"], body["detail"]) == (503, code, str(error))
    assert int(told.headers["Retry-After"]) > 0


def test_a_surprise_tells_nothing_of_itself() -> None:
    told = answer(REQUEST, RuntimeError("a secret"))
    assert told.status_code == 500
    assert b"secret" not in told.content


class Anything:
    """Services that no call here comes to."""

    def __getattr__(self, name: str) -> Any:
        return Anything()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of how some handlers declare parameters
@pytest.mark.parametrize(
    ("method", "target", "body", "status", "told"),
    [
        ("PUT", "/v1/queues/a%20b", None, 400, "name takes letters, digits, . _ -; 100 characters at most"),
        ("GET", "/v1/stream?queue=a+b", None, 400, "queue takes letters, digits, . _ -; 100 characters at most"),
        ("GET", "/v1/pages/seven", None, 400, "page_id takes the digits of a page's id"),
        ("PUT", "/v1/queues/q?after=sometime", None, 400, "it takes now, beginning, or a position"),
        ("GET", "/v1/nothing", None, 404, "there is nothing at '/v1/nothing'; /docs"),
        ("DELETE", "/v1/stream", None, 405, "'/v1/stream' does not take 'DELETE'; /docs"),
        ("POST", "/v1/urls/batch", "{broken", 400, "JSON is malformed: object keys must be strings (byte 1)"),
        ("POST", "/v1/urls/batch", "", 400, "there is no body; send one as JSON"),
        ("POST", "/v1/urls/batch", "[]", 400, "the body takes an object, got a list"),
        ("POST", "/v1/urls/batch", '{"urls": []}', 400, "urls takes a list of length >= 1"),
        ("POST", "/v1/urls/batch", '{"urls": "a.test"}', 400, "urls takes a list, got a text"),
        ("POST", "/v1/urls/batch", '{"urls": [7]}', 400, "urls[0] takes a text, got a whole number"),
        ("POST", "/v1/urls/batch", '{"urls": ["a.test"], "wait": 1}', 400, "the body has the unknown field `wait`"),
        ("POST", "/v1/urls/batch", '{"wait_ms": 1}', 400, "the body lacks `urls`"),
        (
            "POST",
            "/v1/urls/batch",
            '{"urls": ["a.test"], "wait_ms": "3"}',
            400,
            "wait_ms takes a whole number, got a",
        ),
        (
            "POST",
            "/v1/urls/batch",
            '{"urls": ["a.test"], "schedule": 1}',
            400,
            "schedule takes true or false, got",
        ),
        ("POST", "/v1/urls/batch", '{"urls": ["a.test"], "wait_ms": 3.5}', 400, "wait_ms takes a whole number, got a"),
        ("POST", "/v1/urls/batch", '{"urls": ["a.test"], "wait_ms": 1e999}', 400, "wait_ms is a number out of range"),
        ("POST", "/v1/urls/batch", '{"urls": ["a.test"], "wait_ms": -3.0}', 400, "wait_ms takes a whole number >= 0"),
        ("POST", "/v1/urls/batch", '{"urls": [3.0], "wait_ms": 3.0}', 400, "urls[0] takes a text, got a whole number"),
        ("PUT", "/v1/domains/a.test", '{"per_second": "2"}', 400, "per_second takes a number or null, got a text"),
        ("POST", "/v1/urls/batch", "[" * 100_000, 400, "the body takes an object, got a list"),
        ("POST", "/v1/urls/batch", '{"urls": [' + "[" * 100_000, 400, "urls[0] takes a text, got a list"),
        ("POST", "/v1/urls/batch", '{"urls": ["\udcff"]}', 400, "the body is not readable JSON"),
    ],
)
async def test_a_refusal_says_in_words_what_would_do(
    method: str, target: str, body: str | None, status: int, told: str
) -> None:
    services: Any = Anything()
    routes = (stream_routes, queue_routes, lookup_routes, domain_routes)
    app = Litestar(
        [route for group in routes for route in group(services)],
        request_class=StrictRequest,
        exception_handlers={Exception: answer},
        openapi_config=None,
        logging_config=None,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        content = None if body is None else body.encode("utf-8", "surrogateescape")
        headers = {} if body is None else {"Content-Type": "application/json"}
        refused = await client.request(method, target, content=content, headers=headers)
    assert (refused.status_code, told in refused.json()["detail"]) == (status, True), refused.text
    assert "regex" not in refused.text
