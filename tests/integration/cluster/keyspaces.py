"""A keyspace of the tests' Cassandra: migrated once per run of the tests, emptied for each that asks."""

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from groundwork.clock import SystemClock
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra_migration import Migration
from spiderduck.stores.cassandra_opening import open_session
from spiderduck.stores.sessions.ports import Session
from tests.engines.toxics import Toxiproxy, slow_link

WEBHOOKS = ("buckets", "webhooks", "webhook_owners", "webhook_deliveries", "webhook_log", "webhook_pending")
TABLES = (
    *("urls", "pages", "versions", "redirects", "redirected_from", "recent", "buckets", "finished", "pictures"),
    *("claims", "takedowns", "audit", "walks", "domains", "processes", "answers"),
)
SHARES = (
    *("share_ids", "shares", "share_hours", "share_sharers", "share_links", "share_page_links", "share_pages"),
    *("share_domains", "trends"),
)
KEYSPACE = f"test_{os.getpid()}"


def moment_of_id(identity: int) -> float:
    """Ids of the tests are small numbers: seconds after the fake clock's start."""
    return 1_000_000.0 + identity


def settings(driver: str = "acsylla", port: int | None = None) -> CassandraConfig:
    """How the engine of `tests.engines` is reached."""
    host, _, own = os.environ["SPIDERDUCK_TEST_CASSANDRA"].rpartition(":")
    return CassandraConfig(hosts=(host,), port=port or int(own), keyspace=KEYSPACE, driver=driver)


@asynccontextmanager
async def opened_session(config: CassandraConfig) -> AsyncIterator[Session]:
    session = await open_session(config)
    try:
        yield session
    finally:
        await close(session)


async def close(session: Session) -> None:
    """Close it, and what the driver leaves open."""
    await session.close()
    cluster = getattr(session, "_cluster", None)
    if hasattr(cluster, "get_logger"):
        _close_sockets(cluster, cluster.get_logger())


def close_forgotten_sockets() -> None:
    """Those of clusters to which no session could be opened."""
    _close_sockets(*(one for one in gc.get_objects() if type(one).__name__ in ("Cluster", "Logger")))


def _close_sockets(*owners: object) -> None:
    """acsylla leaves two pairs of sockets to the end of its loop, and pytest gives each test a loop of its own."""
    for owner in owners:
        for owned in gc.get_referents(owner) if "acsylla" in type(owner).__module__ else ():
            if isinstance(owned, socket.socket) and owned.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(owned)
                owned.close()


@asynccontextmanager
async def emptied_keyspace(
    driver: str = "acsylla", port: int | None = None, tables: Sequence[str] = TABLES
) -> AsyncIterator[tuple[Session, CassandraConfig]]:
    """A session, and the settings that lead to the tests' keyspace, in which these tables are empty. A table that shows
    nothing may hold deletions that are newer than what a test writes by its own clock, so that each is truncated."""
    config = settings(driver, port)
    async with opened_session(config) as session:
        if await Migration(session, config, SystemClock()).run() == []:
            await asyncio.gather(*(session.run(f"TRUNCATE {config.keyspace}.{table}") for table in tables))
        yield session, config


@contextmanager
def slow_port() -> Iterator[int]:
    """A port that leads to the engine over a link with latency and jitter."""
    toxiproxy = Toxiproxy(os.environ["SPIDERDUCK_TEST_TOXIPROXY"])
    with slow_link(toxiproxy, os.environ["SPIDERDUCK_TEST_CASSANDRA"]) as link:
        yield link.port


def elsewhere(config: CassandraConfig, keyspace: str) -> CassandraConfig:
    """Made and dropped by the test: a change of the schema takes seconds, more on a busy machine."""
    return replace(config, keyspace=keyspace, request_timeout=60.0)
