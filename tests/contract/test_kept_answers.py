"""The contract of kept answers on every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spiderduck.database.sqlite import Database
from spiderduck.stores.cassandra_answers import CassandraAnswers
from spiderduck.stores.ports import Attempt, Earlier, KeptAnswers
from spiderduck.stores.sqlite_answers import SqliteAnswers
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import emptied_keyspace


@pytest.fixture(params=["sqlite", pytest.param("cassandra", marks=pytest.mark.engine("cassandra"))])
async def answers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KeptAnswers]:
    if request.param == "sqlite":
        database = Database(tmp_path / "data.db")
        yield SqliteAnswers(database, FakeClock())
        await database.close()
        return
    async with emptied_keyspace() as (session, config):
        yield CassandraAnswers(session, config.keyspace, 60)


def attempt(token: int, name: bytes = b"name", fingerprint: bytes = b"body") -> Attempt:
    return Attempt(name, fingerprint, bytes([token]) * 16)


async def test_a_name_belongs_to_one_attempt(answers: KeptAnswers) -> None:
    """However often that one begins."""
    first, second = attempt(1), attempt(2, fingerprint=b"other body")
    assert await answers.begin(first) is None
    assert await answers.begin(first) is None
    assert await answers.begin(second) == Earlier(b"body", None)
    assert await answers.begin(attempt(3, b"another name")) is None


async def test_an_answer_is_given_to_every_later_attempt(answers: KeptAnswers) -> None:
    await answers.begin(attempt(1))
    await answers.keep(attempt(2), b"of somebody who does not hold the name")
    assert await answers.begin(attempt(3)) == Earlier(b"body", None)
    await answers.keep(attempt(1), b"done")
    assert await answers.begin(attempt(2)) == Earlier(b"body", b"done")
    assert await answers.begin(attempt(3)) == Earlier(b"body", b"done")


async def test_a_name_that_was_freed_can_be_taken(answers: KeptAnswers) -> None:
    """By whoever holds it alone, and with another body."""
    await answers.begin(attempt(1))
    await answers.free(attempt(2))
    assert await answers.begin(attempt(2)) == Earlier(b"body", None)
    await answers.free(attempt(1))
    await answers.free(attempt(1))
    await answers.keep(attempt(1), b"late")
    assert await answers.begin(attempt(2, fingerprint=b"other body")) is None
