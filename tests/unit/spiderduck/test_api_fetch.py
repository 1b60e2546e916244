"""`POST /v1/fetch`: what a trusted client is given, what it is told instead, and in which trace the fetch is done."""

from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from fetchers.body.chunks import Chunks
from fetchers.client.redirects import open_fetch
from fetchers.model import Ended, Ending, FetchResult, HopRequest, HopResult, NotNow, Response
from groundwork import trace
from groundwork.trace import Trace
from spiderduck.api.urls.fetch import fetch_routes
from tests.clock import FakeClock
from tests.unit.fetchers.bodies import opening

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Direct:
    """Answers with one outcome; keeps what was asked and in which trace."""

    def __init__(self, outcome: Response | Ended | NotNow) -> None:
        self.clock = FakeClock()
        self.asked: list[tuple[HopRequest, Trace | None]] = []
        self._outcome = outcome

    def open_direct(self, request: HopRequest) -> AbstractAsyncContextManager[tuple[FetchResult, Chunks]]:
        self.asked.append((request, trace.current.get()))
        return open_fetch(request, opening(self._hop))

    async def _hop(self, request: HopRequest) -> HopResult:
        if request.url == "http://a.test/":
            return Response(request.url, 301, (("location", "http://b.test/"),), b"", self.clock.now())
        return self._outcome


async def post(direct: Direct, order: dict[str, Any], **headers: str) -> Any:
    services: Any = SimpleNamespace(clock=direct.clock, open_direct=direct.open_direct)
    async with AsyncTestClient(Litestar(fetch_routes(services), openapi_config=None)) as client:
        return await client.post("/v1/fetch", json=order, headers=headers)


PAGE = Response("http://b.test/", 404, (("content-type", "text/x-odd"),), b"whatever it is", 1_000_000.0)


async def test_the_content_is_given_as_it_is_and_as_a_download() -> None:
    direct = Direct(PAGE)
    answer = await post(direct, {"url": "HTTP://A.test", "max_bytes": 10, "wait_ms": 5000})
    assert (answer.status_code, answer.content) == (200, b"whatever it is")
    assert answer.headers["content-type"].startswith("text/x-odd")
    assert answer.headers["x-fetched-url"] == "http://b.test/"
    assert (answer.headers["x-fetched-status"], answer.headers["x-fetched-redirects"]) == ("404", "1")
    request, place = direct.asked[0]
    assert (request.url, request.max_bytes, request.purpose) == ("http://a.test/", 10, "direct")
    assert request.deadline == request.start_by == direct.clock.now() + 5.0
    assert place is None


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (NotNow(1_000_030.0, "it asked for a pause"), 503, "late"),
        (Ended(Ending.BLOCKED_ADDRESS, "it is private"), 502, "blocked_address"),
        (Ended(Ending.TOO_LARGE, "it is too large"), 502, "too_large"),
    ],
)
async def test_other_outcomes_are_problems_with_a_code(outcome: Ended | NotNow, status: int, code: str) -> None:
    answer = await post(Direct(outcome), {"url": "http://a.test/"})
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.headers.get("retry-after") == ("30" if code == "late" else None)


async def test_the_callers_trace_goes_on() -> None:
    direct = Direct(PAGE)
    await post(direct, {"url": "http://a.test/"}, traceparent=f"00-{TRACE}-{SPAN}-01", tracestate="vendor=1")
    await post(direct, {"url": "http://a.test/"}, traceparent="nonsense")
    assert [place for _, place in direct.asked] == [Trace(TRACE, SPAN, "01", "vendor=1"), None]


@pytest.mark.parametrize(
    "accept", ["é", "text/html\U0001f600", "a\r\nx: y", "a\tb", "\x00", "\x7f", "a" * 1001, "\u2028"]
)
async def test_an_accept_that_no_header_carries_is_a_400_and_nothing_is_asked(accept: str) -> None:
    direct = Direct(PAGE)
    answer = await post(direct, {"url": "http://a.test/", "accept": accept})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("accept is ")
    assert len(answer.json()["detail"]) < 200
    assert direct.asked == []


@pytest.mark.parametrize("accept", ["", "*/*", "text/html, image/*;q=0.5", "a" * 1000])
async def test_any_other_accept_goes_out_as_it_is(accept: str) -> None:
    direct = Direct(PAGE)
    assert (await post(direct, {"url": "http://a.test/", "accept": accept})).status_code == 200
    assert {request.accept for request, _ in direct.asked} == {accept}
