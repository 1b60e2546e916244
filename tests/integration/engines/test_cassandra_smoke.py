"""Cassandra answers both drivers: the portable one for the schema, the asyncio one for the hot path."""

from collections.abc import Iterator
from uuid import uuid4

import acsylla
import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import RoundRobinPolicy

pytestmark = pytest.mark.engine("cassandra")


@pytest.fixture
def session(cassandra_address: tuple[str, int]) -> Iterator[Session]:
    host, port = cassandra_address
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy(), request_timeout=30)
    cluster = Cluster([host], port=port, execution_profiles={EXEC_PROFILE_DEFAULT: profile}, protocol_version=5)
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()


@pytest.fixture
def keyspace(session: Session) -> Iterator[str]:
    name = f"smoke_{uuid4().hex[:12]}"
    replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
    session.execute(f"CREATE KEYSPACE {name} WITH replication = {replication}")
    session.execute(f"CREATE TABLE {name}.page (id bigint PRIMARY KEY, title text)")
    yield name
    session.execute(f"DROP KEYSPACE {name}")


def test_a_row_written_by_the_portable_driver_is_read_back(session: Session, keyspace: str) -> None:
    """cassandra-driver creates a keyspace and a table, inserts a row and selects it."""
    session.execute(f"INSERT INTO {keyspace}.page (id, title) VALUES (%s, %s)", (1541815603606036480, "Ducks"))
    row = session.execute(f"SELECT title FROM {keyspace}.page WHERE id = 1541815603606036480").one()
    assert row.title == "Ducks"


# acsylla keeps a pair of wake-up sockets per event loop and leaves closing them to the interpreter.
@pytest.mark.filterwarnings("ignore:.*<socket.socket:pytest.PytestUnraisableExceptionWarning")
async def test_a_row_written_by_the_asyncio_driver_is_read_by_both(
    session: Session, keyspace: str, cassandra_address: tuple[str, int]
) -> None:
    """acsylla prepares an insert and a select on the same table, and the two drivers see the same row."""
    host, port = cassandra_address
    cluster = acsylla.create_cluster([host], port=port)
    fast = await cluster.create_session()
    try:
        insert = await fast.create_prepared(f"INSERT INTO {keyspace}.page (id, title) VALUES (?, ?)")
        statement = insert.bind()
        statement.bind_list([7, "Geese"])
        await fast.execute(statement)
        select = (await fast.create_prepared(f"SELECT title FROM {keyspace}.page WHERE id = ?")).bind()
        select.bind(0, 7)
        row = (await fast.execute(select)).first()
    finally:
        await fast.close()
    assert row is not None
    assert row.title == "Geese"
    assert session.execute(f"SELECT title FROM {keyspace}.page WHERE id = 7").one().title == "Geese"
