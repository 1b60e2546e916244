"""Asks a fetcher's service for one hop, over connections that are kept. Used by `routing.py`.

Its one rule: an answer is one of the model's values, or `FetcherUnavailable`. The caller's deadline ends the wait.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import TypeVar, cast
from urllib.parse import urlsplit

import httptools
import msgspec

from fetchers import wire
from fetchers.domain_state import DomainState
from fetchers.errors import FetcherUnavailable
from fetchers.model import HopRequest, HopResult, NotMine
from fetchers.ports import Clock

Told = TypeVar("Told")

MOST_IDLE = 64
CONNECT_SECONDS = 2.0
TELL_SECONDS = 1.0
GRACE_SECONDS = 2.0
"""The service ends a hop at its deadline; its answer needs a moment more."""


class _Connection(asyncio.Protocol):
    """One request at a time: `ask` gives status and body."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, list[bytes]]] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the fetcher ended the connection"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.close()
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(ConnectionError(f"no proper answer: {error}"))

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), self._pieces))

    async def ask(self, request: bytes) -> tuple[int, list[bytes]]:
        if self._transport is None:
            raise ConnectionResetError("the fetcher ended the connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._pieces = []
        self._transport.write(request)
        try:
            return await self._answer
        except asyncio.CancelledError:
            self.close()  # the answer would be taken for the next one's
            raise
        finally:
            self._answer = None
            self._pieces = []

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Inquiry:
    """A request under way at `address`, which can be given up when its domain turns out to have moved."""

    __slots__ = ("address", "bucket", "connection")

    def __init__(self, address: str, bucket: int) -> None:
        self.address = address
        self.bucket = bucket
        self.connection: _Connection | None = None

    def give_up(self) -> None:
        """`perform` raises `FetcherUnavailable`."""
        if self.connection is not None:
            self.connection.close()


class HttpFetchers:
    """All fetchers' services, by address (`http://host:port`)."""

    def __init__(self, clock: Clock, token: str = "") -> None:
        self._clock = clock
        self._token = token
        self._idle: dict[str, deque[_Connection]] = {}

    async def perform(
        self, inquiry: Inquiry, request: HopRequest, traceparent: str | None = None
    ) -> HopResult | NotMine:
        """One hop at the inquiry's address. Raises `FetcherUnavailable`."""
        address = inquiry.address
        now = self._clock.now()
        body = wire.pack_request(request, now)
        seconds = max(request.deadline - now, 0.0) + GRACE_SECONDS
        status, answer = await self._ask(address, "POST", "/v1/hop", body, seconds, traceparent, inquiry)
        if status != 200:
            said = b"".join(answer)[:200].decode("utf-8", "replace")
            raise FetcherUnavailable(f"{address} answered {status}: {said}")
        return wire.unpack_answer(answer, self._clock.now())

    async def owners(self, address: str) -> Mapping[str, object]:
        """What `GET /v1/owners` says there. Raises `FetcherUnavailable`."""
        return _decoded(address, await self._call(address, "GET", "/v1/owners"), dict[str, object])

    async def domain_state(self, address: str, domain: str) -> DomainState:
        """What `GET /v1/domains/…` says there. Raises `FetcherUnavailable`."""
        return _decoded(address, await self._call(address, "GET", f"/v1/domains/{domain}"), DomainState)

    async def set_limit(self, address: str, change: Mapping[str, object]) -> None:
        """`PUT /v1/limits` there. Raises `FetcherUnavailable`, and ValueError for what cannot be a limit."""
        await self._call(address, "PUT", "/v1/limits", msgspec.json.encode(change))

    async def _call(self, address: str, method: str, path: str, body: bytes = b"") -> bytes:
        status, answer = await self._ask(address, method, path, body, TELL_SECONDS, None)
        said = b"".join(answer)
        if status == 400:
            raise ValueError(said.decode("utf-8", "replace"))
        if status != 200:
            raise FetcherUnavailable(f"{address} answered {status} to {method} {path}")
        return said

    async def close(self) -> None:
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    async def _ask(
        self,
        address: str,
        method: str,
        path: str,
        body: bytes,
        seconds: float,
        traceparent: str | None,
        inquiry: Inquiry | None = None,
    ) -> tuple[int, list[bytes]]:
        request = self._head(address, method, path, len(body), traceparent) + body
        try:
            async with asyncio.timeout(seconds):
                connection = self._kept(address) or await self._connect(address)
                if inquiry is not None:
                    inquiry.connection = connection
                answer = await connection.ask(request)
        except TimeoutError as error:
            raise FetcherUnavailable(f"{address} did not answer within {seconds:.1f} s") from error
        except OSError as error:
            raise FetcherUnavailable(f"{address}: {error}") from error
        self._keep(address, connection)
        return answer

    def _head(self, address: str, method: str, path: str, length: int, traceparent: str | None) -> bytes:
        token = f"authorization: Bearer {self._token}\r\n" if self._token else ""
        trace = f"traceparent: {traceparent}\r\n" if traceparent else ""
        host = urlsplit(address).netloc
        head = f"{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n{token}{trace}\r\n"
        return head.encode("latin-1")

    def _kept(self, address: str) -> _Connection | None:
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        return None

    def _keep(self, address: str, connection: _Connection) -> None:
        idle = self._idle.setdefault(address, deque())
        if connection.is_open and len(idle) < MOST_IDLE:
            idle.append(connection)
        else:
            connection.close()

    async def _connect(self, address: str) -> _Connection:
        parts = urlsplit(address)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await loop.create_connection(_Connection, parts.hostname or "", parts.port or 80)
        return connection


def _decoded(address: str, body: bytes, kind: type[Told]) -> Told:
    try:
        return msgspec.json.decode(body, type=kind)
    except ValueError as error:
        raise FetcherUnavailable(f"{address} told what nobody understands: {error}") from error
