"""A start while Cassandra comes and goes: each question of the start is asked again, and only that; what no waiting
mends ends the start."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.storage import Removable, Storage
from spiderduck.bootstrap.takedowns import open_takedowns
from spiderduck.config import Config
from spiderduck.errors import StoreUnavailable
from spiderduck.lists.watching import Lists
from spiderduck.settings.broker import BrokerConfig
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra_migration import Migration, read_schema
from spiderduck.stores.cassandra_opening import wait_for_schema
from spiderduck.stores.errors import SchemaTooNew, StatementRefused
from spiderduck.stores.sessions.ports import Row, Statement, Value, Write
from spiderduck.takedowns.model import Takedown
from tests.clock import FakeClock, settle

CONFIG = CassandraConfig()
VERSIONS = tuple((block.version,) for block in read_schema(CONFIG.keyspace))


class Flapping:
    """A session that answers what is planned, error or rows, and then that the schema is whole."""

    def __init__(self, *planned: Exception | Sequence[Row]) -> None:
        self._planned = list(planned)

    async def execute(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        answer = self._planned.pop(0) if self._planned else VERSIONS
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def batch(self, writes: Sequence[Write]) -> None:
        raise NotImplementedError

    async def run(self, cql: str) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        pass


async def waits(*planned: Exception | Sequence[Row]) -> int:
    """How often a start waited for the cluster itself."""
    clock, waited = FakeClock(), 0

    async def wait(error: StoreUnavailable) -> None:
        nonlocal waited
        waited += 1

    migration = Migration(Flapping(*planned), CONFIG, clock)
    starting = asyncio.create_task(wait_for_schema(migration, CONFIG, clock, wait))
    while not starting.done():
        await settle()
        await clock.advance(1.0)
    await starting
    return waited


AWAY = StoreUnavailable("no hosts available")
NOT_MIGRATED = StatementRefused("no keyspace")


@pytest.mark.parametrize(
    ("planned", "waited"),
    [
        ((), 0),
        ((AWAY,), 1),
        ((AWAY, AWAY, AWAY), 3),
        ((NOT_MIGRATED, AWAY, NOT_MIGRATED, AWAY), 2),
        ((VERSIONS[:3], AWAY), 1),
        (([(99,), *VERSIONS], AWAY), 1),  # between the versions and what each of them needs
    ],
)
async def test_a_store_that_goes_away_between_two_questions_is_waited_for(
    planned: tuple[Exception | Sequence[Row], ...], waited: int
) -> None:
    assert await waits(*planned) == waited


async def test_a_keyspace_of_newer_code_ends_the_start_however_the_store_flaps() -> None:
    with pytest.raises(SchemaTooNew, match="newer SpiderDuck"):
        await waits(AWAY, [(99,), *VERSIONS], [(99, 99)])


class FlappingTakedowns:
    """A store of takedowns that is away for the first `away` questions."""

    def __init__(self, away: int) -> None:
        self.away = away

    def __getattr__(self, name: str) -> object:
        raise NotImplementedError(name)

    async def revision(self) -> str:
        if self.away:
            self.away -= 1
            raise AWAY
        return "1"

    async def all(self) -> Sequence[Takedown]:
        return []


async def opened(folder: Path, config: Config, clock: FakeClock, takedowns: FlappingTakedowns) -> None:
    given = Composition(config, folder, frozenset({"schedulers"}), clock, AsyncExitStack())
    storage = Storage(None, None, removable=Removable(takedowns, None))  # type: ignore[arg-type]
    opening = asyncio.create_task(open_takedowns(given, storage, Lists(clock), None, None))
    while not opening.done():
        await settle()
        await clock.advance(1.0)
    assert await opening is not None


async def test_a_clusters_takedowns_are_waited_for_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    takedowns = FlappingTakedowns(away=3)
    config = Config(broker=BrokerConfig(url="amqp://broker.test"))
    await opened(tmp_path, config, FakeClock(), takedowns)
    assert takedowns.away == 0
    assert "waiting for the takedowns (no hosts available)" in caplog.text


async def test_an_embedded_store_that_cannot_be_read_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        await opened(tmp_path, Config(), FakeClock(), FlappingTakedowns(away=1))
