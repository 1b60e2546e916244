"""The list of takedowns in Cassandra. One partition, for it is read as a whole, and seldom.

Rows are changed by conditional writes alone, for several processes find of a takedown what belongs to it.
"""

from collections.abc import Sequence
from secrets import token_hex

import msgspec

from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.cassandra_keys import Stamps
from spiderduck.stores.sessions.ports import Session, Statement
from spiderduck.takedowns.model import Takedown
from spiderduck.takedowns.ports import Change

ALL = "all"
REVISION = "revision"
"""The name of the row that says whether anything changed."""
MOST_TRIES = 100
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
        self._mark = Statement(f"INSERT INTO {table} (list, id, body) VALUES (?, ?, ?) USING TIMESTAMP ?")
        self._add = Statement(f"INSERT INTO {table} (body, list, id) VALUES (?, ?, ?) IF NOT EXISTS", conditional=True)
        self._replace = Statement(
            f"UPDATE {table} SET body = ? WHERE list = ? AND id = ? IF body = ?", conditional=True
        )
        self._remove = Statement(f"DELETE FROM {table} WHERE list = ? AND id = ? IF body = ?", conditional=True)

    async def revision(self) -> str:
        rows = await self._session.execute(self._get_one, (REVISION, REVISION))
        return bytes(rows[0][0]).decode() if rows else ""

    async def all(self) -> Sequence[Takedown]:
        return [_decode(body) for _, body in await self._session.execute(self._get, (ALL,))]

    async def change(self, takedown_id: str, change: Change) -> Takedown | None:
        place = (ALL, takedown_id)
        for _ in range(MOST_TRIES):
            rows = await self._session.execute(self._get_one, place)
            blob = bytes(rows[0][0]) if rows else None
            before = None if blob is None else _decode(blob)
            after = change(before)
            if after == before:
                return after
            if await self._is_written(place, blob, after):
                await self._changed()
                return after
        raise StoreUnavailable(f"takedown {takedown_id} is being changed by others all the time; ask again later")

    async def _is_written(self, place: tuple[str, str], before: bytes | None, after: Takedown | None) -> bool:
        """False where somebody else was quicker."""
        if after is None:
            rows = await self._session.execute(self._remove, (*place, before))
        elif before is None:
            rows = await self._session.execute(self._add, (msgspec.json.encode(after), *place))
        else:
            rows = await self._session.execute(self._replace, (msgspec.json.encode(after), *place, before))
        return bool(rows[0][0])

    async def _changed(self) -> None:
        """After the change, so that whoever sees the new revision sees it too."""
        values = (REVISION, REVISION, token_hex(8).encode(), self._stamps.next(self._clock.now()))
        await self._session.execute(self._mark, values)
