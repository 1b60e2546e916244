"""Records from SQLite to Cassandra and back: the same at the end."""

from pathlib import Path

import msgspec
import pytest

from schedulers.model import Status, UrlState
from spiderduck.database.sqlite import Database
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.takedowns.model import Takedown
from spiderduck.transfer.moving import Source, lines_of, take_over
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import emptied_keyspace, moment_of_id
from tests.unit.spiderduck.transfer.test_transfer import NOW, ignored, page, states

pytestmark = pytest.mark.engine("cassandra")


class NothingTakenDown:
    """The `TakenDown` port."""

    async def add(self, takedown: Takedown) -> None:
        raise AssertionError(takedown)

    def is_gone(self, key: str) -> bool:
        return False


async def content(source: Source) -> list[bytes]:
    return [msgspec.json.encode(line) async for line in lines_of(source, NOW)]


@pytest.mark.parametrize("count", [250, pytest.param(33_334, marks=pytest.mark.chaos)])
async def test_records_go_to_cassandra_and_back_unchanged(tmp_path: Path, count: int) -> None:
    """Four lines for each number, two records and two versions: 1,000 of them, and in the long run 133,336."""
    clock = FakeClock(NOW)
    there, back = Database(tmp_path / "there.db"), Database(tmp_path / "back.db")
    first = SqliteStore(there, clock, lambda: None)
    for start in range(0, count, 500):
        numbers = range(start, min(start + 500, count))
        await first.take_over(
            [state for number in numbers for state in states(number)],
            [page(number, version) for number in numbers for version in (1, 2)],
        )
    before = await content(first)
    async with emptied_keyspace() as (session, config):
        store = CassandraStore(session, config, clock, moment_of_id)
        for _ in range(2 if count < 1_000 else 1):
            await take_over(store, NothingTakenDown(), before, ignored)
        assert sorted(await content(store)) == sorted(before)
        assert list(await store.redirects_to("http://news.test/7", 10)) == ["http://short.test/7"]
        assert [one.id for one in await store.history("http://news.test/7", 10)] == [72, 71]
        last = SqliteStore(back, clock, lambda: None)
        await take_over(last, NothingTakenDown(), await content(store), ignored)
        assert await content(last) == before
        newer = UrlState("http://news.test/3", "http://news.test/3", Status.ROBOTS_DENIED, checked_at=NOW + 60)
        await store.take_over([newer], [])
        await take_over(store, NothingTakenDown(), before, ignored)
        assert (await store.look_up(newer.key)).state == newer
    await there.close()
    await back.close()
