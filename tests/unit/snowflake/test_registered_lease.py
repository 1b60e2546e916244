"""Worker ids in a registry: whatever happens to sessions, clocks and answers, no id is given twice."""

import pytest

from snowflake.errors import (
    ClockBehindHighWater,
    LeaseCorrupt,
    LeaseDoubtful,
    LeaseLost,
    LeaseUnavailable,
    RegistryExhausted,
)
from snowflake.generator import Generator
from snowflake.grants import Grant
from snowflake.leases.registered import HeldRegisteredLease, RegisteredLease
from tests.unit.snowflake.hand_clock import NOW_MS, HandClock
from tests.unit.snowflake.hand_registry import HandCoordinator, HandSession

DEADLINE_MS = 20_000
ONE_ID = RegisteredLease(worker_ids=(0,), deadline_ms=DEADLINE_MS, most_wait_ms=60_000)


class Node:
    """A process with its session, clock and generator. Its heartbeat beats when the test says so."""

    def __init__(self, coordinator: HandCoordinator, clock: HandClock, terms: RegisteredLease = ONE_ID) -> None:
        self.clock = clock
        self.session: HandSession = coordinator.session()
        self.lease: HeldRegisteredLease = terms.acquire_in(self.session, "the test", clock)
        self.generator = Generator(lease=self.lease, clock=clock)
        assert self.lease._heartbeat is not None
        self.heartbeat = self.lease._heartbeat
        self.heartbeat._ended.set()  # the test beats instead of the thread

    def beat(self) -> None:
        self.heartbeat.beat()


@pytest.fixture
def coordinator() -> HandCoordinator:
    return HandCoordinator()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def test_all_ids_can_be_claimed_zero_included(coordinator: HandCoordinator, clock: HandClock) -> None:
    """32 processes, 32 ids; the next one is told who holds which."""
    nodes = [Node(coordinator, clock, RegisteredLease(url=f"http://node-{n}")) for n in range(32)]
    assert sorted(node.lease.worker_id for node in nodes) == list(range(32))
    with pytest.raises(RegistryExhausted) as caught:
        RegisteredLease().acquire_in(coordinator.session(), "the test", clock)
    assert sorted(caught.value.holders) == list(range(32))
    assert "31: process" in str(caught.value)
    assert "http://node-0" in str(caught.value)


def test_a_clean_stop_lets_the_next_one_begin_at_once(coordinator: HandCoordinator, clock: HandClock) -> None:
    """Beyond the last time used, not beyond the time written ahead."""
    node = Node(coordinator, clock)
    last = node.generator.next_id()
    node.generator.close()
    clock.advance(1)
    assert Node(coordinator, clock).generator.next_id() > last
    assert sum(clock.slept) < 0.01


def test_after_a_crash_the_next_one_waits(coordinator: HandCoordinator, clock: HandClock) -> None:
    """Until its clock has passed all that the dead one may have used."""
    node = Node(coordinator, clock)
    node.session.expire(tell=False)
    Node(coordinator, clock)
    assert clock.now_ms > NOW_MS + DEADLINE_MS


def test_a_free_id_that_needs_no_waiting_is_taken_first(coordinator: HandCoordinator, clock: HandClock) -> None:
    """A crashed holder's id comes last."""
    terms = RegisteredLease(worker_ids=(0, 1), deadline_ms=DEADLINE_MS)
    Node(coordinator, clock, terms).session.expire(tell=False)
    assert Node(coordinator, clock, terms).lease.worker_id == 1
    assert clock.slept == []


def test_a_time_that_is_far_off_is_refused(coordinator: HandCoordinator, clock: HandClock) -> None:
    """With how far."""
    Node(coordinator, clock).session.expire(tell=False)
    with pytest.raises(ClockBehindHighWater, match="20000 ms ahead of this clock"):
        RegisteredLease(worker_ids=(0,), most_wait_ms=5000).acquire_in(coordinator.session(), "the test", clock)


def test_a_silent_coordinator_is_borne_up_to_the_deadline(coordinator: HandCoordinator, clock: HandClock) -> None:
    """Then ids stop, and come back with it."""
    node = Node(coordinator, clock)
    node.session.cut = True
    for _ in range(10):
        clock.advance(DEADLINE_MS / 10)
        assert node.generator.next_id()
        with pytest.raises(LeaseUnavailable):
            node.beat()
    clock.advance(1)
    with pytest.raises(LeaseDoubtful, match="20000 ms"):
        node.generator.next_id()
    node.session.cut = False
    node.beat()
    assert node.generator.next_id()


