"""The client library: `next_id()` without a server on the way, from range leases fetched ahead.

    async with RangeClient(["http://ids-0:8080", "http://ids-1:8080"]) as ids:
        ids.next_id()

A task asks for the next window while `in_hand_ms` are left, so that a restart of the server, the loss of one of several
or a silent coordinator goes unnoticed. What any number of processes uses that have no worker id of their own. The
caller never waits for a server, except in `start`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx
import msgspec

from groundwork.http_reason import http_reason
from snowflake.clock import SystemClock
from snowflake.errors import BadConfiguration, ServiceUnavailable
from snowflake.layout import Layout
from snowflake.ports import Clock
from snowflake.service.model import LeaseAnswer, LeaseRequest
from snowflake.service.window_mint import Window, WindowMint

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 3.0
_USER_AGENT = "snowflake-client/1"


class RangeClient:
    """`per_ms`: ids of one tick at most; `window_ms`: length of a lease; `in_hand_ms`: how much is kept in reserve."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        per_ms: int = 128,
        window_ms: int = 60_000,
        in_hand_ms: int = 40_000,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Raises `BadConfiguration`."""
        if not urls:
            raise BadConfiguration.of("urls", list(urls), "the id servers' addresses", ["http://127.0.0.1:8080"])
        if not 0 < in_hand_ms < window_ms:
            raise BadConfiguration.of(
                "in_hand_ms", in_hand_ms, f"from 1 to below window_ms ({window_ms})", window_ms // 2
            )
        self._urls = [url.rstrip("/") for url in urls]
        self._at = 0
        self._per_ms = per_ms
        self._window_ms = window_ms
        self._in_hand_ms = in_hand_ms
        self._clock = clock or SystemClock()
        self._http = http or httpx.AsyncClient(trust_env=False, timeout=_ANSWER_SECONDS)
        self._owns_http = http is None
        self._mint = WindowMint(self._clock)
        self._task: asyncio.Task[None] | None = None
        self.next_id = self._mint.next_id
        self.reserve = self._mint.reserve
        self.take = self._mint.take

    async def start(self) -> None:
        """Fetch the first window and keep fetching. Raises `ServiceUnavailable` where no server gives one."""
        await self.refill()
        self._task = asyncio.create_task(self._keep_full(), name="snowflake-range-leases")

    async def close(self) -> None:
        """Stop fetching. Windows in hand remain usable until they end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._owns_http:
            await self._http.aclose()

    @property
    def in_hand_ms(self) -> int:
        """For how long ids are certain if every server fell silent now."""
        return self._mint.in_hand_ms()

    async def refill(self) -> None:
        """Fetch windows until the reserve is full. Raises `ServiceUnavailable`."""
        while self._mint.in_hand_ms() < self._in_hand_ms:
            self._mint.add(await self._ask_all())

    async def _keep_full(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.refill()
            except ServiceUnavailable as error:
                log.warning("%s; %d ms of ids are in hand", error, self._mint.in_hand_ms())

    async def _ask_all(self) -> Window:
        """The server that answered last goes first: it extends the same share."""
        reasons = []
        for _ in self._urls:
            url = self._urls[self._at]
            try:
                return await self._ask(url)
            except (httpx.HTTPError, msgspec.MsgspecError) as error:
                reasons.append(f"{url}: {http_reason(error)}")
                self._at = (self._at + 1) % len(self._urls)
        raise ServiceUnavailable(f"no id server gave a range lease ({'; '.join(reasons)})")

    async def _ask(self, url: str) -> Window:
        asked_ns = self._clock.elapsed_ns()
        asked = LeaseRequest(self._per_ms, self._window_ms, self._mint.end_ms())
        response = await self._http.post(
            f"{url}/v1/ids/lease",
            content=msgspec.json.encode(asked),
            headers={"content-type": "application/json", "user-agent": _USER_AGENT},
        )
        response.raise_for_status()
        given = msgspec.json.decode(response.content, type=LeaseAnswer)
        return Window(
            layout=Layout(**msgspec.structs.asdict(given.layout)),
            datacenter_id=given.datacenter_id,
            worker_id=given.worker_id,
            first_sequence=given.first_sequence,
            sequences=given.sequences,
            from_ms=given.from_ms,
            until_ms=given.until_ms,
            server_ms=given.now_ms,
            asked_ns=asked_ns,
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
