"""Each request of the API leaves one line and one observation: by its route, never by what was in its address."""

import logging
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.params import FromPath

from spiderduck.api.front.access import LEFT, NO_ROUTE, AccessLog
from spiderduck.api.front.keys import CALLER
from spiderduck.keyring import Key
from tests.clock import FakeClock

Seen = list[tuple[str, str, int, float]]


async def call(app: Any, path: str, method: str = "GET", state: dict[str, Any] | None = None) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"token=secret",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": state if state is not None else {},
    }
    await app(scope, receive, send)
    return sent


@pytest.fixture
def app() -> tuple[AccessLog, Seen]:
    clock = FakeClock()

    @get("/v1/things/{name:str}")
    async def thing(name: FromPath[str]) -> str:
        await clock.advance(0.25)
        return name

    @get("/healthz")
    async def healthz() -> str:
        return "ok"

    @get("/breaks")
    async def breaks() -> str:
        raise RuntimeError

    seen: Seen = []
    inner = Litestar([thing, healthz, breaks], logging_config=None, openapi_config=None)
    return AccessLog(inner, lambda *values: seen.append(values), clock.monotonic), seen


async def test_a_request_is_told_by_its_route(app: tuple[AccessLog, Seen], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    key = Key.__new__(Key)
    object.__setattr__(key, "name", "ci")
    await call(app[0], "/v1/things/private", state={CALLER: key})
    (record,) = caplog.records
    assert record.getMessage() == "request: GET /v1/things/{name} 200"
    fields = record.__dict__
    assert (fields["status"], fields["ms"], fields["bytes"], fields["key"]) == (200, 250.0, len("private"), "ci")
    assert "private" not in caplog.text
    assert "secret" not in str(fields)
    assert app[1] == [("/v1/things/{name}", "GET", 200, 0.25)]


async def test_levels_follow_what_came_of_it(app: tuple[AccessLog, Seen], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for path in ("/v1/things/a", "/healthz", "/nothing", "/breaks"):
        await call(app[0], path)
    levels = {r.getMessage().removeprefix("request: GET "): r.levelname for r in caplog.records if "request" in r.msg}
    assert levels == {
        "/v1/things/{name} 200": "INFO",
        "/healthz 200": "DEBUG",
        f"{NO_ROUTE} 404": "INFO",
        "/breaks 500": "WARNING",
    }


async def test_a_made_up_method_is_no_label_of_its_own(app: tuple[AccessLog, Seen]) -> None:
    await call(app[0], "/nothing", method="BREW")
    assert app[1][0][1] == "OTHER"


async def test_a_client_that_left_is_noted() -> None:
    seen: Seen = []

    async def leaving(*_: Any) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await call(AccessLog(leaving, lambda *values: seen.append(values), FakeClock().monotonic), "/")
    assert seen[0][2] == LEFT
