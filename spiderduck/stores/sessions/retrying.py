"""A `Session` that waits while the cluster is away: an outage slows the flow down and ends no event.

Around a driver's session. It repeats only what may be repeated, and gives up after its patience with the last error, so
that the API answers 503 while the flow goes on waiting.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.sessions.ports import Row, Session, Statement, Value, Write

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
OUTAGE_SECONDS = 2.0
"""Without any answer: then it is an outage. Before that, single calls were slow."""


class RetryingSession:
    """Tries again for `seconds`, pausing 0.05 s at first and a second at the most. `trouble` says why it waits."""

    def __init__(self, session: Session, clock: Clock, seconds: float) -> None:
        self._session = session
        self._clock = clock
        self._seconds = seconds
        self.trouble: str | None = None
        self._since = 0.0
        self._told = False

    async def execute(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        try:
            rows = await self._session.execute(statement, values)
        except StoreUnavailable as error:
            if statement.conditional:
                raise
            return await self._again(lambda: self._session.execute(statement, values), error)
        if self.trouble is not None:
            self._forget()
        return rows

    async def batch(self, writes: Sequence[Write]) -> None:
        try:
            await self._session.batch(writes)
        except StoreUnavailable as error:
            await self._again(lambda: self._session.batch(writes), error)

    async def run(self, cql: str) -> None:
        await self._session.run(cql)

    async def close(self) -> None:
        await self._session.close()

    async def _again(self, ask: Callable[[], Awaitable[T]], error: StoreUnavailable) -> T:
        self._notice(error)
        give_up, pause = self._clock.monotonic() + self._seconds, FIRST_PAUSE
        while self._clock.monotonic() + pause < give_up:
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            try:
                answer = await ask()
            except StoreUnavailable as again:
                error = again
                self._notice(error)
                continue
            if self.trouble is not None:
                self._forget()
            return answer
        raise error

    def _notice(self, error: StoreUnavailable) -> None:
        """One line for an outage, not one for each statement that waits."""
        now = self._clock.monotonic()
        if self.trouble is None:
            self._since = now
            log.info("a call of the store is tried again: %s", error)
        elif not self._told and now - self._since >= OUTAGE_SECONDS:
            log.warning("the store does not answer, waiting for it: %s", error)
            self._told = True
        self.trouble = str(error)

    def _forget(self) -> None:
        if self._told:
            log.warning("the store answers again after %.0f s", self._clock.monotonic() - self._since)
        self.trouble, self._told = None, False
