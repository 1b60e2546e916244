"""A `Session` whose calls are measured, as a driver sees them: beneath retries and hedges."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from groundwork.histogram import Histogram
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.sessions.ports import Row, Session, Statement, Value, Write


class TimedSession:
    """`seconds` by kind of call (`read`, `write`, `batch`); `failures`: those that were not answered in time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.seconds = {"read": Histogram(), "write": Histogram(), "batch": Histogram()}
        self.failures: Counter[str] = Counter()

    async def execute(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        with self._timed("read" if statement.reads else "write"):
            return await self._session.execute(statement, values)

    async def batch(self, writes: Sequence[Write]) -> None:
        with self._timed("batch"):
            await self._session.batch(writes)

    async def run(self, cql: str) -> None:
        await self._session.run(cql)

    async def close(self) -> None:
        await self._session.close()

    @contextmanager
    def _timed(self, call: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        except StoreUnavailable:
            self.failures[call] += 1
            raise
        finally:
            self.seconds[call].observe(time.perf_counter() - began)
