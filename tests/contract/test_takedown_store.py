"""The contract of the list of takedowns on every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from schedulers.model import ArchiveLocation
from spiderduck.database.sqlite import Database
from spiderduck.takedowns.cassandra import CassandraTakedowns
from spiderduck.takedowns.model import Covered, Takedown
from spiderduck.takedowns.ports import TakedownStore
from spiderduck.takedowns.sqlite import SqliteTakedowns
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import emptied_keyspace


@pytest.fixture(params=["sqlite", pytest.param("cassandra", marks=pytest.mark.engine("cassandra"))])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TakedownStore]:
    if request.param == "sqlite":
        database = Database(tmp_path / "store.db")
        yield SqliteTakedowns(database)
        await database.close()
        return
    async with emptied_keyspace() as (session, config):
        yield CassandraTakedowns(session, config.keyspace, FakeClock())


def takedown(name: str) -> Takedown:
    return Takedown(
        covered=(
            Covered(f"http://{name}.test/", f"http://{name}.test/#a"),
            Covered("http://s.test/", "http://s.test/"),
        ),
        at=1_000.25,
        by="ops",
        reason="a court",
        pages=(2**62,),
        pictures=("http://pictures.test/ü.png",),
        archived=(ArchiveLocation("one.warc.gz", 1, 2, "ab" * 32),),
    )


async def put(store: TakedownStore, one: Takedown) -> Takedown | None:
    return await store.change(one.id, lambda _: one)


async def test_changes_at_one_moment_follow_one_another(store: TakedownStore) -> None:
    """What each process finds of a takedown is kept, and nothing is made of one that was taken away."""
    one = takedown("one")
    await put(store, one)

    def also(number: int) -> Callable[[Takedown | None], Takedown | None]:
        return lambda kept: None if kept is None else msgspec.structs.replace(kept, pages=(*kept.pages, number))

    await asyncio.gather(*(store.change(one.id, also(number)) for number in range(8)))
    (kept,) = await store.all()
    assert set(kept.pages) == {2**62, *range(8)}
    await asyncio.gather(store.change(one.id, lambda _: None), *(store.change(one.id, also(9)) for _ in range(4)))
    assert await store.all() == []
    assert await store.change(one.id, also(9)) is None
    assert await store.all() == []


async def test_what_is_put_is_there_until_it_is_removed(store: TakedownStore) -> None:
    one, two = takedown("one"), takedown("two")
    assert await store.all() == []
    seen = [await store.revision()]
    for takedown_ in (one, two, msgspec.structs.replace(one, erased_at=2_000.5)):
        assert await put(store, takedown_) == takedown_
        seen.append(await store.revision())
    found = sorted(await store.all(), key=lambda each: each.url)
    assert found == [msgspec.structs.replace(one, erased_at=2_000.5), two]
    assert await store.change(one.id, lambda _: None) is None
    seen.append(await store.revision())
    assert await store.change(one.id, lambda found: found) is None
    assert await store.all() == [two]
    assert len(set(seen)) == len(seen), "every change is seen"
    assert await store.revision() == await store.revision()
