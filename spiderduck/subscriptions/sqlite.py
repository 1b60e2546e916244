"""Fanout queues on the embedded outbox: the notices are a log, and a durable queue is a position in it.

So a notice is written once, whatever the number of subscribers, in the transaction that made its URL visible. Its one
rule: a durable queue's position moves only when it is acknowledged.
"""

import asyncio
import sqlite3
from collections.abc import Sequence

from schedulers.ports import Clock
from spiderduck.database.sqlite import Database
from spiderduck.subscriptions.ports import Filter, Received

BATCH = 500
NOTICE = "position, host, type, status, outcome, body"


class SqliteSubscription:
    """Reads the log behind its position whenever something was announced."""

    def __init__(self, log: "NoticeLog", database: Database, name: str | None, wanted: Filter, position: int) -> None:
        self._log = log
        self._database = database
        self._name = name
        self._wanted = wanted
        self._position = position
        self.woken = asyncio.Event()
        self.woken.set()

    async def receive(self, most: int) -> Sequence[Received]:
        while True:
            await self.woken.wait()
            self.woken.clear()
            found, at_end = await self._database.read(lambda connection: self._read(connection, self._position, most))
            if not at_end:
                self.woken.set()
            self._position = max(self._position, found[-1][0]) if found else self._position
            wanted = [
                Received(position, body)
                for position, host, type_, status, outcome, body in found
                if self._wanted.takes(host, type_, status, outcome)
            ]
            if wanted:
                return wanted

    async def ack(self, position: int) -> None:
        if self._name is None:
            return
        row = (position, self._log.now(), self._name, position)
        sql = "UPDATE subscribers SET position = ?, at = ? WHERE name = ? AND position < ?"
        await self._database.write(lambda connection: connection.execute(sql, row))

    async def close(self) -> None:
        self._log.forget(self)

    @staticmethod
    def _read(
        connection: sqlite3.Connection, position: int, most: int
    ) -> tuple[list[tuple[int, str, str, str, str, bytes]], bool]:
        limit = min(most, BATCH)
        sql = f"SELECT {NOTICE} FROM notices WHERE position > ? ORDER BY position LIMIT ?"
        rows = connection.execute(sql, (position, limit)).fetchall()
        return rows, len(rows) < limit


class NoticeLog:
    """Opens subscriptions and wakes them; `wake` is called after each commit that wrote a notice."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._open: set[SqliteSubscription] = set()

    def now(self) -> float:
        return self._clock.now()

    def wake(self) -> None:
        for subscription in self._open:
            subscription.woken.set()

    def forget(self, subscription: SqliteSubscription) -> None:
        self._open.discard(subscription)

    async def open(self, name: str | None, wanted: Filter, *, after: int | None = None) -> SqliteSubscription:
        position = await self._position_of(name, after)
        subscription = SqliteSubscription(self, self._database, name, wanted, position)
        self._open.add(subscription)
        return subscription

    async def remove(self, name: str) -> bool:
        sql = "DELETE FROM subscribers WHERE name = ?"
        return await self._database.write(lambda connection: connection.execute(sql, (name,)).rowcount > 0)

    async def _position_of(self, name: str | None, after: int | None) -> int:
        if name is None:
            return await self._end() if after is None else after
        row = (name, self._clock.now())

        def write(connection: sqlite3.Connection) -> int:
            sql = f"INSERT OR IGNORE INTO subscribers (name, position, at) SELECT ?, {LAST}, ?"
            connection.execute(sql, row)
            (position,) = connection.execute("SELECT position FROM subscribers WHERE name = ?", (name,)).fetchone()
            return int(position)

        return await self._database.write(write)

    async def _end(self) -> int:
        return await self._database.read(lambda connection: int(connection.execute(f"SELECT {LAST}").fetchone()[0]))


LAST = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'notices'), 0)"
"""The last position ever given, also where the log was emptied since."""