def test_a_session_that_ended_stops_ids_at_once(coordinator: HandCoordinator, clock: HandClock) -> None:
    """Well before the deadline, and for good."""
    node = Node(coordinator, clock)
    node.generator.next_id()
    node.session.expire(tell=True)
    with pytest.raises(LeaseLost, match="worker id 0"):
        node.generator.next_id()


@pytest.mark.parametrize("new_clock_off_ms", [-15_000, 0, 30_000])
@pytest.mark.parametrize("woken_clock_off_ms", [-25_000, -1, 0])
def test_a_paused_process_whose_lease_was_taken(
    coordinator: HandCoordinator, new_clock_off_ms: int, woken_clock_off_ms: int
) -> None:
    """It wakes without knowing, with whatever its clock then shows: not one duplicate."""
    old = Node(coordinator, HandClock())
    given = list(old.generator.reserve(5000))
    ids = [id for ids in given for id in ids]
    old.session.expire(tell=False)
    new = Node(coordinator, HandClock(NOW_MS + 40_000 + new_clock_off_ms))
    ids += [id for ids in new.generator.reserve(5000) for id in ids]
    old.clock.advance(41_000)
    old.clock.step(woken_clock_off_ms)
    for _ in range(3):
        try:
            ids += [id for ids in old.generator.reserve(100) for id in ids]
            old.beat()
        except (LeaseLost, LeaseDoubtful):
            break
    with pytest.raises(LeaseLost):
        old.lease.renew(old.clock.now_ms)
    with pytest.raises(LeaseLost):
        old.generator.next_id()
    ids += [id for ids in new.generator.reserve(5000) for id in ids]
    assert len(ids) == len(set(ids))


def test_a_write_of_the_old_holder_during_the_take_over_counts(coordinator: HandCoordinator, clock: HandClock) -> None:
    """Between claim and fence the old one may still move its time on; the new one goes by the last time written."""
    old = Node(coordinator, clock)
    old.session.expire(tell=False)

    class Late(HandSession):
        written = False

        def write(self, worker_id: int, data: bytes, version: int) -> int | None:
            if not self.written:
                self.written = True
                clock.advance(10_000)
                old.beat()
            return super().write(worker_id, data, version)

    lease = ONE_ID.acquire_in(Late(coordinator), "the test", clock)
    assert lease.floor_ms == NOW_MS + 10_000 + DEADLINE_MS
    with pytest.raises(LeaseLost):
        old.beat()


def test_an_answer_that_was_lost_is_no_loss(coordinator: HandCoordinator, clock: HandClock) -> None:
    """Our own write that arrived after all is recognised; nothing was permitted by it meanwhile."""
    node = Node(coordinator, clock)
    node.session.lose_answers = True
    clock.advance(5000)
    with pytest.raises(LeaseUnavailable):
        node.beat()
    node.session.lose_answers = False
    node.beat()
    clock.advance(DEADLINE_MS)
    assert node.generator.next_id()


def test_grants_outlive_the_process(coordinator: HandCoordinator, clock: HandClock) -> None:
    """The next holder knows which numbers are out."""
    node = Node(coordinator, clock)
    grant = node.generator.grant(own=1024, count=100, from_ms=0, length_ms=120_000)
    node.session.expire(tell=False)
    new = Node(coordinator, clock)
    assert new.lease.grants == (grant,)
    assert len(new.generator.take(5000)) == 1024
    assert new.generator.grant(own=1024, count=10, from_ms=0, length_ms=10) == Grant(
        1124, 10, clock.now_ms + 1, clock.now_ms + 10
    )


def test_a_time_that_cannot_be_read_is_refused(coordinator: HandCoordinator, clock: HandClock) -> None:
    """Somebody else wrote into the node."""
    coordinator.times[0] = (b"hello", 3)
    with pytest.raises(LeaseCorrupt, match="worker id 0"):
        ONE_ID.acquire_in(coordinator.session(), "the test", clock)


def test_peers_are_the_others(coordinator: HandCoordinator, clock: HandClock) -> None:
    """With where they answer; a claim of another program is passed over."""
    terms = RegisteredLease(url="http://a")
    one, other = Node(coordinator, clock, terms), Node(coordinator, clock, terms)
    coordinator.claims[9] = (b"not ours", coordinator.session())
    assert {worker_id: peer.url for worker_id, peer in one.lease.peers().items()} == {1: "http://a"}
    assert list(other.lease.peers()) == [0]
