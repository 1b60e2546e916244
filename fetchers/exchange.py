"""One request and its answer: build, send through the transport, read the body within its limits.

Called by `fetcher.py` once the domain's turn has come. Its one rule: whatever the other side does ends in a named ending
within the limits of time and size.
"""

import asyncio
from collections.abc import Callable

import httpx

from fetchers.config import FetchersConfig
from fetchers.errors import BlockedAddress, ConnectError, DnsError, FetcherError, ProtocolError, TimedOut, TlsError
from fetchers.gates.body_limit import BodyPlan, plan_body
from fetchers.gates.decoding import BodyDecoder
from fetchers.model import Ended, Ending, Headers, HopRequest, Response
from fetchers.ports import Clock
from fetchers.urls import UrlParts

ENDINGS: dict[type[FetcherError], Ending] = {
    BlockedAddress: Ending.BLOCKED_ADDRESS,
    DnsError: Ending.DNS_ERROR,
    TlsError: Ending.TLS_ERROR,
    ConnectError: Ending.CONNECT_ERROR,
    TimedOut: Ending.TIMED_OUT,
    ProtocolError: Ending.PROTOCOL_ERROR,
}
"""The one table from a transport's error to an ending. Others are surprises and stay exceptions."""

ACCEPT_ENCODING = "gzip, deflate, br, zstd"


async def exchange(
    transport: httpx.AsyncBaseTransport,
    request: HopRequest,
    parts: UrlParts,
    config: FetchersConfig,
    clock: Clock,
    on_written: Callable[[], None],
) -> Response | Ended:
    """Send `request` and read the answer. `on_written` is called when its head is on the wire."""
    headers = request_headers(request, parts, config.user_agent)
    outgoing = httpx.Request(
        "GET",
        PLACEHOLDER,
        headers=list(headers),
        extensions={
            "parts": parts,
            "target": parts.target.encode("ascii"),
            "on_written": on_written,
            "timeout": {
                "connect": config.limits.connect_seconds,
                "first_byte": config.limits.first_byte_seconds,
                "read": config.limits.read_seconds,
            },
        },
    )
    started = clock.monotonic()
    seconds = min(config.limits.total_seconds, max(request.deadline - clock.now(), 0.001))
    try:
        async with asyncio.timeout(seconds):
            answer = await transport.handle_async_request(outgoing)
            try:
                return await _read(answer, request, config, clock, started, headers)
            finally:
                await answer.aclose()
    except TimeoutError:
        return Ended(Ending.TIMED_OUT, f"{parts.host} did not finish its answer within {seconds:.0f} s")
    except FetcherError as error:
        ending = ENDINGS.get(type(error))
        if ending is None:
            raise
        return Ended(ending, str(error))


PLACEHOLDER = httpx.URL("http://placeholder.invalid/")
"""httpx's own URL class rejects hosts that the WHATWG rules allow (emoji) and quotes again what is quoted already, so the
transport takes the URL and the request target from the extensions."""


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
        if value is not None:
            headers.append((name, value))
    return tuple(headers)


async def _read(
    answer: httpx.Response, request: HopRequest, config: FetchersConfig, clock: Clock, started: float, sent: Headers
) -> Response | Ended:
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers.raw)
    found = dict(reversed(headers))
    plan = plan_body(request, answer.status_code, found.get("content-type"), config.limits)
    connection = answer.extensions.get("connection")
    body, truncated = b"", False
    too_large = False
    if plan is not None:
        body, truncated, too_large = await _read_body(answer, plan, found)
    response = Response(
        url=request.url,
        status_code=answer.status_code,
        headers=headers,
        body=body,
        fetched_at=clock.now(),
        request_headers=sent,
        http_version=_text(answer.extensions.get("http_version"), "HTTP/1.1"),
        reason_phrase=_text(answer.extensions.get("reason_phrase"), ""),
        address=getattr(connection, "address", None),
        elapsed=clock.monotonic() - started,
        truncated=truncated,
    )
    if plan is None:
        kind = found.get("content-type", "")
        return Ended(Ending.UNSUPPORTED_TYPE, f"its type {kind!r} is none that says something about a link", response)
    if too_large:
        return Ended(Ending.TOO_LARGE, f"its body is larger than {plan.limit} bytes")
    return response


async def _read_body(answer: httpx.Response, plan: BodyPlan, headers: dict[str, str]) -> tuple[bytes, bool, bool]:
    """The body, whether it ends early, and whether it is larger than it may be."""
    encoding = headers.get("content-encoding", "").strip().lower()
    plain = encoding in ("", "identity")
    length = headers.get("content-length", "")
    if plain and not plan.cut and length.isascii() and length.isdigit() and int(length) > plan.limit:
        return b"", True, True
    stream = answer.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    decoder = None if plain else BodyDecoder(encoding, plan.limit, cut=plan.cut)
    chunks: list[bytes] = []
    size = 0
    async for chunk in stream:
        piece = chunk if decoder is None else decoder.feed(chunk)
        chunks.append(piece)
        size += len(piece)
        if size > plan.limit or (decoder is not None and decoder.ended):
            break
    if decoder is not None:
        chunks.append(decoder.finish())
        size += len(chunks[-1])
    body = b"".join(chunks)
    if size > plan.limit or (decoder is not None and decoder.too_large):
        return (body[: plan.limit], True, False) if plan.cut else (b"", True, True)
    return body, decoder is not None and decoder.broken, False


def _text(value: object, default: str) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else default
