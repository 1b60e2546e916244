"""The embedded index of pictures: older databases gain it, deleted pages leave it."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from schedulers.model import Change
from spiderduck.config import Retention
from spiderduck.database.sqlite import Database
from spiderduck.retention import RetentionSweeper
from spiderduck.stores.sqlite import SqliteStore
from tests.clock import FakeClock
from tests.contract.test_metadata_store import KEY, fetched, page, told

PICTURE = "http://p.test/a.png"


class NoFiles:
    async def remove_older_than(self, moment: float) -> int:
        return 0


async def store_page(database: Database) -> None:
    shown = replace(page(), metadata=b'{"image":{"url":"%s"}}' % PICTURE.encode())
    store = SqliteStore(database, FakeClock(), lambda: None)
    await store.complete("event", KEY, Change((fetched(),), shown), told("event", fetched(), shown))


async def owns(database: Database) -> bool:
    return await SqliteStore(database, FakeClock(), lambda: None).owns_picture(PICTURE)


async def test_pages_that_were_stored_before_there_was_an_index_are_in_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db")
    await store_page(database)
    await database.close()
    with sqlite3.connect(tmp_path / "store.db") as old:
        old.execute("DROP TRIGGER pictures_of_deleted_page")
        old.execute("DROP TABLE pictures")
    database = Database(tmp_path / "store.db")
    assert await owns(database)
    await database.close()


async def test_a_page_that_is_deleted_takes_its_pictures_along(tmp_path: Path) -> None:
    database, clock = Database(tmp_path / "store.db"), FakeClock()
    await store_page(database)
    assert await owns(database)
    await RetentionSweeper(database, NoFiles(), clock, Retention(pages_days=1.0)).sweep()
    assert not await owns(database)
    await database.close()


async def test_what_is_known_of_a_sites_pictures_goes_when_its_pages_would(tmp_path: Path) -> None:
    """A site that nobody shares any more leaves nothing behind."""
    database, clock = Database(tmp_path / "store.db"), FakeClock()
    store, sweeper = (
        SqliteStore(database, clock, lambda: None),
        RetentionSweeper(database, NoFiles(), clock, Retention(pages_days=1.0)),
    )
    assert await store.saw_picture("p.test", PICTURE, "http://p.test/1") == 1
    await clock.advance(0.9 * 86_400)
    await sweeper.sweep()
    assert await store.saw_picture("p.test", PICTURE, "http://p.test/2") == 2
    await clock.advance(1.1 * 86_400)
    await sweeper.sweep()
    assert await store.saw_picture("p.test", PICTURE, "http://p.test/3") == 1
    await database.close()
