"""The list of takedowns in the embedded store."""

import sqlite3
from collections.abc import Sequence

import msgspec

from spiderduck.database.sqlite import Database
from spiderduck.takedowns.model import Takedown

CHANGED = """
INSERT INTO marks (name, value) VALUES ('takedowns', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1
"""
_decode = msgspec.json.Decoder(Takedown).decode


class SqliteTakedowns:
    """See `TakedownStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self) -> str:
        sql = "SELECT value FROM marks WHERE name = 'takedowns'"
        row = await self._database.read(lambda connection: connection.execute(sql).fetchone())
        return "" if row is None else str(row[0])

    async def all(self) -> Sequence[Takedown]:
        sql = "SELECT body FROM takedowns ORDER BY id"
        rows = await self._database.read(lambda connection: connection.execute(sql).fetchall())
        return [_decode(body) for (body,) in rows]

    async def put(self, takedown: Takedown) -> None:
        row = (takedown.id, msgspec.json.encode(takedown))

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO takedowns (id, body) VALUES (?, ?)", row)
            connection.execute(CHANGED)

        await self._database.write(write)

    async def remove(self, takedown_id: str) -> bool:
        def write(connection: sqlite3.Connection) -> bool:
            removed = connection.execute("DELETE FROM takedowns WHERE id = ?", (takedown_id,)).rowcount > 0
            connection.execute(CHANGED)
            return removed

        return await self._database.write(write)
