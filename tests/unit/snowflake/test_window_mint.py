"""Minting from range leases."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snowflake.errors import ClockMovedBack, NoRangeLease
from snowflake.layout import Layout
from snowflake.service.window_mint import NEAR_MS, Window, WindowMint
from tests.unit.snowflake.hand_clock import MS, NOW_MS, HandClock

LAYOUT = Layout()


def window(clock: HandClock, start: int = 0, length: int = 1000, server_off: int = 0, **parts: int) -> Window:
    """A lease that begins `start` ms from what the server's clock shows, which is `server_off` ms from ours."""
    server_ms = clock.now_ms + server_off
    given = {"worker_id": 1, "first_sequence": 1024, "sequences": 16} | parts
    return Window(
        layout=LAYOUT,
        datacenter_id=0,
        from_ms=server_ms + start,
        until_ms=server_ms + start + length - 1,
        server_ms=server_ms,
        asked_ns=clock.passed_ns,
        **given,
    )


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def mint(clock: HandClock) -> WindowMint:
    return WindowMint(clock)


def test_ids_carry_our_own_time_and_the_leases_share(mint: WindowMint, clock: HandClock) -> None:
    """Sixteen a millisecond of exactly these numbers, then asleep until the next one."""
    mint.add(window(clock))
    ids = [LAYOUT.decode(mint.next_id()) for _ in range(17)]
    assert [one.sequence for one in ids] == [*range(1024, 1040), 1024]
    assert [one.unix_ms - NOW_MS for one in ids] == [0] * 16 + [1]
    assert clock.slept == [pytest.approx(0.001)]


def test_a_lease_is_never_used_past_its_time(mint: WindowMint, clock: HandClock) -> None:
    """Judged by the time that passed: setting the wall clock back does not stretch it."""
    mint.add(window(clock))
    clock.advance(999)
    assert mint.next_id()
    clock.advance(1)
    clock.step(-500)
    with pytest.raises(NoRangeLease):
        mint.next_id()
    assert mint.in_hand_ms() == 0


def test_the_next_window_takes_over_without_a_gap(mint: WindowMint, clock: HandClock) -> None:
    """From another server, too; ids go on increasing."""
    mint.add(window(clock, worker_id=9))
    mint.add(window(clock, start=1000, worker_id=2))
    assert mint.in_hand_ms() == 2000
    ids = []
    for _ in range(199):
        clock.advance(10)
        ids.append(mint.next_id())
    assert all(one < other for one, other in pairwise(ids))
    assert {LAYOUT.decode(id).worker_id for id in ids} == {9, 2}
    clock.advance(20)
    with pytest.raises(NoRangeLease):
        mint.next_id()


@pytest.mark.parametrize("off_ms", [-3_600_000, -700, 0, 700, 3_600_000])
def test_a_wrong_clock_of_ours_does_no_harm(off_ms: int) -> None:
    """Ids carry a time within half a second of the server's, whatever our clock shows."""
    clock = HandClock(NOW_MS + off_ms)
    mint = WindowMint(clock)
    mint.add(window(clock, length=60_000, server_off=-off_ms))
    for _ in range(100):
        clock.advance(20)
        true_ms = clock.now_ms - off_ms
        assert abs(LAYOUT.decode(mint.next_id()).unix_ms - true_ms) <= NEAR_MS


def test_a_window_that_has_not_begun_is_not_used_early(mint: WindowMint, clock: HandClock) -> None:
    """More than half a second ahead would break the order of ids."""
    mint.add(window(clock, start=5000))
    with pytest.raises(NoRangeLease, match="begins in 5000 ms"):
        mint.next_id()


def test_reserve_gives_ranges(mint: WindowMint, clock: HandClock) -> None:
    """As many as asked for, over several ticks."""
    mint.add(window(clock))
    assert [len(ids) for ids in mint.reserve(40)] == [16, 16, 8]


def test_without_a_lease_nothing(mint: WindowMint) -> None:
    """An error that a later call may not meet."""
    with pytest.raises(NoRangeLease) as caught:
        mint.next_id()
    assert caught.value.retryable
    assert (mint.in_hand_ms(), mint.end_ms()) == (0, 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400_000_000), st.integers(-900, 900), st.integers(1, 20)), max_size=40),
    st.lists(st.integers(-400, 400), min_size=1, max_size=4),
)
def test_always_within_a_lease_and_increasing(moves: list[tuple[int, int, int]], servers_off: list[int]) -> None:
    """Whatever our clock and the servers' clocks do: unique, increasing, inside a window that has not ended."""
    clock = HandClock()
    mint = WindowMint(clock)
    leased: list[Window] = []
    last = -1
    for passed_ns, step_ms, count in moves:
        if mint.in_hand_ms() < 300:
            off = servers_off[len(leased) % len(servers_off)]
            lease = window(clock, max(0, mint.end_ms() - clock.now_ms - off), 500, off, worker_id=len(leased) % 8)
            leased.append(lease)
            mint.add(lease)
        clock.advance(passed_ns / MS)
        clock.step(step_ms)
        for _ in range(count):
            try:
                id = mint.next_id()
            except (NoRangeLease, ClockMovedBack):
                break
            assert id > last
            last = id
            decoded = LAYOUT.decode(id)
            assert any(
                lease.worker_id == decoded.worker_id
                and lease.from_ms <= decoded.unix_ms <= lease.until_ms
                and lease.server_now_ms(clock.passed_ns) <= lease.until_ms
                and 1024 <= decoded.sequence < 1040
                for lease in leased
            )
