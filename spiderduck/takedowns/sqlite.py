"""The list of takedowns in the embedded store."""

import sqlite3
from collections.abc import Sequence

import msgspec

from spiderduck.database.sqlite import Database
from spiderduck.takedowns.model import Takedown
from spiderduck.takedowns.ports import Change

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

    async def change(self, takedown_id: str, change: Change) -> Takedown | None:
        def write(connection: sqlite3.Connection) -> Takedown | None:
            row = connection.execute("SELECT body FROM takedowns WHERE id = ?", (takedown_id,)).fetchone()
            before = None if row is None else _decode(row[0])
            after = change(before)
            if after == before:
                return after
            if after is None:
                connection.execute("DELETE FROM takedowns WHERE id = ?", (takedown_id,))
            else:
                values = (takedown_id, msgspec.json.encode(after))
                connection.execute("INSERT OR REPLACE INTO takedowns (id, body) VALUES (?, ?)", values)
            connection.execute(CHANGED)
            return after

        return await self._database.write(write)
