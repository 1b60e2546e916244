"""Pulling waits for the reading itself, however long a disk takes, and for nothing else."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schedulers.model import Change
from schedulers.notice import Notice
from spiderduck.database.sqlite import Database
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.ports import BATCH_BYTES, Filter
from spiderduck.subscriptions.sqlite import NoticeLog
from tests.clock import FakeClock


@pytest.mark.parametrize("host", ["news.test", ""])
async def test_a_poll_ends_with_what_is_there_however_slow_the_disk_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """And with nothing where nothing is (`host` is empty)."""
    clock, database = FakeClock(1_700_000_000.0), Database(tmp_path / "notices.db")
    log = NoticeLog(database, clock)
    store = SqliteStore(database, clock, log.wake)
    await log.create("team")
    if host:
        told = Notice("one", "spiderduck.url.processed", f"http://{host}/", host, "fetched", "fetched", b"one")
        await store.complete(told.id, told.id, Change(), told)
    subscription = await log.open("team", Filter())
    read, go, asked = database.read, asyncio.Event(), asyncio.Event()

    async def slowly(work: Callable[[Any], Any]) -> Any:
        asked.set()
        await go.wait()
        return await read(work)

    monkeypatch.setattr(database, "read", slowly)
    polling = asyncio.ensure_future(subscription.poll(10))
    async with asyncio.timeout(30):
        await asked.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not polling.done()
        go.set()
        assert [one.body for one in await polling] == ([b"one"] if host else [])
        assert list(await subscription.poll(10)) == []
    await subscription.close()
    await database.close()


async def test_a_batch_has_a_size_and_nothing_is_left_out(tmp_path: Path) -> None:
    """However many notices are asked for: a subscriber that does not read holds one batch."""
    clock, database = FakeClock(1_700_000_000.0), Database(tmp_path / "notices.db")
    log = NoticeLog(database, clock)
    store = SqliteStore(database, clock, log.wake)
    await log.create("team")
    for number in range(20):
        body = b"%03d" % number + b"x" * (BATCH_BYTES // 4)
        told = Notice(f"n{number}", "spiderduck.url.processed", "http://a.test/", "a.test", "fetched", "fetched", body)
        await store.complete(told.id, told.id, Change(), told)
    subscription = await log.open("team", Filter())
    got: list[bytes] = []
    while found := await subscription.poll(500):
        assert len(found) <= 4
        got += [one.body[:3] for one in found]
    assert got == [b"%03d" % number for number in range(20)]
    await subscription.close()
    await database.close()
