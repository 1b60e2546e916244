"""One entry per dedup key: of equal URLs at the same moment one is handled, the others wait and then reuse.

The pipeline holds the shared URL's key while it is handled, and adds the key of every redirect target, so that a
thousand short links to one article make one fetch of the article. Nobody waits in a circle. Two URLs that redirect to
one another would otherwise wait for each other for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from groundwork.clock import Clock
from schedulers.config import SchedulersConfig
from schedulers.context import Deferred, Shared
from schedulers.deferral import Deferral

AGAIN_SECONDS = 5.0
"""A URL that takes longer than its followers wait is asked for again after so long."""
RETURNED_PATIENCE = 0.2
"""Seconds: enough for the answer that is there by now. A thousand followers of a page that hangs hold forty places."""


class Flight:
    """The keys that one handling holds, and the flight it waits for."""

    __slots__ = ("keys", "over", "waits_for")

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.over: asyncio.Future[None] | None = None
        self.waits_for: Flight | None = None


class InFlight:
    """All flights of this process."""

    def __init__(self) -> None:
        self._flights: dict[str, Flight] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, key: str) -> bool:
        return key in self._flights

    async def over(self, key: str, patience: Coroutine[Any, Any, None]) -> bool:
        """Wait for the end of the flight that holds `key`, until `patience` ends at the latest. Whether that came."""
        waiting = asyncio.ensure_future(patience)
        try:
            if (flight := self._flights.get(key)) is None:
                return True
            end = _end_of(flight)
            await asyncio.wait((end, waiting), return_when=asyncio.FIRST_COMPLETED)
            return end.done()
        finally:
            waiting.cancel()

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[Flight]:
        """Hold `key` for the length of the block, after all who held it before."""
        flight = Flight()
        try:
            await self.join(flight, key)
            yield flight
        finally:
            for held in flight.keys:
                del self._flights[held]
            if flight.over is not None and not flight.over.done():
                flight.over.set_result(None)

    async def join(self, flight: Flight, key: str) -> None:
        """Add `key` to what `flight` holds, waiting while another holds it; at once where that one waits for us."""
        while (other := self._flights.get(key)) is not None and other is not flight:
            if _leads_to(other, flight):
                return
            flight.waits_for = other
            try:
                await asyncio.shield(_end_of(other))
            finally:
                flight.waits_for = None
        if key not in self._flights:
            self._flights[key] = flight
            flight.keys.append(key)


class EqualUrls:
    """Lets one of equal URLs go on. Who waits holds a place in flight, so it waits no longer than for a domain's turn;
    then it is deferred."""

    def __init__(self, in_flight: InFlight, deferral: Deferral, clock: Clock, config: SchedulersConfig) -> None:
        self._in_flight = in_flight
        self._deferral = deferral
        self._clock = clock
        self._patience = config.defer_after

    async def wait(self, shared: Shared) -> Deferred | None:
        """Until nobody else handles this URL. An invalid one is not fetched, and waits for nobody here."""
        link = shared.link
        if link.invalid is not None or link.key not in self._in_flight:
            return None
        returned = shared.message.url is not None
        patience = min(self._patience, RETURNED_PATIENCE) if returned else self._patience
        if await self._in_flight.over(link.key, self._clock.sleep(patience)):
            return None
        return await self._deferral.follow(shared, self._clock.now() + AGAIN_SECONDS)


def _end_of(flight: Flight) -> "asyncio.Future[None]":
    if flight.over is None:
        flight.over = asyncio.get_running_loop().create_future()
    return flight.over


def _leads_to(start: Flight, goal: Flight) -> bool:
    step: Flight | None = start
    while step is not None:
        if step is goal:
            return True
        step = step.waits_for
    return False
