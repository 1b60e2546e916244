"""Queue, store and outbox in this process: one SQLite file in the data folder."""

import asyncio
from pathlib import Path

from spiderduck.bootstrap.archives import open_archive
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.remedies import ARCHIVE_REMEDY, away
from spiderduck.bootstrap.storage import ForApi, ForFlow, Removable, Storage
from spiderduck.bootstrap.waiting import noted
from spiderduck.database.disk import DiskWatch
from spiderduck.database.sqlite import Database, bring_up_to_date
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.retention import RetentionSweeper
from spiderduck.shares.sqlite import SqliteShares
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.stores.sqlite_answers import SqliteAnswers
from spiderduck.subscriptions.sqlite import NoticeLog
from spiderduck.takedowns.sqlite import SqliteTakedowns
from spiderduck.webhooks.sqlite import SqliteWebhooks


async def open_embedded(given: Composition) -> Storage:
    """Flow and API share every object: one transaction makes a URL's page, progress and notice visible."""
    clock, config = given.clock, given.config
    file = given.folder / "spiderduck.db"
    await _up_to_date(file)
    database = Database(file)
    given.stack.push_async_callback(database.close)
    notices = NoticeLog(database, clock, config.queues)
    store = SqliteStore(database, clock, notices.wake)
    opened = await open_archive(given, store)
    queue = SqliteQueue(database, clock)
    disk = DiskWatch(given.folder, clock, database)
    shares = SqliteShares(database)
    sweeper = RetentionSweeper(database, opened.archive, clock, config.retention, notices, shares)
    return Storage(
        ForFlow(queue, store, opened.archive, opened.archive),
        ForApi(
            queue,
            queue,
            store,
            store,
            opened.archive,
            notices,
            shares,
            store,
            SqliteWebhooks(database),
            SqliteAnswers(database, clock),
        ),
        (("queue", queue.run), ("ages", queue.watch), ("retention", sweeper.run), ("disk", disk.run), *opened.work),
        lambda: {"store": disk.trouble, "archive": away(opened.archive.trouble, ARCHIVE_REMEDY)},
        database,
        disk.gauges,
        (("store_call_seconds", "Calls of the embedded store, their wait included.", "call", database.seconds),),
        Removable(SqliteTakedowns(database), store, store, notices, opened.archive),
    )


async def _up_to_date(file: Path) -> None:
    """Beside the loop, so that health is answered meanwhile. Who is cancelled waits for the end all the same: nobody
    else may get the folder before."""
    work = asyncio.create_task(asyncio.to_thread(bring_up_to_date, file))
    with noted("store", f"{file} is brought up to date", "wait; large databases take minutes"):
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await work
            raise
