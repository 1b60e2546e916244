"""Fanout queues on the embedded outbox: the notices are a log, and a durable queue is a position in it.

So a notice is written once, whatever the number of subscribers, in the transaction that made its URL visible. A durable
queue's position moves only when it is acknowledged, and never beyond what was handed out.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from groundwork.clock import Clock
from spiderduck.database.sqlite import Database
from spiderduck.errors import NotHandedOut, TooManyQueues, UnknownQueue
from spiderduck.settings.broker import QueuesConfig
from spiderduck.subscriptions.ports import BATCH_BYTES, Filter, QueueState, Received, is_own

BATCH = 500
DAY = 86_400.0
NOTICE = "position, host, type, status, outcome, body"
LAST = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'notices'), 0)"
"""The last position ever given, also where the log was emptied since."""
FIRST = f"coalesce((SELECT min(position) FROM notices), {LAST} + 1)"
"""The oldest position that is still there."""

Row = tuple[int, str, str, str, str, bytes]


class SqliteSubscription:
    """Reads the log behind its position whenever something was announced."""

    stalled = False

    def __init__(self, log: "NoticeLog", name: str | None, wanted: Filter, position: int, reset: int | None) -> None:
        self._log = log
        self._wanted = wanted
        self._position = position
        self.name = name
        self.reset = reset
        self.removed = False
        self.woken = asyncio.Event()
        self.woken.set()

    async def receive(self, most: int) -> Sequence[Received]:
        while True:
            await self.woken.wait()
            if found := await self.poll(most):
                return found

    async def poll(self, most: int) -> Sequence[Received]:
        """At most `most` notices that came since the last call, without waiting. Raises `UnknownQueue`."""
        while self.woken.is_set():
            if self.removed and self.name is not None:
                raise UnknownQueue(self.name)
            self.woken.clear()
            found, at_end = await self._log.read(self._position, most)
            if not at_end:
                self.woken.set()
            self._position = max(self._position, found[-1][0]) if found else self._position
            wanted = [
                Received(position, body)
                for position, host, type_, status, outcome, body in found
                if self._wanted.takes(host, type_, status, outcome, body)
            ]
            if wanted:
                if self.name is not None:  # on the disk before anybody has it, so that a restart does not refuse it
                    await self._log.hand_out(self.name, wanted[-1].position)
                return wanted
        return ()

    async def ack(self, position: int) -> None:
        if self.name is not None:
            await self._log.acknowledge(self.name, position)

    async def close(self) -> None:
        self._log.forget(self)


class NoticeLog:
    """Opens subscriptions and wakes them; `wake` is called after each commit that wrote a notice."""

    def __init__(self, database: Database, clock: Clock, config: QueuesConfig | None = None) -> None:
        self._database = database
        self._clock = clock
        self._config = config or QueuesConfig()
        self._open: set[SqliteSubscription] = set()

    def wake(self) -> None:
        for subscription in self._open:
            subscription.woken.set()

    def forget(self, subscription: SqliteSubscription) -> None:
        self._open.discard(subscription)

    async def create(self, name: str, *, after: int | None = None) -> bool:
        now = self._clock.now()
        return await self._database.write(partial(_create, name=name, after=after, now=now, most=self._config.most))

    async def queues(self) -> Sequence[QueueState]:
        life = self._config.unused_days * DAY
        return await self._database.read(lambda connection: _states(connection, life))

    async def open(
        self, name: str | None, wanted: Filter, *, after: int | None = None, alone: bool = False
    ) -> SqliteSubscription:
        """`alone` is always so: the file is one process's."""
        if name is None:
            position, reset = await self._database.read(lambda connection: _begin(connection, after))
        else:
            resume = partial(_resume, name=name, after=after, now=self._clock.now())
            position, reset = await self._database.write(resume)
        subscription = SqliteSubscription(self, name, wanted, position, reset)
        self._open.add(subscription)
        return subscription

    async def remove(self, name: str) -> bool:
        sql = "DELETE FROM subscribers WHERE name = ?"
        removed = await self._database.write(lambda connection: connection.execute(sql, (name,)).rowcount > 0)
        for subscription in self._open:
            if removed and subscription.name == name:
                subscription.removed = True
                subscription.woken.set()
        return removed

    async def expire(self) -> int:
        """A queue that somebody listens to is in use, however quiet it is."""
        if not self._config.unused_days:
            return 0
        now, listened = self._clock.now(), {one.name for one in self._open if one.name is not None}

        def write(connection: sqlite3.Connection) -> int:
            used = ((now, name) for name in listened)
            connection.executemany("UPDATE subscribers SET at = ? WHERE name = ?", used)
            before = now - self._config.unused_days * DAY
            return connection.execute("DELETE FROM subscribers WHERE at < ?", (before,)).rowcount

        return await self._database.write(write)

    async def read(self, position: int, most: int) -> tuple[list[Row], bool]:
        """What follows a position, as much as fits a batch, and whether that is all there is."""
        limit = min(most, BATCH)
        sql = f"SELECT {NOTICE} FROM notices WHERE position > ? ORDER BY position LIMIT ?"

        def read(connection: sqlite3.Connection) -> tuple[list[Row], bool]:
            rows, size = [], 0
            for row in connection.execute(sql, (position, limit)):
                rows.append(row)
                size += len(row[-1])
                if size >= BATCH_BYTES:
                    return rows, False
            return rows, len(rows) < limit

        return await self._database.read(read)

    async def redact(self, hosts: Sequence[str], redact: Callable[[bytes], bytes | None]) -> int:
        """As `takedowns.ports.KeptNotices.redact`. A step at a time, so that writers wait milliseconds."""
        sql = f"SELECT position, body FROM notices WHERE position > ? AND host IN ({', '.join('?' * len(hosts))})"
        position, count, found = 0, 0, [(0, b"")]
        while found:
            ask = partial(_rows, sql=f"{sql} ORDER BY position LIMIT {BATCH}", values=(position, *hosts))
            found = await self._database.read(ask)
            changed = [(left, at) for at, body in found if (left := redact(body)) is not None]
            if changed:
                await self._database.erase(partial(_write_over, rows=changed))
            position, count = found[-1][0] if found else position, count + len(changed)
        if count:
            await self._database.fold()
        return count

    async def hand_out(self, name: str, position: int) -> None:
        """From now on a reader may acknowledge all up to there. Raises `UnknownQueue`."""
        row = (position, self._clock.now(), name)
        sql = "UPDATE subscribers SET handed = max(handed, ?), at = ? WHERE name = ?"
        if not await self._database.write(lambda connection: connection.execute(sql, row).rowcount):
            raise UnknownQueue(name)

    async def acknowledge(self, name: str, position: int) -> None:
        """Raises `NotHandedOut`, `UnknownQueue`."""
        now = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            _, handed = _place(connection, name)
            if position > handed:
                raise NotHandedOut(name, position, handed)
            sql = "UPDATE subscribers SET position = max(position, ?), at = ? WHERE name = ?"
            connection.execute(sql, (position, now, name))

        await self._database.write(write)


