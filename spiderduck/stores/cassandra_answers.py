"""Answers to requests that may be sent again, in Cassandra: every write is a compare and set, so that of several
processes one holds a name."""

from spiderduck.stores.ports import Attempt, Earlier
from spiderduck.stores.sessions.ports import Session, Statement


class CassandraAnswers:
    """The `KeptAnswers` port. Rows expire after `live_seconds`."""

    def __init__(self, session: Session, keyspace: str, live_seconds: int) -> None:
        self._session = session
        self._live = live_seconds
        table = f"{keyspace}.answers"
        self._take = Statement(
            f"INSERT INTO {table} (name, fingerprint, attempt) VALUES (?, ?, ?) IF NOT EXISTS USING TTL ?",
            conditional=True,
        )
        self._read = Statement(f"SELECT fingerprint, attempt, answer FROM {table} WHERE name = ?", reads=True)
        # All columns, so that none outlives the others.
        self._keep = Statement(
            f"UPDATE {table} USING TTL ? SET fingerprint = ?, attempt = ?, answer = ? WHERE name = ? IF attempt = ?",
            conditional=True,
        )
        self._free = Statement(f"DELETE FROM {table} WHERE name = ? IF attempt = ?", conditional=True)

    async def begin(self, attempt: Attempt) -> Earlier | None:
        rows = await self._session.execute(self._take, (*attempt, self._live))
        if rows[0][0]:
            return None
        found = await self._session.execute(self._read, (attempt.name,))
        if not found:  # freed or expired between the two
            return Earlier(attempt.fingerprint, None)
        fingerprint, token, answer = found[0]
        return None if token == attempt.token else Earlier(fingerprint, answer)

    async def keep(self, attempt: Attempt, answer: bytes) -> None:
        name, fingerprint, token = attempt
        await self._session.execute(self._keep, (self._live, fingerprint, token, answer, name, token))

    async def free(self, attempt: Attempt) -> None:
        await self._session.execute(self._free, (attempt.name, attempt.token))
