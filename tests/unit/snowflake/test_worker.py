"""The pure core."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snowflake.errors import BadConfiguration, ClockMovedBack
from snowflake.layout import Layout
from snowflake.worker import Sequences, Worker
from tests.unit.snowflake.hand_clock import NOW_MS

LAYOUT = Layout()
SMALL = Layout(time_bits=41, datacenter_bits=5, worker_bits=14, sequence_bits=3)


def test_4096_ids_of_a_millisecond_then_none() -> None:
    """The next millisecond has to be waited for, and says so."""
    worker = Worker(LAYOUT, 1, 2)
    ids = worker.take(NOW_MS, 5000)
    assert [LAYOUT.decode(id).sequence for id in ids] == list(range(4096))
    assert {(LAYOUT.decode(id).datacenter_id, LAYOUT.decode(id).worker_id) for id in ids} == {(1, 2)}
    assert len(worker.take(NOW_MS, 1)) == 0
    assert worker.due_ms(NOW_MS) == NOW_MS + 1
    assert LAYOUT.decode(worker.take(NOW_MS + 1, 1).start).sequence == 0


def test_a_clock_that_went_back_is_refused_and_nothing_changes() -> None:
    """With the milliseconds, before the sequence is looked at: it goes on where it was."""
    worker = Worker(LAYOUT, 0, 0)
    before = worker.take(NOW_MS, 10)
    with pytest.raises(ClockMovedBack) as caught:
        worker.take(NOW_MS - 7, 1)
    assert caught.value.milliseconds == 7
    assert caught.value.retryable
    assert worker.take(NOW_MS, 1).start == before.stop


def test_a_bridged_clock_goes_on_in_logical_time() -> None:
    """Ids go on increasing, never more than the bridge ahead of the clock."""
    worker = Worker(SMALL, 0, 0, bridge_ms=1000)
    ids = list(worker.take(NOW_MS, 8))
    while taken := worker.take(NOW_MS - 990, 8):
        ids += taken
    assert ids == sorted(set(ids))
    assert SMALL.decode(ids[-1]).unix_ms == NOW_MS + 10
    with pytest.raises(ClockMovedBack):
        worker.take(NOW_MS - 1000, 1)


def test_without_a_setback_nothing_is_borrowed_from_the_future() -> None:
    """The bridge is for clocks that went back, not for bursts."""
    worker = Worker(SMALL, 0, 0, bridge_ms=1000)
    worker.take(NOW_MS, 8)
    assert not worker.take(NOW_MS, 1)


def test_the_floor_is_spent() -> None:
    """No id carries the floor's time or an earlier one."""
    worker = Worker(LAYOUT, 0, 0, floor_ms=NOW_MS)
    assert not worker.take(NOW_MS, 1)
    with pytest.raises(ClockMovedBack):
        worker.take(NOW_MS - 1, 1)
    assert LAYOUT.decode(worker.take(NOW_MS + 1, 1).start).unix_ms == NOW_MS + 1


def test_a_random_start_spreads_quiet_ids() -> None:
    """One id a tick falls on both even and odd numbers; a worker under load uses every number."""
    worker = Worker(LAYOUT, 0, 0, sequences=Sequences(random_below=Random(1).randrange))
    quiet = [worker.take(NOW_MS + 2 * n, 1).start for n in range(100)]
    assert {id % 2 for id in quiet} == {0, 1}
    worker.take(NOW_MS + 1000, 4096)
    assert len(worker.take(NOW_MS + 1001, 4096)) == 4096


def test_a_narrowed_worker_leaves_the_numbers_to_others() -> None:
    """From the next tick to the end of the window; afterwards all are its own again."""
    worker = Worker(LAYOUT, 0, 0)
    worker.take(NOW_MS, 1)
    worker.narrow(1024, NOW_MS + 2)
    assert [len(worker.take(NOW_MS + n, 5000)) for n in (0, 1, 2, 3)] == [4095, 1024, 1024, 4096]


def test_a_share_stays_within_its_numbers() -> None:
    """As a range lease gives it."""
    worker = Worker(LAYOUT, 0, 0, sequences=Sequences(128, 64))
    assert [LAYOUT.decode(id).sequence for id in worker.take(NOW_MS, 100)] == list(range(128, 192))


def test_a_bridge_beyond_a_second_is_refused() -> None:
    """Sorted within one second is the promise."""
    with pytest.raises(BadConfiguration, match="from 0 to 1000"):
        Worker(LAYOUT, 0, 0, bridge_ms=1001)


@settings(deadline=None)
@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.integers(-1500, 1500), st.integers(1, 20)), max_size=60),
    st.booleans(),
)
def test_always_unique_and_increasing(bridge_ms: int, moves: list[tuple[int, int]], random_start: bool) -> None:
    """Whatever the clock does: ids increase, and lie no more than the bridge ahead of the clock."""
    draw = Random(3).randrange if random_start else None
    worker = Worker(SMALL, 3, 5, bridge_ms=bridge_ms, sequences=Sequences(random_below=draw))
    now, last = NOW_MS, -1
    for move, count in moves:
        now += move
        try:
            due = worker.due_ms(now)
            ids = worker.take(now, count)
        except ClockMovedBack:
            assert SMALL.decode(last).unix_ms - now > bridge_ms
            continue
        for id in ids:
            assert id > last
            last = id
            assert now <= SMALL.decode(id).unix_ms <= now + bridge_ms
            assert SMALL.decode(id).unix_ms == due
