"""One request and its answer: written by the transport, and read within the limits of time and size (`body/`).

Asked by `fetcher.py` once the domain's turn has come. Whatever the other side does ends in a named ending.
"""

import re
from collections.abc import AsyncIterator

from fetchers.body.chunks import NO_CHUNKS, Chunks
from fetchers.body.limits import plan_body
from fetchers.body.reading import AnswerBody, NoBody, TimeLimit, pass_over, unsupported
from fetchers.body.turns import DecodeTurns
from fetchers.config import FetchersConfig
from fetchers.counters import Counters
from fetchers.errors import TimedOut, TransportError, TurnLost
from fetchers.media_type import said_type
from fetchers.model import Ended, Headers, HopRequest, NotMine, Response, Timings
from fetchers.politeness.queue import NoTurn, Right
from fetchers.ports import AnswerHead, ConnectionInfo, Timeouts, Transport, TransportRequest
from fetchers.redirect_target import target_in_head
from fetchers.urls import UrlParts
from groundwork.clock import Clock

ACCEPT_ENCODING = "gzip, deflate, br, zstd"


class Exchanges:
    """What all exchanges of one fetcher have in common."""

    def __init__(self, transport: Transport, config: FetchersConfig, clock: Clock, counters: Counters) -> None:
        self.transport = transport
        self.limits = config.limits
        self.user_agent = config.user_agent
        self.clock = clock
        self.counters = counters
        self.turns = DecodeTurns()
        limits = config.limits
        self.timeouts = Timeouts(limits.connect_seconds, limits.first_byte_seconds, limits.read_seconds)

    def open(
        self, request: HopRequest, parts: UrlParts, right: Right | NoTurn, robots_rule: str | None = None
    ) -> "Exchange":
        """Send `request`: `async with exchanges.open(…) as (head, chunks)`."""
        return Exchange(self, request, parts, right, robots_rule)


class Exchange:
    """One request under way. Its head is an answer whose body comes behind it; or how it ended; or `NotMine` where the
    right to send was gone before anything was sent.
    """

    def __init__(
        self, common: Exchanges, request: HopRequest, parts: UrlParts, right: Right | NoTurn, robots_rule: str | None
    ) -> None:
        self._common = common
        self._request = request
        self._right = right
        self._robots_rule = robots_rule
        self._headers = request_headers(request, parts, common.user_agent)
        left = max(request.deadline - common.clock.now(), 0.001)
        self._time = TimeLimit(parts.host, common.limits.total_seconds, left)
        body = None if request.post is None else request.post.body
        self._answer = common.transport.open(TransportRequest(parts, self._headers, right, common.timeouts, body))
        self._is_open = False
        self._body: AnswerBody | None = None

    async def __aenter__(self) -> tuple[Response | Ended | NotMine, Chunks]:
        try:
            with self._time:
                head, raw = await self._answer.__aenter__()
        except TurnLost as error:
            return NotMine(None, str(error)), NO_CHUNKS
        except TimeoutError:
            return self._time.ended(), NO_CHUNKS
        except TimedOut as error:
            if error.phase == "late":
                return NotMine(None, str(error)), NO_CHUNKS
            return error.as_ending(), NO_CHUNKS
        except TransportError as error:
            return error.as_ending(), NO_CHUNKS
        self._is_open = True
        self._common.counters.head_came(head.connection, self._time.spent)
        response = self._response(head)
        if self._says_all(response):
            await pass_over(raw)  # whatever its body does
            return response, NoBody(response)
        return self._judge(response, raw)

    async def __aexit__(self, *_: object) -> None:
        self._time.close()
        self._right.idle_seconds = self._time.idle
        if self._body is not None:
            self._common.counters.body_bytes += self._body.size
            await self._body.aclose()
        if self._is_open:
            await self._answer.__aexit__(None, None, None)

    def _says_all(self, head: Response) -> bool:
        """Whether nobody needs the body: a redirect is followed without it, and so a robots.txt that is none is known
        by its status. A robots.txt that refreshes itself is a file all the same."""
        if self._request.purpose == "robots":
            return not 200 <= head.status_code < 300
        return target_in_head(head.status_code, head.headers, head.url) is not None

    def _judge(self, response: Response, raw: AsyncIterator[bytes]) -> tuple[Response | Ended, Chunks]:
        """Whether its body is read, by what the head says."""
        kind = said_type(response.headers)
        plan = plan_body(self._request, response.status_code, kind, self._common.limits)
        if plan is None:
            return unsupported(kind, response), NO_CHUNKS
        if plan.forbids(response):
            return plan.exceeded(), NO_CHUNKS
        self._body = AnswerBody(response, raw, plan, self._common.turns, self._time)
        return response, self._body

    def _response(self, head: AnswerHead) -> Response:
        """The answer without its body."""
        connection = head.connection
        return Response(
            url=self._request.url,
            status_code=head.status_code,
            headers=tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in head.headers),
            body=b"",
            fetched_at=self._common.clock.now(),
            request_headers=self._headers,
            http_version=head.http_version,
            reason_phrase=head.reason_phrase,
            address=None if connection is None else connection.address,
            elapsed=self._time.spent,
            robots_rule=self._robots_rule,
            tls_version=None if connection is None else connection.tls_version,
            certificate_subject=None if connection is None else connection.certificate_subject,
            timings=self._timings(connection),
        )

    def _timings(self, connection: ConnectionInfo | None) -> Timings:
        spent, waited = self._time.spent, self._right.waited
        if connection is None:
            return Timings(waited, first_byte=spent)
        made = connection.dns_seconds + connection.connect_seconds + connection.tls_seconds
        return Timings(
            waited,
            connection.dns_seconds,
            connection.connect_seconds,
            connection.tls_seconds,
            max(0.0, spent - made),
            connection.reused,
        )


_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
"""What no header may hold. A validator is sent as its bytes came (RFC 9110, section 8.8.3), or not at all."""


def request_headers(request: HopRequest, parts: UrlParts, user_agent: str) -> Headers:
    """What is sent, in order."""
    if request.post is not None:
        return (
            ("Host", parts.authority),
            ("User-Agent", user_agent),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Content-Length", str(len(request.post.body))),
            *request.post.headers,
        )
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
