"""Politeness state in SQLite, for the embedded mode. Written on back-off and where much was learnt of a domain's pace,
so that a fetch costs no write.
"""

import logging

import msgspec

from fetchers.model import KeptPoliteness
from groundwork.clock import Clock
from spiderduck.database.sqlite import Database
from spiderduck.errors import StoreUnavailable

log = logging.getLogger(__name__)

_decode = msgspec.json.Decoder(KeptPoliteness).decode


class SqliteHostStates:
    """A store that does not answer is logged and forgets: the fetcher then waits one interval."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def load(self, domain: str) -> KeptPoliteness | None:
        sql = "SELECT state FROM host_states WHERE domain = ?"
        try:
            row = await self._database.read(lambda connection: connection.execute(sql, (domain,)).fetchone())
        except StoreUnavailable as error:
            log.warning("the politeness state of %s cannot be read: %s", domain, error)
            return None
        return None if row is None else _decode(row[0])

    async def save(self, domain: str, state: KeptPoliteness) -> None:
        row = (domain, self._clock.now(), msgspec.json.encode(state))
        sql = "INSERT OR REPLACE INTO host_states (domain, at, state) VALUES (?,?,?)"
        try:
            await self._database.write(lambda connection: connection.execute(sql, row))
        except StoreUnavailable as error:
            log.warning("the politeness state of %s cannot be kept: %s", domain, error)
