"""A full disk, a locked or read-only database, and a clock that is set: nothing ends, nothing is lost, all goes on."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from schedulers.model import Message
from spiderduck.config import Retention
from spiderduck.content.warc import WarcArchive
from spiderduck.database.disk import DiskWatch
from spiderduck.database.sqlite import Database
from spiderduck.errors import StoreUnavailable
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.retention import RetentionSweeper
from tests.clock import FakeClock


def message(name: str) -> Message:
    return Message(b"x" * 2000, name)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "spiderduck.db")
    await database.write(lambda connection: connection.execute("PRAGMA busy_timeout=0"))
    yield database
    await database.close()


@contextlib.contextmanager
def full(database: Database) -> Iterator[None]:
    """No page more, as on a full disk."""
    pages = database._writing.execute("PRAGMA page_count").fetchone()[0]
    database._writing.execute(f"PRAGMA max_page_count={pages}")
    yield
    database._writing.execute("PRAGMA max_page_count=1000000")


@contextlib.contextmanager
def locked(database: Database) -> Iterator[None]:
    """By another process, which is backing it up, say."""
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextlib.contextmanager
def read_only(database: Database) -> Iterator[None]:
    """Mounted again as such."""
    database._writing.execute("PRAGMA query_only=ON")
    yield
    database._writing.execute("PRAGMA query_only=OFF")


WEATHERS = pytest.mark.parametrize("weather", [full, locked, read_only])


async def until_refused(queue: SqliteQueue) -> None:
    async def fill() -> None:
        for number in range(1000):
            await queue.publish([message(f"filling-{number}")])

    with pytest.raises(StoreUnavailable):
        await fill()


@WEATHERS
async def test_readiness_says_why_nothing_can_be_written_and_when_it_can_again(
    database: Database, tmp_path: Path, weather: object
) -> None:
    """The refused write tells it, and the next look without a write of anybody else takes it back."""
    clock = FakeClock()
    queue, watch = SqliteQueue(database, clock), DiskWatch(tmp_path, clock, database)
    await watch.look()
    assert watch.trouble is None
    with weather(database):  # type: ignore[operator]
        await until_refused(queue)
        await watch.look()
        assert watch.trouble is not None
        assert str(database.path) in watch.trouble.says
        assert watch.trouble.kind == {"full": "disk_full", "read_only": "read_only"}.get(weather.__name__, "disk_error")  # type: ignore[attr-defined]
        assert watch.trouble.remedy
    await watch.look()
    assert watch.trouble is None
    assert await queue.publish([message("after")]) == [True]


async def test_all_who_write_are_told_of_a_lock_at_once(database: Database) -> None:
    """It is waited for once for all of them, and not for each in turn."""
    statements: list[str] = []
    database._writing.set_trace_callback(statements.append)
    with locked(database):
        jobs = [database.write(lambda connection: None) for _ in range(50)]
        results = await asyncio.gather(*jobs, return_exceptions=True)
    assert all(isinstance(result, StoreUnavailable) for result in results)
    assert 1 <= statements.count("BEGIN IMMEDIATE") <= 3


@asynccontextmanager
async def running(queue: SqliteQueue) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(queue.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@WEATHERS
async def test_a_queue_outlives_the_weather_and_gives_what_came_due(database: Database, weather: object) -> None:
    """It waits, although deferred messages come due meanwhile, and hands them out afterwards."""
    clock = FakeClock()
    queue = SqliteQueue(database, clock)
    await queue.defer(message("late"), clock.now() + 10.0)
    async with running(queue) as task:
        receiving = asyncio.create_task(queue.receive())
        await clock.advance(1.0)
        with weather(database):  # type: ignore[operator]
            if weather is full:
                await until_refused(queue)
            await clock.advance(30.0)
            await asyncio.gather(database.probe(), return_exceptions=True)  # behind whatever the queue tried
            await clock.advance(0.0)
            assert not task.done()
        names = set()
        for _ in range(2000):
            await clock.advance(1.0)
            await database.probe()  # behind whatever the queue has under way, however slow the disk is
            if receiving.done():
                names.add(receiving.result().message.event_id)
                if "late" in names:
                    break
                receiving = asyncio.create_task(queue.receive())
        receiving.cancel()
        assert "late" in names
        assert not task.done()


async def test_retention_makes_up_for_a_sweep_that_could_not_be(database: Database, tmp_path: Path) -> None:
    clock = FakeClock()
    archive = WarcArchive(tmp_path / "archive", clock, software="test")
    sweeper = RetentionSweeper(database, archive, clock, Retention(notices_days=1.0, sweep_seconds=60.0))
    with patch.object(sweeper, "sweep", side_effect=[StoreUnavailable("full"), OSError(28, "full"), {}, {}]) as sweep:
        task = asyncio.create_task(sweeper.run())
        await clock.advance(150.0)
        assert sweep.call_count == 3
        assert not task.done()
        task.cancel()
    await archive.close()


async def test_low_disk_is_announced_before_it_is_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By a line when it becomes low and one when there is room again, and by a metric at any time."""
    watch, told = DiskWatch(tmp_path, FakeClock()), []
    for free, trouble in ((500, False), (99, False), (98, False), (0, True), (50, False), (400, False)):
        disk = SimpleNamespace(f_bavail=free, f_blocks=1000, f_frsize=1_000_000, f_flag=0)
        with patch.object(os, "statvfs", return_value=disk):
            await watch.look()
        found = watch.trouble
        assert (found is not None and found.blocks) == trouble
        assert (found is None) == (free > 100), "low disk is told before it is full"
        assert watch.gauges()["disk_free_bytes"][1] == free * 1_000_000
        told.append(len(caplog.records))
    assert told == [0, 1, 1, 1, 1, 2]


async def test_a_disk_that_is_mounted_read_only_is_told_before_anybody_writes(tmp_path: Path) -> None:
    """As after an error of the disk."""
    watch = DiskWatch(tmp_path, FakeClock())
    for flag in (0, os.ST_RDONLY, 0):
        disk = SimpleNamespace(f_bavail=999, f_blocks=1000, f_frsize=1_000_000, f_flag=flag)
        with patch.object(os, "statvfs", return_value=disk):
            await watch.look()
        assert bool(flag) == (watch.trouble is not None and watch.trouble.kind == "read_only")


async def test_a_clock_set_back_keeps_no_deferred_message_waiting(database: Database) -> None:
    """Its turn comes after the time that was promised, whatever the wall clock says by then."""
    clock = FakeClock()
    queue = SqliteQueue(database, clock)
    async with running(queue):
        await queue.defer(message("later"), clock.now() + 100.0)
        receiving = asyncio.create_task(queue.receive())
        await clock.advance(50.0)
        clock.step(-3600.0)
        for _ in range(12):
            await clock.advance(5.0)
            await database.read(lambda connection: None)
            await database.probe()
        await clock.advance(1.0)
        assert receiving.done()
        assert receiving.result().message.event_id == "later"