def _rows(connection: sqlite3.Connection, *, sql: str, values: Sequence[int | str]) -> list[tuple[int, bytes]]:
    return connection.execute(sql, values).fetchall()


def _write_over(connection: sqlite3.Connection, *, rows: Sequence[tuple[bytes, int]]) -> None:
    connection.executemany("UPDATE notices SET body = ? WHERE position = ?", rows)


def _create(connection: sqlite3.Connection, *, name: str, after: int | None, now: float, most: int) -> bool:
    if connection.execute("SELECT 1 FROM subscribers WHERE name = ?", (name,)).fetchone() is not None:
        return False
    (count,) = connection.execute("SELECT count(*) FROM subscribers WHERE name NOT LIKE '@%'").fetchone()
    if count >= most and not is_own(name):
        raise TooManyQueues(most)
    first, last = _bounds(connection)
    position = last if after is None else min(max(after, first - 1), last)
    sql = "INSERT INTO subscribers (name, position, handed, created_at, at) VALUES (?, ?, ?, ?, ?)"
    connection.execute(sql, (name, position, position, now, now))
    return True


def _begin(connection: sqlite3.Connection, after: int | None) -> tuple[int, int | None]:
    """Where a temporary queue begins, and the same again where that is not what was asked for."""
    first, last = _bounds(connection)
    if after is None:
        return last, None
    if after > last:
        return last, last
    if 0 < after < first - 1:
        return first - 1, first - 1
    return after, None


def _resume(connection: sqlite3.Connection, *, name: str, after: int | None, now: float) -> tuple[int, int | None]:
    """The same for a durable queue; what its reader got is acknowledged."""
    position, handed = _place(connection, name)
    first, _ = _bounds(connection)
    is_ours = after is None or after <= handed
    if after is not None and is_ours:
        position = max(position, after)
    gone = position < first - 1
    position = max(position, first - 1)
    sql = "UPDATE subscribers SET position = ?, handed = max(handed, ?), at = ? WHERE name = ?"
    connection.execute(sql, (position, position, now, name))
    return position, None if is_ours and not gone else position


def _place(connection: sqlite3.Connection, name: str) -> tuple[int, int]:
    """What is acknowledged, and what was handed out. Raises `UnknownQueue`."""
    row = connection.execute("SELECT position, handed FROM subscribers WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise UnknownQueue(name)
    return row[0], row[1]


def _bounds(connection: sqlite3.Connection) -> tuple[int, int]:
    first, last = connection.execute(f"SELECT {FIRST}, {LAST}").fetchone()
    return first, last


def _states(connection: sqlite3.Connection, life: float) -> list[QueueState]:
    first, last = _bounds(connection)
    oldest = "(SELECT n.at FROM notices n WHERE n.position > s.position ORDER BY n.position LIMIT 1)"
    sql = f"SELECT name, position, created_at, at, {oldest} FROM subscribers s WHERE name NOT LIKE '@%' ORDER BY name"
    return [
        # Positions have no gaps but where the oldest were deleted, so nothing needs to be counted.
        QueueState(name, position, last - max(position, first - 1), since, created, used, used + life if life else None)
        for name, position, created, used, since in connection.execute(sql)
    ]
