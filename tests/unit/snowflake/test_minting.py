"""The thread-safe shell: permits, waiting, losing the lease, and the inlined hot path."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snowflake.errors import (
    ClockJumpedForward,
    ClockMovedBack,
    GeneratorClosed,
    LeaseDoubtful,
    LeaseLost,
    LeaseUnavailable,
    SnowflakeError,
)
from snowflake.generator import Generator
from snowflake.grants import Grant
from snowflake.layout import Layout
from snowflake.leases.memory import MemoryLease
from snowflake.worker import Worker
from tests.unit.snowflake.hand_clock import MS, NOW_MS, HandClock

LAYOUT = Layout()
SMALL = Layout(time_bits=41, datacenter_bits=5, worker_bits=14, sequence_bits=3)


class ScriptedLease(MemoryLease):
    """Fails on request, and remembers what it permitted and recorded."""

    error: SnowflakeError | None = None
    permitted_ms = 0

    def extend(self, now_ms: int) -> int:
        if self.error is not None:
            raise self.error
        self.permitted_ms = super().extend(now_ms)
        return self.permitted_ms

    def record_grants(self, grants: object) -> None:
        if self.error is not None:
            raise self.error
        super().record_grants(grants)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def lease() -> ScriptedLease:
    return ScriptedLease(1)


@pytest.fixture
def generator(lease: ScriptedLease, clock: HandClock) -> Generator:
    return Generator(lease=lease, clock=clock)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3_000_000, 3_000_000), st.integers(1, 12)), max_size=50),
    st.sampled_from([0, 5, 1000]),
)
def test_the_inlined_path_gives_what_the_pure_core_gives(moves: list[tuple[int, int]], bridge_ms: int) -> None:
    """The same ids, refusals and waits for every course of the clock, in nanoseconds."""
    clock = HandClock()
    generator = Generator(1, 2, layout=SMALL, clock=clock, bridge_ms=bridge_ms)
    core = Worker(SMALL, 2, 1, floor_ms=0, bridge_ms=bridge_ms)
    for nanoseconds, count in moves:
        clock.step(nanoseconds / MS)
        for _ in range(count):
            start_ns = clock.wall_ns
            try:
                while not (expected := core.take(clock.now_ms, 1)):
                    clock.advance(1 - clock.wall_ns % MS / MS)
            except ClockMovedBack as error:
                with pytest.raises(ClockMovedBack) as caught:
                    generator.next_id()
                assert caught.value.milliseconds == error.milliseconds
                break
            end_ns, clock.wall_ns = clock.wall_ns, start_ns
            assert generator.next_id() == expected.start
            assert clock.wall_ns == end_ns


def test_a_used_up_millisecond_is_slept_through(generator: Generator, clock: HandClock) -> None:
    """Asleep until the next one begins, not spinning."""
    clock.advance(0.25)
    generator.reserve(4096)
    assert LAYOUT.decode(generator.next_id()).unix_ms == NOW_MS + 1
    assert clock.slept == [pytest.approx(0.00075)]


def test_reserve_gives_ranges_of_one_tick_each(generator: Generator, clock: HandClock) -> None:
    """As many as asked for, increasing, with a sleep in between."""
    ranges = generator.reserve(10_000)
    assert [len(ids) for ids in ranges] == [4096, 4096, 1808]
    assert [LAYOUT.decode(ids.start).unix_ms for ids in ranges] == [NOW_MS, NOW_MS + 1, NOW_MS + 2]
    assert len(clock.slept) == 2
    assert generator.reserve(0) == []


def test_ticks_that_passed_during_a_call_are_not_lost(lease: ScriptedLease) -> None:
    """Woken five milliseconds late: their ids are used in order, and none is older than the call."""

    class LateClock(HandClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 0.005)

    clock = LateClock()
    generator = Generator(lease=lease, clock=clock)
    clock.advance(3)
    ranges = generator.reserve(4096 * 7)
    assert [LAYOUT.decode(ids.start).unix_ms - NOW_MS for ids in ranges] == [3, 4, 5, 6, 7, 8, 9]
    assert len(clock.slept) == 1
    clock.advance(20)
    assert LAYOUT.decode(generator.reserve(1)[0].start).unix_ms == NOW_MS + 29


def test_take_never_sleeps(generator: Generator, clock: HandClock) -> None:
    """For asyncio: empty, and how long to wait."""
    assert len(generator.take(9999)) == 4096
    assert len(generator.take(1)) == 0
    assert generator.seconds_to_next_tick() == pytest.approx(0.001)
    assert clock.slept == []


def test_who_waits_for_the_next_millisecond_holds_nobody_up(lease: ScriptedLease) -> None:
    """While one thread sleeps, another gets through the lock."""
    asleep, let_go = threading.Event(), threading.Event()

    class StandingClock(HandClock):
        def sleep(self, seconds: float) -> None:
            asleep.set()
            let_go.wait(10)
            super().sleep(seconds)

    generator = Generator(lease=lease, clock=StandingClock())
    generator.reserve(4096)
    got: list[int] = []
    waiting = threading.Thread(target=lambda: got.append(generator.next_id()))
    waiting.start()
    assert asleep.wait(10)
    assert len(generator.take(1)) == 0  # would hang here if the lock were held
    let_go.set()
    waiting.join(10)
    assert len(got) == 1


def test_no_id_beyond_the_permit(generator: Generator, lease: ScriptedLease, clock: HandClock) -> None:
    """Each one's time was permitted before it was given."""
    for _ in range(50):
        clock.advance(37)
        assert LAYOUT.decode(generator.next_id()).unix_ms <= lease.permitted_ms
    lease.error = LeaseUnavailable("the disk is full")
    clock.advance(501)
    with pytest.raises(LeaseUnavailable, match="disk is full"):
        generator.next_id()
    lease.error = None
    assert generator.next_id()


