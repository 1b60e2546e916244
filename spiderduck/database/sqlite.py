"""One SQLite file: a writer with group commit, readers beside it (WAL), and the schema.

Used by every embedded adapter (`stores`, `queues`, `subscriptions`, `host_states`). What `write` returned from is on
the disk (`synchronous=FULL`), and a job that fails takes no other job of its batch with it.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import TypeGuard, TypeVar, cast

from groundwork.histogram import Histogram
from groundwork.readiness import Trouble
from spiderduck.database.batch_worker import BatchWorker, HandOver, JobResult, Threads
from spiderduck.database.picture_index import index_pictures
from spiderduck.errors import StoreUnavailable

log = logging.getLogger(__name__)

Value = TypeVar("Value")
Work = Callable[[sqlite3.Connection], Value]

PROBE = "INSERT OR REPLACE INTO marks (name, value) VALUES ('probe', zeroblob(65536))"
"""Taken back at once: there must be room for a page, and not only for a number."""
FREE_SPACE = "free some space there, or keep less (retention); nothing was lost, and work goes on by itself"
MAKE_WRITABLE = "make the data folder writable for this user: look at its owner, and whether its disk is mounted ro"
CHECK_DISK = "look at the system's log for errors of that disk, and whether another program holds the file"
OF_THE_DISK = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
    }
)
"""Failures that lie in the file or its disk, and in no statement."""
OF_ALL_JOBS = OF_THE_DISK - {sqlite3.SQLITE_FULL}
"""No other job fares better. Where the disk is full a smaller one may."""
WHAT_IS_DELETED = "PRAGMA secure_delete=FAST"
"""Is overwritten in pages that are written anyway. Free pages keep what they held until they are given back."""
PAGES_GIVEN_BACK = 4000
"""At a time, so that writers wait milliseconds."""
GIVE_BACK = f"PRAGMA incremental_vacuum({PAGES_GIVEN_BACK})"
SCHEMA_VERSION = 11


def _statements(file: str) -> tuple[str, ...]:
    """Those of a file beside this one."""
    lines = resources.files("spiderduck.database").joinpath(file).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    return tuple(one for one in text.split(";") if one.strip())


CHANGES = {
    2: (
        "ALTER TABLE subscribers ADD COLUMN handed INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE subscribers ADD COLUMN created_at REAL NOT NULL DEFAULT 0",
        # What was handed out was not written down before; nobody can have got more than there is.
        "UPDATE subscribers SET created_at = at, handed = "
        "max(position, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'notices'), 0))",
    ),
    3: ("CREATE TABLE site_pictures (site TEXT PRIMARY KEY, seen BLOB NOT NULL) WITHOUT ROWID",),
    4: ("CREATE TABLE takedowns (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",),
    5: (
        # When they were seen was not written down before; now counts.
        "ALTER TABLE site_pictures ADD COLUMN at REAL NOT NULL DEFAULT 0",
        "UPDATE site_pictures SET at = CAST(strftime('%s', 'now') AS REAL)",
        "CREATE INDEX site_pictures_by_time ON site_pictures (at)",
    ),
    6: _statements("shares.sql"),
    7: (
        "CREATE TABLE domains (domain TEXT PRIMARY KEY, first_seen REAL NOT NULL) WITHOUT ROWID",
        "INSERT INTO domains (domain, first_seen) SELECT domain, min(at) FROM urls WHERE domain != '' GROUP BY domain",
    ),
    8: _statements("webhooks.sql"),
    9: ("CREATE INDEX urls_by_time ON urls (at, key)",),
    10: _statements("answers.sql"),
    11: (
        "DROP TABLE share_sharers",
        *(one for one in _statements("shares.sql") if "share_sharers" in one),
        "INSERT INTO share_sharers SELECT l.page, s.sharer, count(*) FROM shares s "
        "JOIN share_links l ON l.number = s.link WHERE s.sharer IS NOT NULL GROUP BY l.page, s.sharer",
    ),
}
"""Version of the schema → what makes it from the one before."""


class Database:
    """`write` runs in the one writer thread, `read` in one of `readers` reader threads."""

    def __init__(self, path: Path, *, readers: int = 2, hand_over: HandOver = Threads) -> None:
        """Raises `StoreUnavailable` where the file cannot be opened. `trouble`: why the last write failed, if it did,
        for a reason that is none of its own (full, locked, read-only)."""
        self.path = path
        self.trouble: Trouble | None = None
        self.seconds = {"read": Histogram(), "write": Histogram()}
        try:
            self._writing = _up_to_date(path)
            self._reading = [_connect(path, read_only=True) for _ in range(readers)]
        except sqlite3.Error as error:
            raise _translated(error, path) from error
        self._writer: BatchWorker[Work[object]] = BatchWorker("sqlite writer", self._write_batch, hand_over=hand_over)
        self._readers: BatchWorker[Work[object]] = BatchWorker(
            "sqlite reader", *(self._read_with(connection) for connection in self._reading), hand_over=hand_over
        )

    async def write(self, work: Work[Value]) -> Value:
        """Run `work` in a transaction, together with whatever else waits. Durable when this returns."""
        with self._timed("write"):
            return cast(Value, await self._writer.submit(work))

    @contextmanager
    def _timed(self, call: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[call].observe(time.perf_counter() - began)

    def write_later(self, work: Work[object]) -> "asyncio.Future[object]":
        """The same without waiting; a failure is logged."""
        future = self._writer.submit(work)
        future.add_done_callback(_log_failure)
        return future

    async def read(self, work: Work[Value]) -> Value:
        """Run `work` on a reader connection. It sees everything whose `write` returned before."""
        with self._timed("read"):
            return cast(Value, await self._readers.submit(work))

    async def erase(self, work: Work[Value]) -> Value:
        """As `write`, and what it deletes or replaces is overwritten in the file, not only given back. Slower."""

        def erasing(connection: sqlite3.Connection) -> Value:
            connection.execute("PRAGMA secure_delete=ON")
            try:
                return work(connection)
            finally:
                connection.execute(WHAT_IS_DELETED)

        return await self.write(erasing)

    async def fold(self) -> None:
        """Give free pages back to the disk, bring everything from the write-ahead log into the file, as far as no
        reader is in the way, and empty the log: what was deleted before is in neither then."""
        while await self.write(_give_back):
            pass
        await self.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    async def probe(self) -> None:
        """Whether the file can be written. Writes only where the last write failed. Raises `StoreUnavailable`."""
        await self.write(self._try)

    async def close(self) -> None:
        """Finish what was submitted, and fold the write-ahead log into the file."""
        await self._readers.close()
        await self._writer.close()
        for connection in self._reading:
            connection.close()
        with suppress(sqlite3.Error):  # a full disk: the log stays, and the next start reads it
            self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._writing.close()

    def _write_batch(self, jobs: Sequence[Work[object]]) -> Sequence[JobResult]:
        """All in one transaction; where one fails for a reason of its own, each again in its own."""
        connection = self._writing
        try:
            return self._in_transaction(connection, jobs)
        except Exception as error:  # noqa: BLE001 -- it is handed to whoever awaits the job
            if len(jobs) == 1 or _is_among(error, OF_ALL_JOBS):
                return [(None, self._own(error)) for _ in jobs]
        return [self._alone(connection, job) for job in jobs]

    def _alone(self, connection: sqlite3.Connection, job: Work[object]) -> JobResult:
        try:
            return self._in_transaction(connection, [job])[0]
        except Exception as error:  # noqa: BLE001 -- it is handed to whoever awaits the job
            return None, self._own(error)

    def _in_transaction(self, connection: sqlite3.Connection, jobs: Sequence[Work[object]]) -> list[JobResult]:
        before = connection.total_changes
        try:
            connection.execute("BEGIN IMMEDIATE")
            answers: list[JobResult] = [(job(connection), None) for job in jobs]
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if _is_among(error, OF_THE_DISK):
                self.trouble = _trouble(error, self.path)
            raise
        if self.trouble is not None and connection.total_changes > before:
            self.trouble = None
        return answers

    def _try(self, connection: sqlite3.Connection) -> None:
        if self.trouble is not None:
            connection.execute(PROBE)
            connection.execute("DELETE FROM marks WHERE name = 'probe'")

    def _read_with(self, connection: sqlite3.Connection) -> Callable[[Sequence[Work[object]]], Sequence[JobResult]]:
        def read_batch(jobs: Sequence[Work[object]]) -> Sequence[JobResult]:
            answers: list[JobResult] = []
            for job in jobs:
                try:
                    answers.append((job(connection), None))
                except Exception as error:  # noqa: BLE001 -- it is handed to whoever awaits the job
                    answers.append((None, self._own(error)))
            return answers

        return read_batch

    def _own(self, error: Exception) -> Exception:
        return _translated(error, self.path) if isinstance(error, sqlite3.Error) else error


def _is_among(error: BaseException, codes: frozenset[int]) -> TypeGuard[sqlite3.OperationalError]:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in codes


def _give_back(connection: sqlite3.Connection) -> bool:
    """Whether there are more free pages."""
    connection.execute(GIVE_BACK).fetchall()
    return bool(connection.execute("PRAGMA freelist_count").fetchone()[0])


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # before anything is written, or it has no effect
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(WHAT_IS_DELETED)
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-16384")
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    connection.execute("PRAGMA journal_size_limit=67108864")
    connection.execute("PRAGMA busy_timeout=5000")
    if read_only:
        connection.execute("PRAGMA query_only=ON")
    return connection


def bring_up_to_date(path: Path) -> None:
    """Make the file, or bring its schema to that of this version. Blocks for as long as there is much to bring; whoever
    opens it behind this waits for nothing. Raises `StoreUnavailable`."""
    try:
        _up_to_date(path).close()
    except sqlite3.Error as error:
        raise _translated(error, path) from error


def _up_to_date(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    _migrate(connection, path)
    index_pictures(connection)
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise StoreUnavailable(
            f"{path} was written by a newer SpiderDuck (schema {version}, this one knows {SCHEMA_VERSION}); "
            "start that version, or use another folder (--data)"
        )
    if version == 0:
        files = ("schema.sql", "shares.sql", "webhooks.sql", "answers.sql")
        texts = [resources.files("spiderduck.database").joinpath(file).read_text() for file in files]
        # At once, or whoever is killed in between leaves tables behind that the next start stumbles over.
        script = "\n".join(("BEGIN IMMEDIATE;", *texts, f"PRAGMA user_version={SCHEMA_VERSION};", "COMMIT;"))
        connection.executescript(script)
        return
    if version < SCHEMA_VERSION:
        log.warning(
            "%s is brought from schema %d to %d, which takes time where much is in it", path, version, SCHEMA_VERSION
        )
    for newer in range(version + 1, SCHEMA_VERSION + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in CHANGES[newer]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={newer}")
        connection.execute("COMMIT")


def _translated(error: sqlite3.Error, path: Path) -> StoreUnavailable:
    if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
        return StoreUnavailable(f"the disk that holds {path} is full; free some space there, nothing was lost")
    return StoreUnavailable(f"{path} cannot be used: {error}")


def _trouble(error: sqlite3.Error, path: Path) -> Trouble:
    """The same for a person who is to mend it."""
    says, primary = str(_translated(error, path)), getattr(error, "sqlite_errorcode", 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return Trouble(says, "disk_full", FREE_SPACE)
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return Trouble(says, "read_only", MAKE_WRITABLE)
    return Trouble(says, "disk_error", CHECK_DISK)


def _log_failure(future: "asyncio.Future[object]") -> None:
    if (error := future.exception()) is not None:
        log.error("a write that nobody waits for failed: %s", error)
