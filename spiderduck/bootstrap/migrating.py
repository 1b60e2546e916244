"""The schema's migration, from settings to a session and back. Called by `spiderduck migrate`."""

from fetchers.clock import SystemClock
from spiderduck.bootstrap.waiting import wait_for
from spiderduck.config import Config
from spiderduck.stores.cassandra_migration import Migration
from spiderduck.stores.sessions.opening import open_session


async def migrate(config: Config) -> list[int]:
    """Waits for a node. Returns the versions that were applied. Raises `StatementRefused`."""
    clock, cassandra = SystemClock(), config.cassandra
    await wait_for("Cassandra", [f"{host}:{cassandra.port}" for host in cassandra.hosts], clock)
    session = await open_session(cassandra)
    try:
        return await Migration(session, cassandra, clock).run()
    finally:
        await session.close()
