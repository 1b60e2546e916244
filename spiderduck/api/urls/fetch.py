"""`POST /v1/fetch`: a direct, polite fetch of arbitrary content for a trusted client, streamed. Nothing is stored."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Annotated, Any, cast

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.types import ASGIApp, HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from fetchers.body.chunks import Chunks
from fetchers.body.limits import announced_length
from fetchers.errors import BrokenOff
from fetchers.model import Ended, Ending, HopRequest, NotNow, Response
from groundwork import trace
from schedulers.record import iso_time
from schedulers.urls import parse_shared
from spiderduck.api.contract.problems import ANY_BYTES, PROBLEM_TYPE, Problem, problem
from spiderduck.api.front.keys import FETCH
from spiderduck.api.parameters import BadParameter, UrlText, shortened
from spiderduck.api.services import Services
from spiderduck.api.urls.lookups import FOREIGN_CONTENT

log = logging.getLogger(__name__)

MOST_ACCEPT = 1000
AN_ACCEPT = {"maxLength": MOST_ACCEPT, "pattern": r"^[\x20-\x7e]*$"}


class FetchOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What to fetch: at most `max_bytes` of it, within `wait_ms` (its turn included)."""

    url: UrlText
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] | None = None
    wait_ms: Annotated[int, msgspec.Meta(ge=1, le=300_000)] = 60_000
    accept: Annotated[str, msgspec.Meta(extra_json_schema=AN_ACCEPT)] = "*/*"


def fetch_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""

    @post(
        "/v1/fetch",
        status_code=200,
        opt={"scope": FETCH},
        tags=["fetch"],
        summary="Fetch one URL, politely",
        description="Answers with the body while it comes, whatever its type and status: `X-Fetched-Url`, "
        "`X-Fetched-Status` and `X-Fetched-Redirects` say what it is. If the body breaks off, so does the connection.",
        responses={
            200: ANY_BYTES,
            403: ResponseSpec(
                Problem, media_type=PROBLEM_TYPE, description="`blocked_domain`, `not_fetched`: never asked for"
            ),
            502: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="The fetch failed; `code` is its ending"),
            503: ResponseSpec(
                Problem, media_type=PROBLEM_TYPE, description="The domain's turn comes later; see `Retry-After`"
            ),
        },
    )
    async def fetch_url(data: JSONBody[FetchOrder], request: Request[Any, Any, Any]) -> ASGIApp:
        if trace.current.get() is None:  # else the request's own span goes on with the caller's trace
            trace.current.set(trace.read(request.headers.get("traceparent"), request.headers.get("tracestate")))
        now = services.clock.now()
        by = now + data.wait_ms / 1000
        order = HopRequest(
            parse_shared(data.url),
            by,
            by,
            accept=_checked_accept(data.accept),
            max_bytes=data.max_bytes,
            purpose="direct",
        )
        async with AsyncExitStack() as stack:
            result, chunks = await stack.enter_async_context(services.open_direct(order))
            outcome = result.outcome
            if isinstance(outcome, Response):
                headers = _headers(outcome, len(result.hops))
                return PassedOn(stack.pop_all(), chunks, headers)
            return _no_answer(outcome, now)

    return [fetch_url]


def _headers(answer: Response, redirects: int) -> dict[str, str]:
    headers = {
        **FOREIGN_CONTENT,
        "Content-Type": answer.header("content-type") or "application/octet-stream",
        "X-Fetched-Url": answer.url,
        "X-Fetched-Status": str(answer.status_code),
        "X-Fetched-Redirects": str(redirects),
    }
    length = announced_length(answer)
    return headers if length is None else {**headers, "Content-Length": str(length)}


def _no_answer(outcome: Ended | NotNow | None, now: float) -> ASGIApp:
    assert outcome is not None, "nobody said that the target is known"
    if isinstance(outcome, NotNow):
        retry = str(max(1, round(outcome.until - now)))
        detail = f"{outcome.reason}; its turn comes at {iso_time(outcome.until)}"
        return _refused(503, detail, "late", {"Retry-After": retry})
    status = 403 if outcome.ending in (Ending.BLOCKED_DOMAIN, Ending.NOT_FETCHED) else 502
    return _refused(status, outcome.reason, outcome.ending.value)


def _checked_accept(text: str) -> str:
    """What can go out as the header `Accept`. Raises `BadParameter`."""
    if len(text) <= MOST_ACCEPT and text.isascii() and text.isprintable():
        return text
    raise BadParameter(
        f"accept is {shortened(text)}; it takes at most {MOST_ACCEPT} visible ASCII characters and spaces"
    )


def _refused(status: int, detail: str, code: str, headers: dict[str, str] | None = None) -> ASGIApp:
    """A problem, from a handler of which the framework expects an ASGI application; it takes its own answers too."""
    return cast(ASGIApp, problem(status, detail, code, headers))


class PassedOn:
    """An ASGI application that answers one request with the body of a fetch, which is open on `fetch`, while it comes.

    A body that breaks off breaks the connection off, so that a part is never taken for the whole; and what nobody takes
    any more is not fetched any more.
    """

    def __init__(self, fetch: AsyncExitStack, chunks: Chunks, headers: Mapping[str, str]) -> None:
        self._fetch = fetch
        self._chunks = chunks
        self._headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send), name="body of a fetch")
        gone = asyncio.create_task(_gone(receive), name="client of a fetch")
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        except BrokenOff as error:
            # The server closes a connection whose answer was not completed.
            log.info("a fetch that was passed on broke off: %s", error)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
            await self._fetch.aclose()

    async def _send(self, send: Send) -> None:
        start: HTTPResponseStartEvent = {"type": "http.response.start", "status": 200, "headers": self._headers}
        await send(start)
        async for piece in self._chunks:
            await send(_body(piece, more=True))
        await send(_body(b"", more=False))


async def _gone(receive: Receive) -> None:
    """Returns when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(piece: bytes, *, more: bool) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": piece, "more_body": more}
