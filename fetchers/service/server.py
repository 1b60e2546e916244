"""A fetcher's HTTP service: `POST /v1/hop` for the client library, `GET /v1/owners`, `GET /v1/process`, `GET
/v1/domains/…`, `PUT /v1/limits`, health and metrics.

Whoever asks for a hop must know the shared token, when there is one, and show a certificate, when they are used
(`tls.py`); health and metrics are open, since probes carry neither.
"""

import asyncio
import hmac
import logging
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Protocol
from urllib.parse import unquote

import msgspec

from fetchers import wire
from fetchers.body.chunks import BodyEnd
from fetchers.errors import BrokenOff, CoordinatorUnavailable
from fetchers.fetcher import Fetcher
from fetchers.model import HopRequest, RateLimit, Response
from fetchers.service.connection import REQUEST_SECONDS, Answer, ClientConnection, Request, StreamedAnswer
from fetchers.service.metrics import Metrics
from groundwork import trace
from groundwork.front.connections import Connections
from groundwork.front.limits import FrontLimits
from groundwork.process import Vitals
from groundwork.readiness import STOPPING, Dependency, Trouble, dependency, readiness
from groundwork.spans import is_recording

log = logging.getLogger(__name__)

JSON = "application/json"
HOP = "application/vnd.spiderduck.hop"
TEXT = "text/plain; charset=utf-8"
BACKLOG = 1024
MOST_CONNECTIONS = 4096
"""Of all callers together, each of which opens one for every hop under way. Who is not known makes room."""


class Owners(Protocol):
    """What the service tells of who owns what."""

    @property
    def trouble(self) -> Trouble | None:
        """Why domains cannot be taken here; None while they can."""

    def routes(self) -> Mapping[str, object]:
        """`addresses` of all fetchers, and `owners`: for each bucket an index into them."""


class Resume(msgspec.Struct, forbid_unknown_fields=True):
    """The domain whose pause ends, and who ends it."""

    domain: str
    by: str = "an administrator"


class LimitChange(msgspec.Struct, forbid_unknown_fields=True):
    """`per_second` 0 takes the limit away that was set."""

    domain: str
    per_second: float = 0.0
    burst: int = 1
    parallel: int | None = None
    ceiling: float | None = None
    by: str = "an administrator"


@dataclass(frozen=True, slots=True)
class Callers:
    """What a caller must show: the `token` that all share ("": none), and with `certificates` one of its own."""

    token: str = field(default="", repr=False)
    certificates: bool = False


