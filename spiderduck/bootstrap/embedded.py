"""Queue, store and outbox in this process: one SQLite file in the data folder."""

from contextlib import AsyncExitStack
from pathlib import Path

from groundwork.clock import Clock
from spiderduck.bootstrap.archives import open_archive
from spiderduck.bootstrap.backing import Backing, ForApi, ForFlow
from spiderduck.config import Config
from spiderduck.database.sqlite import Database
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.retention import RetentionSweeper
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.sqlite import NoticeLog


async def open_embedded(config: Config, folder: Path, clock: Clock, stack: AsyncExitStack) -> Backing:
    """Flow and API share every object: one transaction makes a URL's page, progress and notice visible."""
    database = Database(folder / "spiderduck.db")
    stack.push_async_callback(database.close)
    opened = await open_archive(config, folder, clock, stack)
    notices = NoticeLog(database, clock, config.queues)
    store = SqliteStore(database, clock, notices.wake)
    queue = SqliteQueue(database, clock)
    sweeper = RetentionSweeper(database, opened.archive, clock, config.retention, notices)
    return Backing(
        ForFlow(queue, store, opened.archive, opened.archive),
        ForApi(queue, queue, store, opened.archive, notices),
        (("queue", queue.run), ("retention", sweeper.run), *opened.work),
        lambda: {"archive": opened.archive.trouble},
        database,
    )
