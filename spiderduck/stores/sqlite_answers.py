"""Answers to requests that may be sent again, in the embedded store. `spiderduck.retention` deletes the old ones."""

import sqlite3

from groundwork.clock import Clock
from spiderduck.database.sqlite import Database
from spiderduck.stores.ports import Attempt, Earlier

TAKE = "INSERT OR IGNORE INTO answers (name, fingerprint, token, at) VALUES (?, ?, ?, ?)"
READ = "SELECT fingerprint, token, answer FROM answers WHERE name = ?"
KEEP = "UPDATE answers SET answer = ? WHERE name = ? AND token = ?"
FREE = "DELETE FROM answers WHERE name = ? AND token = ?"


class SqliteAnswers:
    """The `KeptAnswers` port."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, attempt: Attempt) -> Earlier | None:
        row = (*attempt, self._clock.now())

        def write(connection: sqlite3.Connection) -> Earlier | None:
            connection.execute(TAKE, row)
            fingerprint, token, answer = connection.execute(READ, (attempt.name,)).fetchone()
            return None if token == attempt.token else Earlier(fingerprint, answer)

        return await self._database.write(write)

    async def keep(self, attempt: Attempt, answer: bytes) -> None:
        row = (answer, attempt.name, attempt.token)
        await self._database.write(lambda connection: connection.execute(KEEP, row))

    async def free(self, attempt: Attempt) -> None:
        row = (attempt.name, attempt.token)
        await self._database.write(lambda connection: connection.execute(FREE, row))
