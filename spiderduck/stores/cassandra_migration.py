"""Brings a keyspace to the schema of this version: `schema.cql`, block by block, each applied once.

Called by `spiderduck migrate`. Whoever holds the lock row migrates, everybody else waits for it; the lock ends by
itself when its holder died, and every statement may be repeated. Each block says which code it can be used by, so that
processes of the version before may go on, and start again, beside a schema that is newer than theirs.
"""

import re
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import NamedTuple
from uuid import uuid4

from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra_pictures import index_stored_pictures
from spiderduck.stores.errors import SchemaTooNew
from spiderduck.stores.sessions.ports import Session, Statement

LOCK_SECONDS = 120
PAUSE_SECONDS = 0.5
MOST_WAIT_SECONDS = 2 * LOCK_SECONDS
PICTURES_SINCE = 2
"""The block whose table is filled from the pages that are there already."""
VERSION = re.compile(r"^-- version (\d+), usable since (\d+)$", re.MULTILINE)

OWN_TABLES = (
    "CREATE TABLE IF NOT EXISTS {keyspace}.schema_versions (name text, version int, PRIMARY KEY (name, version))",
    "CREATE TABLE IF NOT EXISTS {keyspace}.schema_lock (name text PRIMARY KEY, holder text)",
    "CREATE TABLE IF NOT EXISTS {keyspace}.schema_since (name text, version int, since int, "
    "PRIMARY KEY (name, version))",
)


class Block(NamedTuple):
    """One step of the schema. Code that knows schema `since` or a later one works with it."""

    version: int
    since: int
    cqls: Sequence[str]


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
            return [await self._apply(block) for block in await self.missing()]
        finally:
            await self._unlock()

    async def missing(self) -> list[Block]:
        """The blocks that this keyspace has not got. Raises `StoreUnavailable`; `SchemaTooNew` where the keyspace has
        blocks that this code cannot work with."""
        rows = await self._read("SELECT version FROM {keyspace}.schema_versions WHERE name = 'spiderduck'")
        applied = {version for (version,) in rows}
        blocks = list(read_schema(self._keyspace))
        if applied and max(applied) > blocks[-1].version:
            await self._check_newer({one for one in applied if one > blocks[-1].version}, blocks[-1].version)
        return [block for block in blocks if block.version not in applied]

    async def _check_newer(self, newer: set[int], ours: int) -> None:
        """Raises `SchemaTooNew` where one of them does not say that this code may go on."""
        rows = await self._read("SELECT version, since FROM {keyspace}.schema_since WHERE name = 'spiderduck'")
        since = {row[0]: row[1] for row in rows}
        needed = max(since.get(one, one) for one in newer)
        if needed > ours:
            raise SchemaTooNew(
                f"the keyspace {self._keyspace} was migrated by a newer SpiderDuck (schema {max(newer)}, for code that "
                f"knows schema {needed}; this one knows {ours}); start that version, or use another keyspace "
                "(cassandra.keyspace)"
            )

    async def _apply(self, block: Block) -> int:
        """Who may use it is written down first: code that may not must not start while it is applied."""
        await self._note("schema_since (name, version, since) VALUES ('spiderduck', ?, ?)", block.version, block.since)
        for cql in block.cqls:
            await self._session.run(cql)
            await self._hold_on()
        if block.version == PICTURES_SINCE:
            await index_stored_pictures(self._session, self._keyspace, self._hold_on)
        await self._note("schema_versions (name, version) VALUES ('spiderduck', ?)", block.version)
        return block.version

    async def _note(self, what: str, version: int, *more: int) -> None:
        done = Statement(f"INSERT INTO {self._keyspace}.{what} USING TIMESTAMP ?")
        await self._session.execute(done, (version, *more, version))

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


def read_schema(keyspace: str) -> Iterator[Block]:
    """The blocks of `schema.cql`."""
    text = resources.files("spiderduck.stores").joinpath("schema.cql").read_text(encoding="utf-8")
    _, *parts = VERSION.split(text)
    for version, since, block in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        lines = [line for line in block.splitlines() if not line.startswith("--")]
        cqls = "\n".join(lines).replace("{keyspace}", keyspace).split(";")
        yield Block(int(version), int(since), [cql.strip() for cql in cqls if cql.strip()])
