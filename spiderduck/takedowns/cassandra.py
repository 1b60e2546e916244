"""The list of takedowns in Cassandra. One partition, for it is read as a whole, and seldom."""

from collections.abc import Sequence
from secrets import token_hex

import msgspec

from groundwork.clock import Clock
from spiderduck.stores.cassandra_keys import Stamps
from spiderduck.stores.sessions.ports import Session, Statement
from spiderduck.takedowns.model import Takedown

ALL = "all"
REVISION = "revision"
"""The name of the row that says whether anything changed."""
_decode = msgspec.json.Decoder(Takedown).decode


class CassandraTakedowns:
    """See `TakedownStore`."""

    def __init__(self, session: Session, keyspace: str, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._stamps = Stamps()
        table = f"{keyspace}.takedowns"
        self._get = Statement(f"SELECT id, body FROM {table} WHERE list = ?", reads=True)
        self._get_one = Statement(f"SELECT body FROM {table} WHERE list = ? AND id = ?", reads=True)
        self._put = Statement(f"INSERT INTO {table} (list, id, body) VALUES (?, ?, ?) USING TIMESTAMP ?")
        self._remove = Statement(f"DELETE FROM {table} USING TIMESTAMP ? WHERE list = ? AND id = ?")

    async def revision(self) -> str:
        rows = await self._session.execute(self._get_one, (REVISION, REVISION))
        return bytes(rows[0][0]).decode() if rows else ""

    async def all(self) -> Sequence[Takedown]:
        return [_decode(body) for _, body in await self._session.execute(self._get, (ALL,))]

    async def put(self, takedown: Takedown) -> None:
        values = (ALL, takedown.id, msgspec.json.encode(takedown), self._stamps.next(self._clock.now()))
        await self._session.execute(self._put, values)
        await self._changed()

    async def remove(self, takedown_id: str) -> bool:
        if not await self._session.execute(self._get_one, (ALL, takedown_id)):
            return False
        await self._session.execute(self._remove, (self._stamps.next(self._clock.now()), ALL, takedown_id))
        await self._changed()
        return True

    async def _changed(self) -> None:
        """After the change, so that whoever sees the new revision sees it too."""
        values = (REVISION, REVISION, token_hex(8).encode(), self._stamps.next(self._clock.now()))
        await self._session.execute(self._put, values)
