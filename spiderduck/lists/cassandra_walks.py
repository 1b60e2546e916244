"""Who walks all records of a cluster, and how far: one row that is changed by conditional writes."""

from secrets import token_hex

import msgspec

from spiderduck.lists.walks import Progress, resumed
from spiderduck.stores.sessions.ports import Session, Statement

NAME = "judging"
LEASE_SECONDS = 60
"""A page of 200 records takes a second, with its rests."""


class CassandraWalks:
    """See `Walks`. The holder's name expires, so that a walk whose process ended is taken over."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session = session
        self._holder = token_hex(16)
        table = f"{keyspace}.walks"
        self._get = Statement(f"SELECT progress FROM {table} WHERE name = ?", reads=True)
        self._take = Statement(
            f"UPDATE {table} USING TTL ? SET holder = ? WHERE name = ? IF holder IN (?, null)", conditional=True
        )
        self._note = Statement(f"UPDATE {table} SET progress = ? WHERE name = ? IF holder = ?", conditional=True)
        self._leave = Statement(f"UPDATE {table} SET holder = null WHERE name = ? IF holder = ?", conditional=True)

    async def begin(self, lists: str) -> Progress | None:
        progress = await self._resumed(lists)
        if progress.done:
            return progress
        if not await self._is_ours():
            return None
        progress = await self._resumed(lists)  # as its last holder left it
        if progress.done:
            await self._session.execute(self._leave, (NAME, self._holder))
        return progress

    async def save(self, progress: Progress) -> bool:
        rows = await self._session.execute(self._note, (msgspec.json.encode(progress), NAME, self._holder))
        if not rows[0][0]:
            return False
        if progress.done:
            await self._session.execute(self._leave, (NAME, self._holder))
            return True
        return await self._is_ours()

    async def _is_ours(self) -> bool:
        rows = await self._session.execute(self._take, (LEASE_SECONDS, self._holder, NAME, self._holder))
        return bool(rows[0][0])

    async def _resumed(self, lists: str) -> Progress:
        rows = await self._session.execute(self._get, (NAME,))
        kept = rows[0][0] if rows else None
        return resumed(None if kept is None else msgspec.json.decode(kept, type=Progress), lists)
