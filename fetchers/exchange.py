"""One request and its answer: build, send through the transport, read the body (`body/reading.py`).

Called by `fetcher.py` once the domain's turn has come. Whatever the other side does ends in a named ending within the
limits of time and size.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Protocol, cast

import httpx

from fetchers.body.budget import BodyBudget, BodyHold, Patience
from fetchers.body.limits import plan_body
from fetchers.body.reading import pass_over, read_body
from fetchers.body.turns import DecodeTurns
from fetchers.config import FetchersConfig, Limits
from fetchers.counters import Counters
from fetchers.errors import (
    BlockedAddress,
    ConnectError,
    CutShort,
    DnsError,
    FetcherError,
    ProtocolError,
    TimedOut,
    TlsError,
)
from fetchers.media_type import said_type, sniffed_type
from fetchers.model import CutBy, Ended, Ending, Headers, HopRequest, NotNow, Response
from fetchers.ports import Take
from fetchers.redirect_target import target_in_head
from fetchers.urls import UrlParts
from groundwork.clock import Clock

ENDINGS: dict[type[FetcherError], Ending] = {
    BlockedAddress: Ending.BLOCKED_ADDRESS,
    DnsError: Ending.DNS_ERROR,
    TlsError: Ending.TLS_ERROR,
    ConnectError: Ending.CONNECT_ERROR,
    TimedOut: Ending.TIMED_OUT,
    ProtocolError: Ending.PROTOCOL_ERROR,
    CutShort: Ending.PROTOCOL_ERROR,
}
"""The one table from a transport's error to an ending. Others are surprises and stay exceptions."""

FOREIGN_ENDINGS: tuple[tuple[type[Exception], Ending], ...] = (
    (httpx.TimeoutException, Ending.TIMED_OUT),
    (httpx.ConnectError, Ending.CONNECT_ERROR),
    (httpx.ProtocolError, Ending.PROTOCOL_ERROR),
    (httpx.DecodingError, Ending.PROTOCOL_ERROR),
    (httpx.InvalidURL, Ending.PROTOCOL_ERROR),
    (httpx.TransportError, Ending.CONNECT_ERROR),
)
"""The same for transports that raise httpx's errors. The first that fits counts."""

ACCEPT_ENCODING = "gzip, deflate, br, zstd"


NO_ROOM_SECONDS = 1.0
UNSUPPORTED = "its type {!r} is none that says something about a link"


class _TimeToRead:
    """The time limit of an exchange, which stands still while the body waits for room; the deadline does not."""

    def __init__(self, limit: asyncio.Timeout, latest: float) -> None:
        self._limit = limit
        self._latest = latest
        self.stands_still = False

    @contextmanager
    def stopped(self) -> Iterator[None]:
        loop, ends = asyncio.get_running_loop(), self._limit.when() or self._latest
        begun, self.stands_still = loop.time(), True
        self._limit.reschedule(self._latest)
        yield
        self.stands_still = False
        self._limit.reschedule(min(ends + loop.time() - begun, self._latest))


class Sending(Protocol):
    """The right to send; see `sending.py`."""

    def may_write(self) -> bool: ...

    def written(self) -> None: ...

    async def again(self) -> bool: ...


async def exchange(
    transport: httpx.AsyncBaseTransport,
    request: HopRequest,
    parts: UrlParts,
    config: FetchersConfig,
    clock: Clock,
    sending: Sending,
    counters: Counters,
    robots_rule: str | None = None,
    take: Take | None = None,
    turns: DecodeTurns | None = None,
    hold: BodyHold | None = None,
) -> Response | Ended | NotNow:
    """Send `request` and read the answer, by way of `take` where there is one. `hold` holds its body; `NotNow`
    where there was no room for it in time.

    Raises `TurnLost` where `sending` takes the right to send back.
    """
    headers = request_headers(request, parts, config.user_agent)
    started = clock.monotonic()
    left = max(request.deadline - clock.now(), 0.001)
    seconds = min(config.limits.total_seconds, left)
    limit = asyncio.timeout(seconds)
    time = _TimeToRead(limit, asyncio.get_running_loop().time() + left)
    hold = hold or BodyBudget(0, 0).hold()
    try:
        async with limit:
            outgoing = _outgoing(transport, request, parts, headers, config, sending)
            answer = await transport.handle_async_request(outgoing)
            counters.head_came(answer.extensions.get("connection"), clock.monotonic() - started)
            stream = cast(httpx.AsyncByteStream, answer.stream)
            try:
                return await _read(
                    answer,
                    stream,
                    request,
                    config,
                    clock,
                    started,
                    headers,
                    robots_rule,
                    counters,
                    take,
                    turns or DecodeTurns(),
                    hold,
                    time,
                )
            finally:
                await stream.aclose()  # what the answer's own `aclose` does, after looking at it from all sides
    except TimeoutError:
        if time.stands_still:
            return NotNow(clock.now() + NO_ROOM_SECONDS, "there was no room for its body")
        reason = f"{parts.host} did not finish its answer within {seconds:.0f} s"
        return Ended(Ending.TIMED_OUT, reason)
    except FetcherError as error:
        ending = ENDINGS.get(type(error))
        if ending is None:
            raise
        return Ended(ending, str(error), unreached=_is_unreached(error))
    except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
        ending = next(ending for kind, ending in FOREIGN_ENDINGS if isinstance(error, kind))
        unreached = ending is Ending.CONNECT_ERROR or isinstance(error, httpx.ConnectTimeout)
        return Ended(ending, f"{parts.host}: {error or type(error).__name__}", unreached=unreached)


