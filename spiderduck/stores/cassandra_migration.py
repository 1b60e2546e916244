"""Brings a keyspace to the schema of this version: `schema.cql`, block by block, each applied once.

Called by `spiderduck migrate`. Whoever holds the lock row migrates, everybody else waits for it; the lock ends by
itself when its holder died, and every statement may be repeated.
"""

import re
from collections.abc import Iterator, Sequence
from importlib import resources
from uuid import uuid4

from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra_pictures import index_stored_pictures
from spiderduck.stores.sessions.ports import Session, Statement

LOCK_SECONDS = 120
PAUSE_SECONDS = 0.5
MOST_WAIT_SECONDS = 2 * LOCK_SECONDS
PICTURES_SINCE = 2
"""The block whose table is filled from the pages that are there already."""
VERSION = re.compile(r"^-- version (\d+)$", re.MULTILINE)

OWN_TABLES = (
    "CREATE TABLE IF NOT EXISTS {keyspace}.schema_versions (name text, version int, PRIMARY KEY (name, version))",
    "CREATE TABLE IF NOT EXISTS {keyspace}.schema_lock (name text PRIMARY KEY, holder text)",
)


class Migration:
    """One keyspace's migration."""

    def __init__(self, session: Session, config: CassandraConfig, clock: Clock) -> None:
        self._session = session
        self._keyspace = config.keyspace
        self._replication = config.replication
        self._clock = clock
        self._holder = uuid4().hex

    async def run(self) -> list[int]:
        """Apply what is missing. Returns the versions applied by this call, none where the schema was there already.
        Raises `StoreUnavailable`."""
        await self._session.run(
            f"CREATE KEYSPACE IF NOT EXISTS {self._keyspace} WITH replication = {self._replication}"
        )
        for cql in OWN_TABLES:
            await self._session.run(cql.replace("{keyspace}", self._keyspace))
        if not await self.missing():
            return []
        await self._lock()
        try:
            return [await self._apply(version, cqls) for version, cqls in await self.missing()]
        finally:
            await self._unlock()

    async def missing(self) -> list[tuple[int, Sequence[str]]]:
        """The blocks that this keyspace has not got. Raises `StoreUnavailable`."""
        rows = await self._read("SELECT version FROM {keyspace}.schema_versions WHERE name = 'spiderduck'")
        applied = {version for (version,) in rows}
        blocks = list(read_schema(self._keyspace))
        if applied and max(applied) > blocks[-1][0]:
            raise StoreUnavailable(
                f"the keyspace {self._keyspace} was migrated by a newer SpiderDuck (schema {max(applied)}, this one "
                f"knows {blocks[-1][0]}); start that version, or use another keyspace (cassandra.keyspace)"
            )
        return [block for block in blocks if block[0] not in applied]

    async def _apply(self, version: int, cqls: Sequence[str]) -> int:
        for cql in cqls:
            await self._session.run(cql)
            await self._hold_on()
        if version == PICTURES_SINCE:
            await index_stored_pictures(self._session, self._keyspace, self._hold_on)
        done = Statement(
            f"INSERT INTO {self._keyspace}.schema_versions (name, version) VALUES ('spiderduck', ?) USING TIMESTAMP ?"
        )
        await self._session.execute(done, (version, version))
        return version

    async def _lock(self) -> None:
        give_up = self._clock.monotonic() + MOST_WAIT_SECONDS
        cql = "INSERT INTO {keyspace}.schema_lock (name, holder) VALUES ('spiderduck', ?) IF NOT EXISTS USING TTL ?"
        while not await self._won(cql, (self._holder, LOCK_SECONDS)):
            if self._clock.monotonic() > give_up:
                raise StoreUnavailable(
                    f"another migration of {self._keyspace} has held its lock for {MOST_WAIT_SECONDS} s"
                )
            await self._clock.sleep(PAUSE_SECONDS)

    async def _unlock(self) -> None:
        await self._won("DELETE FROM {keyspace}.schema_lock WHERE name = 'spiderduck' IF holder = ?", (self._holder,))

    async def _hold_on(self) -> None:
        """Raises where the lock was lost: somebody else migrates, and this one must stop."""
        cql = "UPDATE {keyspace}.schema_lock USING TTL ? SET holder = ? WHERE name = 'spiderduck' IF holder = ?"
        if not await self._won(cql, (LOCK_SECONDS, self._holder, self._holder)):
            raise StoreUnavailable("the migration took so long that its lock ended; run it again")

    async def _won(self, cql: str, values: Sequence[str | int]) -> bool:
        statement = Statement(cql.replace("{keyspace}", self._keyspace), conditional=True)
        rows = await self._session.execute(statement, values)
        return bool(rows[0][0])

    async def _read(self, cql: str) -> Sequence[tuple[int, ...]]:
        return await self._session.execute(Statement(cql.replace("{keyspace}", self._keyspace), reads=True), ())


def read_schema(keyspace: str) -> Iterator[tuple[int, Sequence[str]]]:
    """The blocks of `schema.cql`: version and statements."""
    text = resources.files("spiderduck.stores").joinpath("schema.cql").read_text(encoding="utf-8")
    _, *parts = VERSION.split(text)
    for version, block in zip(parts[::2], parts[1::2], strict=True):
        lines = [line for line in block.splitlines() if not line.startswith("--")]
        cqls = "\n".join(lines).replace("{keyspace}", keyspace).split(";")
        yield int(version), [cql.strip() for cql in cqls if cql.strip()]