class Service:
    """The routes of one fetcher."""

    def __init__(
        self,
        fetcher: Fetcher,
        owners: Owners,
        metrics: Metrics,
        vitals: Vitals,
        callers: Callers | None = None,
        *,
        random: Random | None = None,
    ) -> None:
        """`callers`: anybody by default. `random` names places in traces."""
        callers = callers or Callers()
        self._fetcher = fetcher
        self._owners = owners
        self._metrics = metrics
        self._clock = vitals.clock
        self._token = f"Bearer {callers.token}".encode() if callers.token else b""
        self._certificates = callers.certificates
        self._random = random or Random()
        self._vitals = vitals
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.draining = False

    async def handle(self, request: Request) -> Answer | StreamedAnswer:
        """The answer to anything."""
        path = request.target.partition("?")[0]
        if request.method == "GET" and path in ("/healthz", "/readyz", "/metrics"):
            return self._open_route(path)
        if self._certificates and not request.has_certificate:
            return _text(401, "a client certificate is required", is_for_callers=False)
        if not self._is_known(request):
            return _text(401, "the shared token is missing or wrong", is_for_callers=False)
        if request.method == "POST" and path == "/v1/hop":
            return await self._hop(request)
        if request.method == "GET" and path == "/v1/process":
            status = self._vitals.status(self._metrics.gauges(), self._fetcher.paused_domains())
            return Answer(200, JSON, [msgspec.json.encode(status)])
        if request.method == "GET" and path == "/v1/owners":
            return Answer(200, JSON, [msgspec.json.encode(self._owners.routes())])
        if request.method == "GET" and path.startswith("/v1/domains/"):
            state = await self._fetcher.kept_domain_state(unquote(path.removeprefix("/v1/domains/")))
            return Answer(200, JSON, [msgspec.json.encode(state)])
        if request.method == "PUT" and path == "/v1/limits":
            return await self._limit(request)
        if request.method == "POST" and path == "/v1/resume":
            return await self._resume(request)
        return _text(404, f"there is no {request.method} {path}")

    def _is_known(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return not self._token or hmac.compare_digest(given.encode(), self._token)

    async def idle(self) -> None:
        """Returns when no hop is under way."""
        await self._idle.wait()

    def _open_route(self, path: str) -> Answer:
        if path == "/metrics":
            return Answer(200, "text/plain; version=0.0.4; charset=utf-8", [self._metrics.text()], False)
        if path == "/readyz":
            told = readiness(self._dependencies())
            return Answer(200 if told.ready else 503, JSON, [msgspec.json.encode(told)], False)
        return _text(200, "ok", is_for_callers=False)

    def _dependencies(self) -> list[Dependency]:
        """What must be there before domains can be taken here."""
        ending = [dependency("stopping", STOPPING, self._clock.now())] if self.draining else []
        return [*self._vitals.needed.look(), *ending]

    async def _hop(self, request: Request) -> Answer | StreamedAnswer:
        try:
            hop = wire.unpack_request(request.body, self._clock.now())
        except ValueError as error:
            return _text(400, str(error))
        self._go_on_with_trace(request)
        return StreamedAnswer(HOP, self._frames(hop))

    async def _frames(self, hop: HopRequest) -> AsyncGenerator[Sequence[bytes], None]:
        """The answer on the wire, pulled as fast as the client takes it."""
        self._begin_work()
        try:
            async with self._fetcher.open_own_hop(hop) as (head, chunks):
                begun: tuple[bytes, ...] = (wire.pack_head(head, self._clock.now()),)
                if isinstance(head, Response):
                    with suppress(BrokenOff):  # the end says how
                        async for piece in chunks:
                            yield *begun, wire.pack_prefix(wire.PIECE, len(piece)), piece
                            begun = ()
                    begun += (wire.pack_end(chunks.end or BodyEnd()),)
                yield begun
        finally:
            self._end_work()

    def _begin_work(self) -> None:
        self._busy += 1
        self._idle.clear()

    def _end_work(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()

    def _go_on_with_trace(self, request: Request) -> None:
        """The caller's trace is ours, for as long as this request's task lasts."""
        parent = request.headers.get("traceparent")
        if parent is not None and (caller := trace.read(parent, request.headers.get("tracestate"))) is not None:
            # Recorded, the hop itself is the caller's child.
            trace.current.set(caller if is_recording() else caller.child(self._random))

    async def _resume(self, request: Request) -> Answer:
        try:
            order = msgspec.json.decode(request.body, type=Resume)
        except ValueError as error:
            return _text(400, str(error))
        await self._fetcher.resume_domain(order.domain, order.by)
        return Answer(200, JSON, [b"{}"])

    async def _limit(self, request: Request) -> Answer:
        try:
            change = msgspec.json.decode(request.body, type=LimitChange)
            limit = None
            if change.per_second:
                limit = RateLimit(change.per_second, change.burst, change.parallel, change.ceiling)
            await self._fetcher.set_limit(change.domain, limit, change.by)
        except ValueError as error:
            return _text(400, str(error))
        except CoordinatorUnavailable as error:
            return _text(503, str(error))
        return Answer(200, JSON, [b"{}"])


def bound(host: str, port: int) -> socket.socket:
    """A socket at `host` and `port` (0: any that is free), held from now on, so that nobody else can come to it before
    `listening`. Raises OSError where it is taken.
    """
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


@asynccontextmanager
async def listening(
    service: Service, at: socket.socket, tls: ssl.SSLContext | None = None, request_seconds: float = REQUEST_SECONDS
) -> AsyncIterator[None]:
    """Serve for as long as the block lasts. At its end connections finish what they are at."""
    connections: set[ClientConnection] = set()
    loop = asyncio.get_running_loop()
    places = Connections(
        FrontLimits(connections=MOST_CONNECTIONS, connections_per_address=MOST_CONNECTIONS), (), loop.time
    )
    server = await loop.create_server(
        lambda: ClientConnection(service.handle, connections, places, request_seconds),
        sock=at,
        ssl=tls,
        ssl_handshake_timeout=REQUEST_SECONDS if tls else None,
        backlog=BACKLOG,
    )
    try:
        yield
    finally:
        server.close()
        for connection in list(connections):
            connection.finish()


def _text(status: int, text: str, *, is_for_callers: bool = True) -> Answer:
    return Answer(status, TEXT, [text.encode()], is_for_callers)
