"""The schema's migration, from settings to a session and back. Called by `spiderduck migrate`."""

from dataclasses import replace

from groundwork.clock import SystemClock
from spiderduck.bootstrap.waiting import wait_for
from spiderduck.config import Config
from spiderduck.stores.cassandra_migration import Migration
from spiderduck.stores.cassandra_opening import open_session

SCHEMA_SECONDS = 30.0
"""A change of the schema takes seconds, until all nodes agree; what a request may take is set for pages."""


async def migrate(config: Config) -> list[int]:
    """Waits for a node. Returns the versions that were applied. Raises `StatementRefused`."""
    clock = SystemClock()
    cassandra = replace(config.cassandra, request_timeout=max(config.cassandra.request_timeout, SCHEMA_SECONDS))
    await wait_for("Cassandra", [f"{host}:{cassandra.port}" for host in cassandra.hosts], clock)
    session = await open_session(cassandra)
    try:
        return await Migration(session, cassandra, clock).run()
    finally:
        await session.close()
