"""The contract of the `Lease` port, on every adapter."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from snowflake.clock import SystemClock
from snowflake.errors import GeneratorClosed, LeaseLost, SnowflakeError
from snowflake.generator import Generator
from snowflake.grants import Grant
from snowflake.leases.file import FileLease
from snowflake.leases.ordinal import OrdinalLease
from snowflake.leases.registered import RegisteredLease
from snowflake.leases.static import StaticLease
from snowflake.ports import Lease
from tests.engines.toxics import slow_link
from tests.unit.snowflake.hand_registry import HandCoordinator

Acquire = Callable[[], Lease]

# The same worker id, from the same durable place, each time it is called.
ADAPTERS = [
    "file",
    "static",
    "ordinal",
    "registered",
    pytest.param("zookeeper", marks=pytest.mark.engine("zookeeper")),
    pytest.param("zookeeper behind a slow link", marks=pytest.mark.engine("zookeeper", "toxiproxy")),
]


@pytest.fixture(params=ADAPTERS)
def acquire(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Acquire]:
    held: list[Lease] = []
    chroot = request.getfixturevalue("chroot") if "zookeeper" in request.param else ""
    coordinator = HandCoordinator()
    terms = RegisteredLease(worker_ids=(3,), deadline_ms=1500)

    def zookeeper() -> Lease:
        from snowflake.leases.zookeeper import ZooKeeperLease

        return ZooKeeperLease(chroot, terms, session_seconds=2).acquire()

    ways: dict[str, Acquire] = {
        "file": lambda: FileLease(tmp_path, (3,)).acquire(),
        "static": lambda: StaticLease(3, folder=tmp_path).acquire(),
        "ordinal": lambda: OrdinalLease(tmp_path).acquire(environment={"HOSTNAME": "ids-3"}),
        "registered": lambda: terms.acquire_in(coordinator.session(), "the test", SystemClock()),
        "zookeeper": zookeeper,
        "zookeeper behind a slow link": zookeeper,
    }

    def acquire() -> Lease:
        lease = ways[request.param]()
        held.append(lease)
        return lease

    yield acquire
    for lease in held:
        lease.release(0)


@pytest.fixture
def chroot(request: pytest.FixtureRequest) -> Iterator[str]:
    """A part of the shared ZooKeeper that no other test sees, and that is not there yet."""
    hosts, path = request.getfixturevalue("zookeeper_hosts"), f"/test-{uuid4().hex}/ids"
    if "slow" not in request.node.name:
        yield f"{hosts}{path}"
        return
    with slow_link(request.getfixturevalue("toxiproxy"), hosts) as link:
        yield f"127.0.0.1:{link.port}{path}"


def now_ms() -> int:
    return SystemClock.time_ns() // 1_000_000


def test_a_worker_id_is_held_once(acquire: Acquire) -> None:
    """The second is refused until the first gives it back."""
    lease = acquire()
    assert (lease.worker_id, lease.datacenter_id) == (3, 0)
    with pytest.raises(SnowflakeError) as caught:
        acquire()
    assert caught.value.retryable
    assert "process" in str(caught.value)
    lease.release(0)
    acquire()


def test_the_last_time_used_is_the_next_floor(acquire: Acquire) -> None:
    """After a clean stop; a generator on it starts beyond."""
    with Generator(lease=acquire()) as generator:
        last = generator.decode(generator.next_id())
    lease = acquire()
    assert lease.floor_ms == last.unix_ms
    with Generator(lease=lease) as generator:
        assert generator.next_id() > last.id


def test_what_is_permitted_lies_ahead(acquire: Acquire) -> None:
    """And never shrinks."""
    lease = acquire()
    with Generator(lease=lease):
        first = lease.extend(now_ms())
        assert first > now_ms()
        assert lease.extend(now_ms()) >= first


def test_nothing_used_keeps_the_floor(acquire: Acquire) -> None:
    """A lease taken and given back without an id changes nothing."""
    with Generator(lease=acquire()) as generator:
        used = generator.decode(generator.next_id()).unix_ms
    acquire().release(0)
    assert acquire().floor_ms == used


def test_running_grants_are_found_again(acquire: Acquire) -> None:
    """Exactly as they were given."""
    lease = acquire()
    assert list(lease.grants) == []
    grants = (Grant(1024, 128, now_ms(), now_ms() + 60_000), Grant(1152, 128, now_ms(), now_ms() + 90_000))
    with Generator(lease=lease):
        lease.record_grants(grants)
    assert tuple(acquire().grants) == grants


def test_after_it_was_given_back_nothing_is_permitted(acquire: Acquire) -> None:
    """Twice does no harm, and a write is refused."""
    lease = acquire()
    with Generator(lease=lease) as generator:
        generator.next_id()
    lease.release(now_ms())
    with pytest.raises((GeneratorClosed, LeaseLost)):
        lease.record_grants(())
