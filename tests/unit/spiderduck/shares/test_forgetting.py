"""The log of shares is kept for as long as the settings say: what is older counts no more, and what is left counts
exactly."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schedulers.shares import Shares
from spiderduck.config import DAY, Retention
from spiderduck.database.sqlite import Database
from spiderduck.retention import RetentionSweeper
from spiderduck.shares import sqlite
from spiderduck.shares.counting import ShareCounter
from spiderduck.shares.model import Item, Share
from spiderduck.shares.ports import Asked
from spiderduck.shares.sqlite import SqliteShares
from spiderduck.shares.trends import Peak
from spiderduck.subscriptions.ports import Received
from tests.clock import FakeClock
from tests.contract.test_share_log import NOW, PAGE, SHORT, share

OLD = "https://news.test/old"


class NoFiles:
    """An archive without any."""

    async def remove_older_than(self, moment: float) -> int:
        return 0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "store.db")
    yield database
    await database.close()


def sweeper(database: Database, clock: FakeClock, days: float) -> RetentionSweeper:
    kept = Retention(events_days=0.0, notices_days=0.0, shares_days=days)
    return RetentionSweeper(database, NoFiles(), clock, kept, None, SqliteShares(database))


async def rows(database: Database, table: str) -> int:
    found = await database.read(lambda connection: connection.execute(f"SELECT count(*) FROM {table}").fetchone())
    return int(found[0])


@pytest.mark.parametrize("step", [1, 2, 500])
async def test_what_is_old_counts_no_more(database: Database, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """In steps of any size; a page that nobody shared since is gone, with its links and its people."""
    monkeypatch.setattr(sqlite, "SHARES_AT_ONCE", step)
    shares, clock = SqliteShares(database), FakeClock(NOW)
    old = [share(number, SHORT, at=NOW - 40 * DAY, sharer=f"old{number % 3}") for number in range(5)]
    gone = [share(10 + number, OLD, OLD, at=NOW - 40 * DAY, sharer="anna") for number in range(3)]
    new = [share(20, at=NOW - 2 * DAY, sharer="anna"), share(21, sharer="old1")]
    await shares.add([*old, *gone, *new])
    assert await sweeper(database, clock, 30.0).sweep() == {"trends": 0, "shares": 8}
    (page, left) = await shares.counts([Asked(PAGE, PAGE), Asked(OLD, OLD)], NOW)
    assert (page, left) == (Shares(total=2, last_hour=1, last_day=1, sharers=2), None)
    assert [await rows(database, table) for table in ("share_pages", "share_links", "shares", "share_sharers")] == [
        1,
        1,
        2,
        2,
    ]
    before = page
    await shares.recount()
    assert list(await shares.counts([Asked(PAGE, PAGE)], NOW)) == [before]


async def test_shares_are_forgotten_day_by_day(database: Database) -> None:
    """A sweep of the same day looks at nothing again; without the setting all stay."""
    shares, clock = SqliteShares(database), FakeClock(NOW)
    await shares.add([share(1, at=NOW - 31 * DAY), share(2, at=NOW - 29.5 * DAY)])
    assert "shares" not in await sweeper(database, clock, 0.0).sweep()
    daily = sweeper(database, clock, 30.0)
    assert (await daily.sweep())["shares"] == 1
    assert "shares" not in await daily.sweep()
    await clock.advance(DAY)
    assert (await daily.sweep())["shares"] == 1


async def test_what_trended_is_forgotten(database: Database) -> None:
    """After some days, whatever is kept of shares."""
    shares, clock = SqliteShares(database), FakeClock(NOW)
    for age in (1.0, 5.0):
        await shares.raise_peak(Peak(Item("links", f"{PAGE}{age}"), "day", 9.0, NOW - age * DAY))
    assert (await sweeper(database, clock, 0.0).sweep())["trends"] == 1
    assert len(await shares.peaks("links", "day", 0.0, 10)) == 1


class Batch:
    """A subscription with one batch."""

    async def receive(self, most: int) -> list[Received]:
        return [Received(number, notice(number, at)) for number, at in enumerate((NOW, NOW - 40 * DAY))]

    async def poll(self, most: int) -> list[Received]:
        return []

    async def ack(self, position: int) -> None:
        """Taken care of."""


def notice(number: int, at: float) -> bytes:
    from schedulers import notice
    from schedulers.model import Event, Known, Status, UrlState
    from schedulers.record import iso_time

    state = UrlState(PAGE, PAGE, Status.FETCHED)
    made = notice.processed(Event(f"e{number}", identity=f"e{number}"), "fetched", Known(state=state), None, NOW)
    return made.body.replace(f'"shared_at":"{iso_time(NOW)}"'.encode(), f'"shared_at":"{iso_time(at)}"'.encode())


class Log:
    """Takes what it is given."""

    def __init__(self) -> None:
        self.added: list[Share] = []

    async def add(self, shares: list[Share]) -> list[Share]:
        self.added += shares
        return shares


class Nobody:
    """Is told, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        async def told(*_: object) -> None:
            """Nothing follows."""

        return self if name in ("changes", "trending", "rechecking") else told if name == "told" else lambda *_: None


@pytest.mark.parametrize(("keep", "logged"), [(0.0, 2), (30 * DAY, 1)])
async def test_what_is_too_old_to_count_is_not_logged(keep: float, logged: int) -> None:
    """So that a share that was forgotten does not come back when it is told again."""
    log, clock = Log(), FakeClock(NOW)
    counter = ShareCounter(None, log, Nobody(), clock, keep)  # type: ignore[arg-type]
    clock.sleep = Nobody().told  # type: ignore[method-assign]
    await counter.take(Batch())  # type: ignore[arg-type]
    assert len(log.added) == logged
