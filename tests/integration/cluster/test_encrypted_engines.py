"""Our clients and real engines that take TLS alone, ask for our certificate, and want a password. The authority is a
throw-away one; each engine is started once, for this module."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from fetchers.stores.memcached import MemcachedRing
from groundwork.engine_tls import EngineTls
from snowflake.errors import LeaseUnavailable
from snowflake.leases.zookeeper import ZooKeeperLease
from spiderduck.errors import StoreUnavailable
from spiderduck.queues.kombu_link import NOT_YET, BrokerLink
from spiderduck.settings.broker import BrokerConfig
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra_opening import open_session
from spiderduck.stores.errors import StatementRefused
from spiderduck.stores.sessions.ports import Statement
from tests.clock import FakeClock
from tests.engines.authority import Authority
from tests.engines.encrypted import (
    SECRET,
    USER,
    EncryptedCassandra,
    EncryptedMemcached,
    EncryptedRabbitMQ,
    EncryptedZooKeeper,
)
from tests.engines.fixtures import need
from tests.engines.fleet import running_engines

PATIENCE = 60.0
"""Longer than a busy machine needs for a handshake or a first answer."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> EngineTls:
    """With everything that the engines ask for."""
    certificate, key = authority.issue("client")
    return EngineTls(True, str(authority.file), str(certificate), str(key))


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory, tls: EngineTls) -> EngineTls:
    """Believes another authority than the engines'."""
    return replace(tls, authority=str(Authority(tmp_path_factory.mktemp("strange")).file))


@pytest.fixture(scope="module")
def port(authority: Authority) -> Iterator[Callable[[type], int]]:
    """Starts an engine at the first question for its port."""
    found: dict[type, int] = {}
    with ExitStack() as stack:

        def of(kind: type) -> int:
            if kind not in found:
                need(kind.name)
                (running,) = stack.enter_context(running_engines([kind(authority)]))
                found[kind] = running.address[1]
            return found[kind]

        yield of


async def kept_by(ring: MemcachedRing) -> bytes | None:
    try:
        await ring.set("duck", b"quack", 60)
        return await ring.get("duck")
    finally:
        await ring.close()


@pytest.mark.engine("memcached")
async def test_memcached(port: Callable[[type], int], tls: EngineTls, strange: EngineTls) -> None:
    """The right one keeps things. Where something is wrong, a server is left out, as one that is away."""
    at, auth = port(EncryptedMemcached), f"{USER}:{SECRET}"

    def ring(tls: EngineTls, auth: str = auth, host: str = "127.0.0.1") -> MemcachedRing:
        return MemcachedRing([f"{host}:{at}"], FakeClock(), PATIENCE, auth=auth, tls=tls)

    assert await kept_by(ring(tls)) == b"quack"
    assert await kept_by(ring(replace(tls, check_names=False), host="localhost")) == b"quack"
    wrong = [ring(tls, "duck:other"), ring(tls, ""), ring(strange), ring(tls, host="localhost")]
    wrong.append(ring(replace(tls, certificate="", key="")))
    for one in wrong:
        assert await kept_by(one) is None
        assert one.counters.failures + one.counters.refused > 0


@pytest.mark.engine("zookeeper")
async def test_zookeeper(
    port: Callable[[type], int], tls: EngineTls, strange: EngineTls, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker id is leased under a path of its own, with digest authentication on top."""
    at = port(EncryptedZooKeeper)

    def lease(tls: EngineTls, host: str = "127.0.0.1", patience: float = 1.0) -> ZooKeeperLease:
        return ZooKeeperLease(f"{host}:{at}/encrypted/ids", answer_seconds=patience, auth=f"{USER}:{SECRET}", tls=tls)

    for good in (lease(tls, patience=PATIENCE), lease(replace(tls, check_names=False), "localhost", PATIENCE)):
        held = await asyncio.to_thread(good.acquire)
        held.release(0)
    for bad, reason in ((lease(strange), "signature failure"), (lease(tls, "localhost"), "Hostname mismatch")):
        with pytest.raises(LeaseUnavailable):
            await asyncio.to_thread(bad.acquire)
        assert reason in caplog.text


@pytest.mark.engine("rabbitmq")
async def test_rabbitmq(port: Callable[[type], int], tls: EngineTls, strange: EngineTls) -> None:
    """A link opens; with several addresses, each host's certificate is checked for its own name."""
    at = port(EncryptedRabbitMQ)
    account = f"{USER}:{quote(SECRET, safe='')}"

    async def opened(tls: EngineTls, hosts: tuple[str, ...] = ("127.0.0.1",), account: str = account) -> bool:
        """Whether a link opens, which says itself why not."""
        url = ";".join(f"amqps://{account}@{host}:{at}//" for host in hosts)
        config = BrokerConfig(url, connect_timeout=10.0, tls=tls)
        config.validate()
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        link = BrokerLink(config, "encrypted", lambda channel: loop.call_soon_threadsafe(ended.set) and None)
        try:
            async with asyncio.timeout(PATIENCE):
                while not ended.is_set() and link.trouble in (None, NOT_YET):
                    await asyncio.sleep(0.02)
            return ended.is_set()
        finally:
            await link.close()

    assert await opened(tls)
    assert await opened(tls, ("127.1", "127.0.0.1"))  # no certificate names the first
    assert await opened(replace(tls, check_names=False), ("127.1",))
    assert not await opened(tls, ("127.1",))
    assert not await opened(strange)
    assert not await opened(replace(tls, certificate="", key=""))
    assert not await opened(tls, account="duck:other")


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # acsylla's sockets live as its loop does
@pytest.mark.chaos  # Cassandra takes ten seconds to start
@pytest.mark.engine("cassandra")
@pytest.mark.parametrize("driver", ["acsylla", "cassandra-driver"])
async def test_cassandra(
    driver: str, port: Callable[[type], int], tls: EngineTls, strange: EngineTls, tmp_path: Path
) -> None:
    """Both drivers: with a password, over TLS, as somebody with a certificate."""
    at = port(EncryptedCassandra)

    def config(tls: EngineTls, password: str = "cassandra") -> CassandraConfig:
        made = CassandraConfig(
            ("127.0.0.1",), at, username="cassandra", password=password, driver=driver, tls=tls, connect_timeout=10.0
        )
        made.validate()
        return made

    async with asyncio.timeout(PATIENCE):
        session = None
        while session is None:
            try:  # the first account is made some seconds behind the first answer
                session = await open_session(config(tls))
            except (StatementRefused, StoreUnavailable):
                await asyncio.sleep(0.5)
    (row,) = await session.execute(Statement("SELECT release_version FROM system.local", reads=True), ())
    await session.close()
    assert str(row[0]).startswith("5.")
    with pytest.raises(StatementRefused):
        await open_session(config(tls, "other"))
    for wrong in (strange, replace(tls, certificate="", key=""), EngineTls()):
        with pytest.raises(StoreUnavailable):
            await open_session(config(wrong))
