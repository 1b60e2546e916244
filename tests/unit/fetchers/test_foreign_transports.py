"""Any httpx transport plugs in: httpx's own (under pytest-httpx), an ASGI app, and their errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pytest_httpx import HTTPXMock

from fetchers.building import Adapters, build_fetcher
from fetchers.fetcher import Fetcher
from fetchers.model import Ended, Ending, HopRequest, Response
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from fetchers.transport.httpx import HttpxTransport
from groundwork.clock import SystemClock
from tests.unit.fetchers.small_web import FAST


@asynccontextmanager
async def fetcher_on(transport: httpx.AsyncBaseTransport) -> AsyncIterator[Fetcher]:
    fetcher = build_fetcher(FAST, Adapters(HttpxTransport(transport), MemoryHostStates(), NoSharedCache()))
    running = asyncio.create_task(fetcher.run())
    yield fetcher
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def ask(url: str) -> HopRequest:
    by = SystemClock().now() + 10.0
    return HopRequest(url, by, by)


async def test_pytest_httpx_plugs_into_the_fetcher(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url="http://a.test/robots.txt", status_code=404)
    httpx_mock.add_response(url="http://a.test/x?y=1", text="<p>hello", headers={"content-type": "text/html"})
    async with fetcher_on(httpx.AsyncHTTPTransport()) as fetcher:
        result = await fetcher.perform(ask("http://a.test/x?y=1"))
    assert isinstance(result, Response)
    assert result.body == b"<p>hello"
    request = httpx_mock.get_requests()[-1]
    assert request.headers["host"] == "a.test"
    assert request.headers["user-agent"] == "TestBot/1.0"


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (httpx.ConnectError("refused"), Ending.CONNECT_ERROR),
        (httpx.ConnectTimeout("slow"), Ending.TIMED_OUT),
        (httpx.ReadTimeout(""), Ending.TIMED_OUT),
        (httpx.RemoteProtocolError("garbage"), Ending.PROTOCOL_ERROR),
        (httpx.ReadError(""), Ending.CONNECT_ERROR),
        (httpx.UnsupportedProtocol("gopher"), Ending.CONNECT_ERROR),
    ],
)
async def test_httpx_errors_have_their_endings(
    httpx_mock: HTTPXMock, error: httpx.TransportError, ending: Ending
) -> None:
    httpx_mock.add_response(url="http://a.test/robots.txt", status_code=404)
    httpx_mock.add_exception(error, url="http://a.test/")
    async with fetcher_on(httpx.AsyncHTTPTransport()) as fetcher:
        result = await fetcher.perform(ask("http://a.test/"))
    assert isinstance(result, Ended)
    assert result.ending is ending
    assert result.unreached is (ending is Ending.CONNECT_ERROR or isinstance(error, httpx.ConnectTimeout))


async def test_an_asgi_app() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        assert isinstance(scope, dict)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})  # type: ignore[operator]
        body = b"" if scope["path"] == "/robots.txt" else b"from the app"
        await send({"type": "http.response.body", "body": body})  # type: ignore[operator]

    async with fetcher_on(httpx.ASGITransport(app=app)) as fetcher:
        result = await fetcher.perform(ask("http://a.test/"))
    assert isinstance(result, Response)
    assert result.body == b"from the app"
