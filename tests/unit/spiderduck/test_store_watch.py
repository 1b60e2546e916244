"""Readiness of the store: it is asked for its own sake, and what was wrong is forgotten when it answers."""

from collections.abc import Sequence

import pytest

from spiderduck.errors import StoreUnavailable
from spiderduck.stores.sessions.ports import Row, Statement, Value, Write
from spiderduck.stores.sessions.retrying import RetryingSession
from spiderduck.stores.sessions.watch import Watch
from tests.clock import FakeClock

READ = Statement("SELECT …", reads=True)


class Cluster:
    """A session whose cluster is there or away."""

    away = False

    async def execute(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        if self.away:
            raise StoreUnavailable("no node answers")
        return [("local",)]

    async def batch(self, writes: Sequence[Write]) -> None:
        await self.execute(READ, ())

    async def run(self, cql: str) -> None:
        raise AssertionError("who looks changes nothing")

    async def close(self) -> None:
        return None


async def test_an_outage_is_seen_without_a_caller_and_so_is_its_end() -> None:
    cluster = Cluster()
    watch = Watch(cluster, FakeClock())
    await watch.look()
    assert watch.trouble is None
    cluster.away = True
    await watch.look()
    assert watch.trouble == "no node answers"
    cluster.away = False
    await watch.look()
    assert watch.trouble is None


async def test_a_session_that_gave_up_is_well_again_with_the_next_answer() -> None:
    cluster = Cluster()
    session = RetryingSession(cluster, FakeClock(), seconds=0.0)
    cluster.away = True
    with pytest.raises(StoreUnavailable):
        await session.execute(READ, ())
    assert session.trouble == "no node answers"
    cluster.away = False
    await session.execute(READ, ())
    assert session.trouble is None
