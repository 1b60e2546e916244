"""The front door."""

import os
import threading

import pytest

import snowflake
from snowflake import Generator, Layout
from snowflake.errors import BadConfiguration, LeaseLost, WorkerIdTaken
from snowflake.leases.memory import MemoryLease
from tests.unit.snowflake.hand_clock import HandClock


def test_the_public_names() -> None:
    """What the package promises to export."""
    assert sorted(snowflake.__all__) == sorted(
        ["Decoded", "FileLease", "Generator", "Layout", "StaticLease", "decode", "max_id_at", "min_id_at"]
    )
    assert all(hasattr(snowflake, name) for name in snowflake.__all__)


def test_two_million_ids() -> None:
    """Unique and increasing, one by one and by ranges."""
    generator = Generator(worker_id=5, datacenter_id=7)
    next_id, last = generator.next_id, -1
    for _ in range(1_000_000):
        id = next_id()
        assert id > last
        last = id
    for ids in generator.reserve(1_000_000):
        assert ids.start > last
        last = ids[-1]
    assert snowflake.decode(last).worker_id == 5
    assert snowflake.decode(last).datacenter_id == 7


def test_many_threads_get_different_ids() -> None:
    """One generator, no lock of the caller's."""
    generator = Generator(worker_id=6)
    got: list[list[int]] = [[] for _ in range(4)]

    def mint(into: list[int]) -> None:
        into.extend(generator.next_id() for _ in range(20_000))

    threads = [threading.Thread(target=mint, args=(into,)) for into in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id for ids in got for id in ids}) == 80_000
    assert all(ids == sorted(ids) for ids in got)


def test_bare_generators_of_one_worker_id_share_the_sequence() -> None:
    """The process's promise: unique ids, however often the same number is given."""
    one, other = Generator(worker_id=8), Generator(worker_id=8)
    ids = [generator.next_id() for _ in range(500) for generator in (one, other)]
    assert ids == sorted(set(ids))
    one.close()
    assert other.next_id() < Generator(worker_id=8).next_id()


def test_bare_generators_with_other_settings_cannot_share() -> None:
    """They could collide, so the second is refused."""
    Generator(worker_id=9)
    with pytest.raises(WorkerIdTaken, match="other settings"):
        Generator(worker_id=9, random_start=True)


def test_a_forked_child_may_not_go_on() -> None:
    """The worker id stays with the parent; a generator made in the child is the child's own affair."""
    generator = Generator(worker_id=10)
    generator.next_id()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            generator.next_id()
            answer = b"minted"
        except LeaseLost:
            answer = b"refused" if Generator(worker_id=10).next_id() else b""
        os.write(write, answer)
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"refused"
    os.close(read)
    os.close(write)
    assert generator.next_id()


def test_random_start_gives_odd_and_even_ids() -> None:
    """As an option; plain ids of a quiet worker are all even."""
    clock = HandClock()
    plain, spread = Generator(1, clock=clock), Generator(1, clock=clock, random_start=True)
    odd = {True: 0, False: 0}
    for _ in range(64):
        clock.advance(1)
        odd[False] += plain.next_id() % 2
        odd[True] += spread.next_id() % 2
    assert odd[False] == 0
    assert 0 < odd[True] < 64


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "worker_id is missing; for example"),
        ({"worker_id": 32}, "worker_id is 32; it must be from 0 to 31"),
        ({"worker_id": -1}, "worker_id is -1"),
        ({"worker_id": 1, "datacenter_id": 40}, "datacenter_id is 40"),
        ({"worker_id": 1, "bridge_ms": 2000}, "bridge_ms is 2000"),
        ({"worker_id": 1, "most_step_ms": 0}, "most_step_ms is 0"),
        ({"worker_id": 1, "lease": MemoryLease(1)}, "a lease brings its own"),
    ],
)
def test_bad_settings_are_named(arguments: dict[str, object], named: str) -> None:
    """Which value, its range, and an example."""
    with pytest.raises(BadConfiguration, match=named):
        Generator(**arguments)  # type: ignore[arg-type]


def test_a_negative_count_is_refused() -> None:
    """As a bad setting, not as an empty answer."""
    with pytest.raises(BadConfiguration, match="count is -1"):
        Generator(worker_id=11).reserve(-1)


def test_a_layout_of_ones_own() -> None:
    """Wider workers, a later epoch, ten milliseconds a tick."""
    layout = Layout(38, 5, 10, 10, 1_700_000_000_000, 10)
    with Generator(worker_id=1000, layout=layout) as generator:
        decoded = generator.decode(generator.next_id())
    assert decoded.worker_id == 1000
    assert decoded.unix_ms % 10 == 0


def test_the_end_of_the_layout_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Once, at the start."""
    Generator(1, clock=HandClock(Layout().ends_ms - 86_400_000))
    assert "ids run out in 1 days" in caplog.text
