"""Worker ids in a real ZooKeeper: exhaustion, a partition, a session that ends."""

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from kazoo.client import KazooClient

from snowflake.errors import LeaseDoubtful, LeaseLost, LeaseUnavailable, RegistryExhausted, SnowflakeError
from snowflake.generator import Generator
from snowflake.leases.registered import HeldRegisteredLease, RegisteredLease
from snowflake.leases.zookeeper import ZooKeeperLease
from tests.engines.toxics import Toxiproxy

pytestmark = [pytest.mark.engine("zookeeper"), pytest.mark.timeout(60)]

ONE_ID = RegisteredLease(worker_ids=(0,), deadline_ms=1000, most_wait_ms=10_000)


@pytest.fixture
def chroot(zookeeper_hosts: str) -> str:
    """A path that no other test sees."""
    client = KazooClient(hosts=zookeeper_hosts)
    client.start()
    path = f"/test-{uuid4().hex}"
    client.create(path)
    client.stop()
    client.close()
    return path


Acquire = Callable[..., HeldRegisteredLease]


@pytest.fixture
def acquire(zookeeper_hosts: str, chroot: str) -> Iterator[Acquire]:
    held: list[HeldRegisteredLease] = []

    def acquire(terms: RegisteredLease = ONE_ID, hosts: str = zookeeper_hosts) -> HeldRegisteredLease:
        lease = ZooKeeperLease(hosts + chroot, terms, session_seconds=1.5, answer_seconds=0.5).acquire()
        held.append(lease)
        return lease

    yield acquire
    for lease in held:
        lease.release(0)


def eventually(call: Callable[[], object], error: type[SnowflakeError], within: float = 10.0) -> None:
    """Call until it raises `error`."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            call()
        except error:
            return
    pytest.fail(f"{error.__name__} did not come within {within} s")


def test_32_ids_and_not_one_more(acquire: Acquire, zookeeper_hosts: str, chroot: str) -> None:
    """Zero included, under the path that other software looks at; the 33rd is told who holds which."""
    terms = RegisteredLease(url="http://here")
    assert sorted(acquire(terms).worker_id for _ in range(32)) == list(range(32))
    client = KazooClient(hosts=zookeeper_hosts)
    client.start()
    assert sorted(map(int, client.get_children(f"{chroot}/snowflake-servers"))) == list(range(32))
    assert client.get(f"{chroot}/snowflake-servers/0")[1].ephemeralOwner != 0
    client.stop()
    client.close()
    with pytest.raises(RegistryExhausted, match=r"0: process .* on .*, http://here"):
        acquire(terms)


def test_a_partition_never_makes_two_holders(
    acquire: Acquire, toxiproxy: Toxiproxy, zookeeper_hosts: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The one cut off mints to its deadline and stops; another takes the id; no id is given twice by the two."""
    with toxiproxy.link(zookeeper_hosts) as link:
        old = Generator(lease=acquire(hosts=f"127.0.0.1:{link.port}"))
        ids = [id for some in old.reserve(1000) for id in some]
        link.cut()
        ids += [id for some in old.reserve(1000) for id in some]
        eventually(lambda: ids.append(old.next_id()), LeaseDoubtful)
        new = None
        while new is None:
            try:
                new = Generator(lease=acquire())
            except RegistryExhausted:
                time.sleep(0.05)  # until ZooKeeper ends the session of the one cut off
        ids += [id for some in new.reserve(20_000) for id in some]
        link.restore()
        eventually(lambda: _mint_or_doubt(old, ids), LeaseLost)
        ids += [id for some in new.reserve(20_000) for id in some]
        assert len(ids) == len(set(ids))
        old.close()


def _mint_or_doubt(generator: Generator, ids: list[int]) -> None:
    try:
        ids.append(generator.next_id())
    except LeaseDoubtful:
        time.sleep(0.01)


def test_a_half_open_link_is_no_loss(acquire: Acquire, toxiproxy: Toxiproxy, zookeeper_hosts: str) -> None:
    """Data that vanishes for less than the deadline goes unnoticed."""
    with toxiproxy.link(zookeeper_hosts) as link:
        terms = RegisteredLease(worker_ids=(0,), deadline_ms=3000)
        generator = Generator(lease=acquire(terms, f"127.0.0.1:{link.port}"))
        link.spoil("timeout", timeout=0)
        until = time.monotonic() + 1
        ids = []
        while time.monotonic() < until:
            ids += generator.take(100)
            time.sleep(0.01)
        link.restore()
        until = time.monotonic() + 3
        while time.monotonic() < until:
            ids += generator.take(100)
            time.sleep(0.01)
        assert len(ids) == len(set(ids)) > 100
        generator.close()


def test_a_session_that_was_ended_stops_the_generator(acquire: Acquire) -> None:
    """As an administrator or a long pause would end it."""
    lease = acquire()
    generator = Generator(lease=lease)
    generator.next_id()
    client = lease._registry._client  # type: ignore[attr-defined]
    # A second connection to the same session that closes it: the documented way to test for a lost session.
    twin = KazooClient(hosts=client.hosts and ",".join(f"{h}:{p}" for h, p in client.hosts), client_id=client.client_id)
    twin.start()
    twin.stop()
    twin.close()
    eventually(generator.next_id, LeaseLost)


def test_a_coordinator_that_is_not_there(chroot: str) -> None:
    """Said at the start, with its address."""
    with pytest.raises(LeaseUnavailable, match=r"127\.0\.0\.1:1"):
        ZooKeeperLease(f"127.0.0.1:1{chroot}", answer_seconds=0.3).acquire()