def test_a_doubtful_lease_lets_it_mint_to_the_end_of_the_permit(
    generator: Generator, lease: ScriptedLease, clock: HandClock
) -> None:
    """And ids come back with the coordinator."""
    generator.next_id()
    lease.error = LeaseDoubtful("silent")
    clock.advance(500)
    assert generator.next_id()
    clock.advance(1)
    with pytest.raises(LeaseDoubtful):
        generator.next_id()
    lease.error = None
    assert generator.next_id()


def test_a_lost_lease_stops_it_at_once(generator: Generator, lease: ScriptedLease) -> None:
    """In the same millisecond, for good."""
    generator.next_id()
    lost = LeaseLost("taken by another")
    generator._mint.stop(lost)
    for call in (generator.next_id, lambda: generator.reserve(1), lambda: generator.take(1)):
        with pytest.raises(LeaseLost):
            call()
    generator._mint.permit(NOW_MS + 10_000)
    with pytest.raises(LeaseLost):
        generator.next_id()


def test_a_lease_that_is_found_lost_stays_lost(generator: Generator, lease: ScriptedLease, clock: HandClock) -> None:
    """One refusal by the lease is final."""
    generator.next_id()
    lease.error = LeaseLost("taken")
    clock.advance(600)
    with pytest.raises(LeaseLost):
        generator.next_id()
    lease.error = None
    with pytest.raises(LeaseLost):
        generator.next_id()


def test_a_step_forward_is_refused(generator: Generator, lease: ScriptedLease, clock: HandClock) -> None:
    """Nothing is written down for the future, and ids come back with the right time."""
    generator.next_id()
    written = lease.permitted_ms
    clock.step(60_001)
    with pytest.raises(ClockJumpedForward) as caught:
        generator.next_id()
    assert caught.value.milliseconds == 60_001
    assert lease.permitted_ms == written
    clock.step(-60_001)
    assert generator.next_id()


def test_a_new_time_that_lasts_is_taken_over(generator: Generator, clock: HandClock) -> None:
    """A minute after it was seen first; a further jump meanwhile begins anew. Until then the callers wait."""
    generator.next_id()
    clock.step(120_000)
    for _ in range(5):
        with pytest.raises(ClockJumpedForward) as caught:
            generator.next_id()
        assert caught.value.retryable
        clock.advance(10_000)
    clock.step(90_000)
    for _ in range(6):
        with pytest.raises(ClockJumpedForward):
            generator.next_id()
        clock.advance(10_000)
    assert generator.next_id()


def test_a_suspended_machine_made_no_step(generator: Generator, clock: HandClock) -> None:
    """Both readings count the night."""
    generator.next_id()
    clock.advance(12 * 3_600_000)
    assert generator.next_id()


