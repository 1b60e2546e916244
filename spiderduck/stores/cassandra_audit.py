"""The audit log of a cluster: one table, to which rows are added and from which none is taken."""

from secrets import randbits

import msgspec

from groundwork.clock import Clock
from spiderduck.audit import AuditEntry, AuditPage, shortened
from spiderduck.stores.cassandra_keys import microseconds, month_of
from spiderduck.stores.sessions.ports import Session, Statement

RANDOM_BITS = 10
"""Behind the microseconds of an id, so that two processes do not write the same one."""
_decode = msgspec.json.Decoder(AuditEntry).decode


class CassandraAudit:
    """See `AuditLog`."""

    def __init__(self, session: Session, keyspace: str, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        table = f"{keyspace}.audit"
        self._put = Statement(f"INSERT INTO {table} (month, id, entry) VALUES (?, ?, ?)")
        self._months = Statement(f"SELECT DISTINCT month FROM {table}", reads=True)
        self._get = Statement(f"SELECT id, entry FROM {table} WHERE month = ? AND id < ? LIMIT ?", reads=True)

    async def note(self, entry: AuditEntry) -> None:
        now = self._clock.now()
        identity = microseconds(now) << RANDOM_BITS | randbits(RANDOM_BITS)
        values = (month_of(now), identity, msgspec.json.encode(shortened(entry)))
        await self._session.execute(self._put, values)

    async def newest(self, most: int, before: int | None = None) -> AuditPage:
        below = 2**63 - 1 if before is None else before
        months = await self._session.execute(self._months, ())
        found: list[tuple[int, bytes]] = []
        for (month,) in sorted(months, reverse=True):
            rows = await self._session.execute(self._get, (month, below, most + 1 - len(found)))
            found += [(row[0], row[1]) for row in rows]
            if len(found) > most:
                break
        shown = found[:most]
        return AuditPage([_decode(blob) for _, blob in shown], shown[-1][0] if len(found) > most else None)
