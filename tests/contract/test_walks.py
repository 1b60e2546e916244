"""The contract of who judges everything again, and how far, on every adapter."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from spiderduck.lists.cassandra_walks import CassandraWalks
from spiderduck.lists.walks import FileWalks, Progress, Walks
from tests.integration.cluster.keyspaces import emptied_keyspace

Open = Callable[[], Walks]
KINDS = ["file", pytest.param("cassandra", marks=pytest.mark.engine("cassandra"))]


@pytest.fixture(params=KINDS)
async def process(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Each call is another process."""
    if request.param == "file":
        yield lambda: FileWalks(tmp_path / "lists.judged")
        return
    async with emptied_keyspace() as (session, config):
        yield lambda: CassandraWalks(session, config.keyspace)


async def test_without_lists_there_is_nothing_to_walk_until_there_were_some(process: Open) -> None:
    one = process()
    assert await one.begin("") == Progress("", done=True)
    assert await one.begin("a") == Progress("a")
    assert await one.save(Progress("a", None, True))
    assert await process().begin("") == Progress("")


async def test_a_walk_goes_on_where_it_was_and_a_new_list_begins_anew(process: Open) -> None:
    one = process()
    await one.begin("a")
    assert await one.save(Progress("a", "17"))
    assert await one.begin("a") == Progress("a", "17")
    assert await one.begin("b") == Progress("b")
    assert await one.save(Progress("b", None, True))
    assert await process().begin("b") == Progress("b", None, True)


@pytest.mark.engine("cassandra")
async def test_of_several_processes_one_walks() -> None:
    async with emptied_keyspace() as (session, config):
        one, two = CassandraWalks(session, config.keyspace), CassandraWalks(session, config.keyspace)
        assert await one.begin("a") == Progress("a")
        assert await two.begin("a") is None
        assert await one.save(Progress("a", "17"))
        assert not await two.save(Progress("a", "99"))
        assert await two.begin("b") is None
        assert await one.save(Progress("a", None, True))
        assert await two.begin("a") == Progress("a", None, True)
        assert await two.begin("b") == Progress("b"), "who is done gives it away"
        assert await one.begin("b") is None