def test_a_leap_smear_is_no_step(generator: Generator, clock: HandClock) -> None:
    """A second spread over a day, and a thousand such days in a row."""
    for _ in range(1000):
        clock.advance(86_400_000)
        clock.step(1000)
        assert generator.next_id()


def test_a_clock_set_back_is_counted_and_refused(generator: Generator, clock: HandClock) -> None:
    """With how far; the same id is not given again when it has caught up."""
    first = generator.next_id()
    clock.step(-40)
    with pytest.raises(ClockMovedBack, match="40 ms"):
        generator.next_id()
    assert generator.counts["clock_refusals"] == 1
    clock.advance(40)
    assert generator.next_id() == first + 1


def test_a_closed_generator_gives_nothing_and_the_last_time_back(
    generator: Generator, lease: ScriptedLease, clock: HandClock
) -> None:
    """The lease learns the last time used, not the time written ahead."""
    generator.next_id()
    clock.advance(300)
    generator.close()
    generator.close()
    assert lease.floor_ms == NOW_MS
    for call in (generator.next_id, lambda: generator.reserve(1)):
        with pytest.raises(GeneratorClosed):
            call()


def test_a_range_lease_and_the_generator_never_meet(generator: Generator, clock: HandClock) -> None:
    """The window begins after the open tick; meanwhile the generator keeps below it."""
    generator.reserve(4000)
    grant = generator.grant(own=1024, count=100, from_ms=0, length_ms=2)
    assert grant == Grant(1024, 100, NOW_MS + 1, NOW_MS + 2)
    taken = []
    for _ in range(4):
        taken += [LAYOUT.decode(id) for id in generator.take(5000)]
        clock.advance(1)
    per_tick = [sum(one.unix_ms == NOW_MS + n for one in taken) for n in range(4)]
    assert per_tick == [96, 1024, 1024, 4096]


def test_a_grant_that_was_not_recorded_is_free_again(generator: Generator, lease: ScriptedLease) -> None:
    """Failures while the coordinator is silent do not eat the numbers up."""
    lease.error = LeaseUnavailable("silent")
    for _ in range(50):
        with pytest.raises(LeaseUnavailable):
            generator.grant(own=1024, count=1000, from_ms=0, length_ms=1000)
    lease.error = None
    assert generator.grant(own=1024, count=3072, from_ms=0, length_ms=1000) is not None
    assert generator.grant(own=1024, count=1, from_ms=0, length_ms=1000) is None


def test_grants_of_an_earlier_holder_are_respected(clock: HandClock) -> None:
    """By the generator itself and by what it grants."""
    lease = MemoryLease(1)
    lease.grants = (Grant(512, 3584, NOW_MS - 5, NOW_MS + 5),)
    generator = Generator(lease=lease, clock=clock)
    assert len(generator.take(5000)) == 512
    assert generator.grant(own=100, count=400, from_ms=0, length_ms=10) == Grant(100, 400, NOW_MS + 1, NOW_MS + 10)
    assert generator.grant(own=100, count=400, from_ms=0, length_ms=10) is None


def test_a_clock_that_stays_back_is_bridged_after_two_seconds(generator: Generator, clock: HandClock) -> None:
    """Ids go on behind the last one, all of them different and in order, until the clock has caught up and after."""
    before = [generator.next_id() for _ in range(5)]
    clock.step(-3_600_000)
    for _ in range(2):
        with pytest.raises(ClockMovedBack):
            generator.next_id()
        clock.advance(1_000)
    ids = [generator.next_id() for _ in range(10_000)]
    clock.advance(3_700_000)
    ids += [generator.next_id() for _ in range(5)]
    assert [*before, *ids] == sorted({*before, *ids})
    clock.step(-10_000)
    with pytest.raises(ClockMovedBack):
        generator.next_id()


def test_a_clock_that_is_back_now_and_then_is_not_taken_for_set(generator: Generator, clock: HandClock) -> None:
    """Two short steps with an hour between them are no long one."""
    generator.next_id()
    clock.step(-10_000)
    with pytest.raises(ClockMovedBack):
        generator.next_id()
    clock.advance(3_600_000)
    generator.next_id()
    clock.step(-10_000)
    with pytest.raises(ClockMovedBack):
        generator.next_id()
