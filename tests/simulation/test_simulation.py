"""The real schedulers and fetchers in virtual time, small: `scenario.py` says what holds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fetchers.ownership.zookeeper import ZookeeperOwnership
from fetchers.politeness.slot import DomainSlot
from schedulers.model import Delivery
from schedulers.scheduler import Scheduler
from tests.simulation.scenario import Scenario, run

EMBEDDED = Scenario("embedded", events=40, seconds=15.0, crashes=3)
CLUSTER = Scenario("cluster", events=25, seconds=12.0, crashes=2, cuts=3, fetchers=2)


@pytest.mark.parametrize("seed", [2, 3])
def test_one_process_that_crashes_loses_nothing_and_tells_nothing_twice(seed: int, tmp_path: Path) -> None:
    """And no host sees more than burst + rate × t. A failure prints the command that repeats it."""
    report = run(replace(EMBEDDED, seed=seed), tmp_path)
    assert not report.violations, report.failure()
    assert len(report.faults) == EMBEDDED.crashes


@pytest.mark.parametrize("seed", [3, 7])
def test_a_cluster_with_crashes_and_cut_links_loses_nothing_and_never_has_two_owners(seed: int, tmp_path: Path) -> None:
    report = run(replace(CLUSTER, seed=seed), tmp_path)
    assert not report.violations, report.failure()
    assert len(report.faults) == CLUSTER.crashes + CLUSTER.cuts


def test_a_run_is_the_same_when_it_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, second = run(EMBEDDED, tmp_path), run(EMBEDDED, tmp_path / "again")
    assert first.digest == second.digest
    assert first.failure().endswith(EMBEDDED.command())


# What is planted must be found ---------------------------------------------------------------------------


def _found(scenario: Scenario, folder: Path) -> Iterator[str]:
    """Violations of a few seeds."""
    for seed in (7, 6, 2):
        (folder / str(seed)).mkdir()
        yield from run(replace(scenario, seed=seed), folder / str(seed)).violations


def test_a_bucket_that_fills_twice_as_fast_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(DomainSlot, "_interval", property(lambda slot: slot.limit.interval / 2))
    assert any("saw more than its limit" in one for one in _found(EMBEDDED, tmp_path))


def test_a_message_that_is_acknowledged_before_it_is_stored_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    handle = Scheduler._handle_once

    async def too_early(scheduler: Any, delivery: Delivery) -> None:
        await scheduler._queue.ack(delivery)
        await handle(scheduler, delivery)

    monkeypatch.setattr(Scheduler, "_handle_once", too_early)
    assert any(one.startswith("lost") for one in _found(EMBEDDED, tmp_path))


def test_an_owner_that_never_doubts_its_session_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ZookeeperOwnership, "is_trusted", lambda owner: True)
    assert any("had the owners" in one for one in _found(CLUSTER, tmp_path))
