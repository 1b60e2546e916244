"""A start beside a cluster that may not be there yet: wait for a node, then for the schema, and say what is waited for.

Called by the composition root. It changes nothing; the schema is `spiderduck migrate`'s.
"""

import logging

from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra_migration import Migration
from spiderduck.stores.errors import StatementRefused
from spiderduck.stores.sessions.ports import Session, WhenAway, give_up

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0


async def open_when_ready(config: CassandraConfig, clock: Clock) -> Session:
    """A session on a migrated keyspace, however often the cluster goes away meanwhile. Raises `StatementRefused` where
    the credentials are wrong, `SchemaTooNew` where the keyspace is not for this code."""
    when_away = _waiting(config, clock)
    session = await open_session(config, when_away)
    try:
        await wait_for_schema(Migration(session, config, clock), config, clock, when_away)
    except BaseException:
        await session.close()
        raise
    return session


def _waiting(config: CassandraConfig, clock: Clock) -> WhenAway:
    told = False

    async def wait(error: StoreUnavailable) -> None:
        nonlocal told
        if not told:
            log.warning("waiting for Cassandra at %s:%d (%s)", ", ".join(config.hosts), config.port, error)
        told = True
        await clock.sleep(PAUSE_SECONDS)

    return wait


async def wait_for_schema(migration: Migration, config: CassandraConfig, clock: Clock, when_away: WhenAway) -> None:
    """Until nothing is missing. Raises `SchemaTooNew`."""
    told = False
    while True:
        try:
            if not await _is_missing(migration):
                return
        except StoreUnavailable as error:
            await when_away(error)
            continue
        if not told:
            log.warning("waiting for the schema of keyspace %s; `spiderduck migrate` makes it", config.keyspace)
        told = True
        await clock.sleep(PAUSE_SECONDS)


async def _is_missing(migration: Migration) -> bool:
    try:
        return bool(await migration.missing())
    except StatementRefused:
        return True  # there is no such keyspace


async def open_session(config: CassandraConfig, when_away: WhenAway = give_up) -> Session:
    """Raises `StoreUnavailable` where no node answers, unless `when_away` waits; `StatementRefused` where the
    credentials are wrong."""
    if config.driver == "acsylla":
        from spiderduck.stores.sessions.acsylla import open_acsylla

        return await open_acsylla(config, when_away)
    from spiderduck.stores.sessions.cassandra_driver import open_cassandra_driver

    return await open_cassandra_driver(config, when_away)
