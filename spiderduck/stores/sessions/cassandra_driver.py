"""`Session` on DataStax's cassandra-driver: the portable one, where acsylla has no wheel.

Its callbacks come from the driver's thread; each answer is handed to the loop with one call.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from cassandra import (  # type: ignore[import-untyped]
    AuthenticationFailed,
    ConsistencyLevel,
    DriverException,
    RequestValidationException,
)
from cassandra.auth import PlainTextAuthProvider  # type: ignore[import-untyped]
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable  # type: ignore[import-untyped]
from cassandra.connection import ConnectionException  # type: ignore[import-untyped]
from cassandra.policies import (  # type: ignore[import-untyped]
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    FallthroughRetryPolicy,
    TokenAwarePolicy,
)
from cassandra.pool import NoConnectionsAvailable  # type: ignore[import-untyped]
from cassandra.protocol import ErrorMessage, SyntaxException  # type: ignore[import-untyped]
from cassandra.query import BatchStatement, BatchType, tuple_factory  # type: ignore[import-untyped]

from spiderduck.errors import StoreUnavailable
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.errors import StatementRefused
from spiderduck.stores.sessions.ports import Row, Statement, Value, WhenAway, Write, give_up

FAILURES = (DriverException, NoHostAvailable, NoConnectionsAvailable, ConnectionException, ErrorMessage, OSError)
"""The driver's errors have no base in common."""
REFUSALS = (RequestValidationException, AuthenticationFailed, SyntaxException)


class CassandraDriverSession:
    """Blocking calls (connecting, preparing, the schema) run in a thread beside the loop, once each."""

    def __init__(self, cluster: Any, session: Any, config: CassandraConfig) -> None:
        self._cluster = cluster
        self._session = session
        self._read = ConsistencyLevel.name_to_value[config.read_consistency]
        self._write = ConsistencyLevel.name_to_value[config.write_consistency]
        self._prepared: dict[str, Any] = {}

    async def execute(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        try:
            rows = await _answer(self._session.execute_async(await self._bound(statement, values)))
        except FAILURES as error:
            raise _translated(error) from error
        return rows or ()

    async def batch(self, writes: Sequence[Write]) -> None:
        batch = BatchStatement(BatchType.LOGGED, consistency_level=self._write)
        try:
            for statement, values in writes:
                batch.add(await self._bound(statement, values))
            await _answer(self._session.execute_async(batch))
        except FAILURES as error:
            raise _translated(error) from error

    async def run(self, cql: str) -> None:
        try:
            await asyncio.to_thread(self._session.execute, cql, None, 30.0)
        except FAILURES as error:
            raise _translated(error) from error

    async def close(self) -> None:
        await asyncio.to_thread(self._cluster.shutdown)

    async def _bound(self, statement: Statement, values: Sequence[Value]) -> Any:
        bound = (await self._prepare(statement.cql)).bind(tuple(values))
        bound.is_idempotent = statement.reads  # what may be sent to a second node; see the port
        bound.consistency_level = self._read if statement.reads else self._write
        return bound

    async def _prepare(self, cql: str) -> Any:
        """Two that come at once both prepare it, which does no harm."""
        if cql not in self._prepared:
            self._prepared[cql] = await asyncio.to_thread(self._session.prepare, cql)
        return self._prepared[cql]


async def open_cassandra_driver(config: CassandraConfig, when_away: WhenAway = give_up) -> CassandraDriverSession:
    """Raises `StatementRefused` where the credentials are wrong."""
    while True:
        cluster = _cluster(config)
        try:
            return CassandraDriverSession(cluster, await asyncio.to_thread(cluster.connect), config)
        except asyncio.CancelledError:
            cluster.shutdown()  # which ends the thread's connecting as well
            raise
        except FAILURES as error:
            await asyncio.to_thread(cluster.shutdown)
            translated = _translated(error)
            if isinstance(translated, StatementRefused):
                raise translated from error
        await when_away(translated)


def _cluster(config: CassandraConfig) -> Any:
    speculative = ConstantSpeculativeExecutionPolicy(config.speculative_after, config.speculative_most)
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy(config.local_datacenter)),
        retry_policy=FallthroughRetryPolicy(),  # `sessions.retrying` repeats, with patience, for every driver alike
        serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
        request_timeout=config.request_timeout,
        row_factory=tuple_factory,
        speculative_execution_policy=speculative if config.speculative_most else None,
    )
    return Cluster(
        list(config.hosts),
        port=config.port,
        auth_provider=PlainTextAuthProvider(config.username, config.password) if config.username else None,
        connect_timeout=config.connect_timeout,
        control_connection_timeout=config.connect_timeout,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        reconnection_policy=ExponentialReconnectionPolicy(0.2, 2.0),
        protocol_version=4,
        idle_heartbeat_interval=5,
        ssl_context=config.tls.context(),
    )


def _answer(future: Any) -> "asyncio.Future[Sequence[Row] | None]":
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[Row] | None] = loop.create_future()

    def resolve(rows: Sequence[Row] | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(rows)
        else:
            answer.set_exception(error)

    future.add_callbacks(
        lambda rows: loop.call_soon_threadsafe(resolve, rows, None),
        lambda error: loop.call_soon_threadsafe(resolve, None, error),
    )
    return answer


def _translated(error: Exception) -> StoreUnavailable | StatementRefused:
    reasons = list(error.errors.values()) if isinstance(error, NoHostAvailable) else [error]
    refused = bool(reasons) and all(isinstance(one, REFUSALS) for one in reasons)
    return (StatementRefused if refused else StoreUnavailable)(f"Cassandra: {error}")