def _is_unreached(error: FetcherError) -> bool:
    return isinstance(error, ConnectError) or (isinstance(error, TimedOut) and error.phase == "connect")


def _outgoing(
    transport: httpx.AsyncBaseTransport,
    request: HopRequest,
    parts: UrlParts,
    headers: Headers,
    config: FetchersConfig,
    sending: Sending,
) -> httpx.Request:
    url = PLACEHOLDER if getattr(transport, "takes_url_from_extensions", False) else httpx.URL(request.url)
    return httpx.Request(
        "GET",
        url,
        headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
        stream=NO_BODY,
        extensions={
            "parts": parts,
            "target": parts.target.encode("ascii"),
            "may_write": sending.may_write,
            "on_written": sending.written,
            "again": sending.again,
            "timeout": _timeouts(config.limits),
        },
    )


@lru_cache(maxsize=8)
def _timeouts(limits: Limits) -> dict[str, float]:
    return {
        "connect": limits.connect_seconds,
        "first_byte": limits.first_byte_seconds,
        "read": limits.read_seconds,
        "write": limits.read_seconds,
        "pool": limits.connect_seconds,
    }


NO_BODY = httpx.ByteStream(b"")
"""Given to httpx, it keeps it from looking for one, which takes longer than all the rest of the request."""


PLACEHOLDER = httpx.URL("http://placeholder.invalid/")
"""httpx's own URL class rejects hosts that the WHATWG rules allow (emoji) and quotes again what is quoted already, so
the transport takes the URL and the request target from the extensions. Transports of others get the real URL, as far as
httpx can hold it."""


_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
"""What no header may hold. A validator is sent as its bytes came (RFC 9110, section 8.8.3), or not at all."""


def request_headers(request: HopRequest, parts: UrlParts, user_agent: str) -> Headers:
    """What is sent, in order."""
    headers = [
        ("Host", parts.authority),
        ("User-Agent", user_agent),
        ("Accept", request.accept),
        ("Accept-Encoding", "identity" if request.byte_range else ACCEPT_ENCODING),
    ]
    for name, value in (
        ("If-None-Match", request.etag),
        ("If-Modified-Since", request.last_modified),
        ("Range", request.byte_range),
        ("If-Range", request.if_range),
    ):
        if value is not None and not _UNSENDABLE.search(value):
            headers.append((name, value))
    return tuple(headers)


async def _read(
    answer: httpx.Response,
    stream: httpx.AsyncByteStream,
    request: HopRequest,
    config: FetchersConfig,
    clock: Clock,
    started: float,
    sent: Headers,
    robots_rule: str | None,
    counters: Counters,
    take: Take | None,
    turns: DecodeTurns,
    hold: BodyHold,
    patience: Patience,
) -> Response | Ended:
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers.raw)
    said = said_type(headers)
    plan = plan_body(request, answer.status_code, said, config.limits)
    connection = answer.extensions.get("connection")

    def response(body: bytes = b"", cut_by: CutBy | None = None) -> Response:
        return Response(
            url=request.url,
            status_code=answer.status_code,
            headers=headers,
            body=body,
            fetched_at=clock.now(),
            request_headers=sent,
            http_version=_text(answer.extensions.get("http_version"), "HTTP/1.1"),
            reason_phrase=_text(answer.extensions.get("reason_phrase"), ""),
            address=getattr(connection, "address", None),
            elapsed=clock.monotonic() - started - hold.waited,
            truncated=cut_by is not None,
            robots_rule=robots_rule,
            tls_version=getattr(connection, "tls_version", None),
            certificate_subject=getattr(connection, "certificate_subject", None),
            hold=hold if hold.taken else None,
            cut_by=cut_by,
        )

    if target_in_head(answer.status_code, headers, request.url) is not None:
        await pass_over(stream)  # followed whatever its body does
        return response()
    if plan is None:
        return Ended(Ending.UNSUPPORTED_TYPE, UNSUPPORTED.format(said[:100]), response())
    reading = await read_body(
        stream, headers, plan, None if take is None else partial(take, response()), turns, hold, patience
    )
    counters.body_bytes += reading.size
    match reading.end:
        case "too_large":
            return Ended(Ending.TOO_LARGE, f"its body is larger than {plan.limit} bytes")
        case "unsupported":
            return Ended(Ending.UNSUPPORTED_TYPE, UNSUPPORTED.format(sniffed_type(reading.body)), response())
        case "whole":
            return response(reading.body)
        case cut_by:
            return response(reading.body, cut_by)


def _text(value: object, default: str) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else default
