"""The time on disk is kept ahead while ids are minted."""

from pathlib import Path

import pytest

from snowflake.errors import ClockJumpedForward, LeaseUnavailable
from snowflake.generator import Generator
from snowflake.leases.file import FileLease, HeldFileLease
from snowflake.leases.renewal import Renewal
from tests.unit.snowflake.hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def lease(tmp_path: Path, clock: HandClock) -> HeldFileLease:
    return FileLease(tmp_path).acquire(clock)


@pytest.fixture
def generator(lease: HeldFileLease, clock: HandClock) -> Generator:
    generator = Generator(lease=lease, clock=clock)
    assert lease._renewal is not None
    lease._renewal._ended.set()  # the test beats instead of the thread
    return generator


@pytest.fixture
def renewal(lease: HeldFileLease, generator: Generator, clock: HandClock) -> Renewal:
    return Renewal(lease, generator._mint, clock)


def test_who_mints_now_and_then_never_waits_for_the_disk(
    generator: Generator, renewal: Renewal, clock: HandClock
) -> None:
    """One id each three seconds: only the first one wrote by itself."""
    for _ in range(10):
        generator.next_id()
        for _ in range(30):
            clock.advance(100)
            assert renewal.beat()
    assert generator.counts["renewals"] == 1


def test_an_idle_generator_costs_nothing(generator: Generator, renewal: Renewal, clock: HandClock) -> None:
    """After ten seconds the thread may end; the next id writes by itself."""
    generator.next_id()
    clock.advance(10_001)
    assert not renewal.beat()
    assert generator.next_id()
    assert generator.counts["renewals"] == 2


def test_the_time_on_disk_is_half_a_second_ahead(
    generator: Generator, lease: HeldFileLease, renewal: Renewal, clock: HandClock
) -> None:
    """Never behind what was minted, never further ahead than needed, and about four writes a second."""
    for _ in range(200):
        clock.advance(25)
        renewal.beat()
        generator.next_id()
        ahead = lease._file.read().high_water_ms - clock.now_ms
        assert 0 <= ahead <= 500
    assert lease._record.number <= 200 * 25 / 1000 * 6


def test_a_step_forward_is_not_written_down(lease: HeldFileLease, clock: HandClock) -> None:
    """A start after the correction would have to wait for it."""
    generator = Generator(lease=lease, clock=clock, most_step_ms=1000)
    assert lease._renewal is not None
    generator.next_id()
    before = lease._file.read()
    clock.step(5000)
    with pytest.raises(ClockJumpedForward):
        lease._renewal.beat()
    with pytest.raises(ClockJumpedForward):
        generator.next_id()
    assert lease._file.read() == before


def test_a_disk_that_fails_ends_in_the_callers_hand(
    generator: Generator, lease: HeldFileLease, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file and the reason; nothing was permitted."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    generator.next_id()
    monkeypatch.setattr("os.pwrite", full)
    clock.advance(501)
    with pytest.raises(LeaseUnavailable, match="No space left"):
        generator.next_id()
    monkeypatch.undo()
    assert generator.next_id()
