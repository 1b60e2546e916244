"""Asks the peers who they are and what their clocks show: at the start, and every so often while serving.

Judged in `neighbourhood.py`. A peer that does not answer is no reason to stop (it may just be dying), a peer that
contradicts is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import httpx
import msgspec

from groundwork.http_reason import http_reason
from snowflake.clock import SystemClock
from snowflake.errors import InsaneNeighbourhood, SnowflakeError
from snowflake.generator import Generator
from snowflake.ports import Clock
from snowflake.service.model import Identity
from snowflake.service.neighbourhood import SERVING_LIMIT_MS, START_LIMIT_MS, PeerAnswer, findings

log = logging.getLogger(__name__)

PERIOD_SECONDS = 15.0
_NS_PER_MS = 1_000_000

# Each peer's URL, and the worker id that it is registered with, where a registry is asked.
Peers = Callable[[], Awaitable[Mapping[str, int | None]]]


class Sanity:
    """`missing()` is what `/readyz` says; empty while all is well."""

    def __init__(self, generator: Generator, peers: Peers, http: httpx.AsyncClient, clock: Clock | None = None) -> None:
        self._generator = generator
        self._peers = peers
        self._http = http
        self._clock = clock or SystemClock()
        self._found: list[str] = []

    async def check_start(self) -> None:
        """Raises `InsaneNeighbourhood`."""
        self._found = await self._look(START_LIMIT_MS)
        if self._found:
            raise InsaneNeighbourhood("; ".join(self._found))

    async def check(self) -> None:
        """Look again; what is found shows in `missing`."""
        self._found = await self._look(SERVING_LIMIT_MS)
        for finding in self._found:
            log.error("%s", finding)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            await self.check()

    @property
    def contradiction(self) -> str:
        """What the peers contradict; empty while all is well. Mints nothing: a generator that nobody uses rests."""
        return "; ".join(self._found)

    def missing(self) -> dict[str, str]:
        """Why no ids should be asked of this server; mints one to be sure."""
        wrong = {"peers": self.contradiction} if self._found else {}
        try:
            self._generator.take(1)
        except SnowflakeError as error:
            wrong["generator"] = str(error)
        return wrong

    async def _look(self, limit_ms: int) -> list[str]:
        try:
            peers = await self._peers()
        except SnowflakeError as error:
            log.warning("the peers are not known at the moment: %s", error)
            return self._found  # no news: a contradiction found before still stands
        asked = await asyncio.gather(*(self._ask(url, registered) for url, registered in peers.items()))
        answers = [answer for answer in asked if answer is not None]
        return findings(self._generator.datacenter_id, self._generator.worker_id, answers, limit_ms)

    async def _ask(self, url: str, registered_id: int | None) -> PeerAnswer | None:
        before_ns = self._clock.time_ns()
        try:
            response = await self._http.get(f"{url.rstrip('/')}/v1/ids/self")
            response.raise_for_status()
            peer = msgspec.json.decode(response.content, type=Identity)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            log.warning("peer %s gave no answer: %s", url, http_reason(error))
            return None
        # The peer looked at its clock about halfway between question and answer.
        middle_ms = (before_ns + self._clock.time_ns()) / 2 / _NS_PER_MS
        return PeerAnswer(url, registered_id, peer.worker_id, peer.datacenter_id, peer.now_ms - middle_ms)
