"""A data folder of the first schema goes on under this version with everything in it.

`schema_1/` holds a database as SQL and an archive, which a process of that version wrote: three shares that ended, one
that is put off, one that was under way when it was killed, a reader that has read nothing, a paused domain; one dead
letter was put in.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from schedulers.model import Message, Status
from spiderduck.content.ports import Damaged
from spiderduck.content.warc import WarcArchive
from spiderduck.database.sqlite import SCHEMA_VERSION, Database
from spiderduck.host_states.sqlite import SqliteHostStates
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.ports import Filter
from spiderduck.subscriptions.sqlite import NoticeLog
from tests.clock import FakeClock

OLD = Path(__file__).parent / "schema_1"
NOW = 1_796_062_490.0
"""A few seconds after it was killed."""
ENDED = {
    "http://short.test/x": Status.FETCHED,
    "http://news.test/duck": Status.FETCHED,
    "http://news.test/other": Status.FETCHED,
    "http://news.test/missing": Status.HTTP_ERROR,
    "http://busy.test/a": Status.DEFERRED,
    "http://slow.test/a": Status.PENDING,
}


def old_folder(folder: Path) -> Path:
    """A data folder as that version left it."""
    with sqlite3.connect(folder / "spiderduck.db") as connection:
        connection.executescript((OLD / "spiderduck.sql").read_text(encoding="utf-8"))
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    (folder / "archive").mkdir()
    for file in OLD.glob("*.warc.gz"):
        (folder / "archive" / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return old_folder(tmp_path)


@pytest_asyncio.fixture
async def database(folder: Path) -> AsyncIterator[Database]:
    opened = Database(folder / "spiderduck.db")
    yield opened
    await opened.close()


def shape(path: Path) -> dict[str, object]:
    """Tables with their columns, and indexes with theirs."""
    with sqlite3.connect(path) as connection:
        names = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        found: dict[str, object] = {}
        for kind, name in names:
            pragma = "table_info" if kind == "table" else "index_info"
            rows = connection.execute(f"SELECT * FROM pragma_{pragma}('{name}')").fetchall()
            # A column that was added stands behind the others, and its default is written as it was added.
            columns = sorted(row[1:4] for row in rows)
            found[f"{kind} {name}"] = columns if kind == "table" else [row[2] for row in rows]
    connection.close()
    return found


async def test_the_schema_is_that_of_a_new_folder(database: Database, tmp_path: Path) -> None:
    fresh = Database(tmp_path / "fresh.db")
    await fresh.close()
    assert shape(database.path) == shape(tmp_path / "fresh.db")
    (version,) = await database.read(lambda connection: connection.execute("PRAGMA user_version").fetchone())
    assert version == SCHEMA_VERSION


async def test_what_was_known_is_known(database: Database, folder: Path) -> None:
    """Endings, redirects, metadata, the archived bytes, and how old each domain is."""
    clock = FakeClock(NOW)
    store = SqliteStore(database, clock, lambda: None)
    known = dict(zip(ENDED, await store.known(list(ENDED)), strict=True))
    assert {url: one.state.status for url, one in known.items() if one.state is not None} == ENDED
    short = known["http://short.test/x"]
    assert short.state is not None
    assert [step.url for step in short.state.redirects] == ["http://short.test/x"]
    assert short.page is not None
    assert b'"title":"A duck"' in short.page.metadata
    archive = WarcArchive(folder / "archive", clock, software="test")
    assert short.page.archived is not None
    read = await archive.read(short.page.archived)
    assert read is not None
    assert not isinstance(read, Damaged)
    assert b"<title>A duck</title>" in read[2]
    await archive.close()
    assert await store.first_seen("news.test") == pytest.approx(NOW, abs=60)
    assert (await store.look_up("http://news.test/other", "e2")).seen, "the share was finished before"


async def test_what_was_accepted_goes_on(database: Database) -> None:
    """What was under way comes again, what was put off comes when it is due, and no event counts twice."""
    clock = FakeClock(NOW)
    queue = SqliteQueue(database, clock)
    lengths = await queue.lengths()
    assert (lengths.ready, lengths.deferred, lengths.dead) == (1, 1, 1)
    running = asyncio.create_task(queue.run())
    under_way = await queue.receive()
    assert (under_way.message.event_id, under_way.deliveries) == ("e5", 2)
    await queue.ack(under_way)
    waiting = asyncio.create_task(queue.receive())
    async with asyncio.timeout(30):
        while not waiting.done():  # the queue may look at the clock before this and fall asleep after it
            await clock.advance(3700.0)
            await asyncio.wait([waiting], timeout=0.02)
    assert waiting.result().message.event_id == "e4"
    assert await queue.publish([Message(b"{}", "e1"), Message(b"{}", "e9")]) == [False, True]
    (letter,) = await queue.dead(10)
    assert letter.reason == "unreadable event: not JSON"
    assert await queue.replay(None) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_reader_gets_what_it_has_not_read(database: Database) -> None:
    log = NoticeLog(database, FakeClock(NOW))
    (state,) = await log.queues()
    assert (state.name, state.lag) == ("search", 3)
    reading = await log.open("search", Filter())
    received = await reading.poll(10)
    assert [b'"spiderduck.url.processed"' in one.body for one in received] == [True] * 3
    await reading.ack(received[-1].position)
    assert (await log.queues())[0].lag == 0


async def test_a_pause_outlives_the_upgrade(database: Database) -> None:
    kept = await SqliteHostStates(database, FakeClock(NOW)).load("busy.test")
    assert kept is not None
    assert (kept.backoff_until > NOW + 3000, kept.pace) == (True, 1.0)
