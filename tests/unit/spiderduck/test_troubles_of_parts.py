"""What each part tells of its trouble: its kind, and what to do. A lost lease is no engine that is away, and a
read-only disk is no full one."""

import os
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from fetchers.ownership.zookeeper import ZookeeperOwnership
from groundwork.readiness import Trouble
from snowflake.errors import LeaseLost
from spiderduck.bootstrap.ids import _Doubt
from spiderduck.database.disk import DiskWatch
from tests.clock import FakeClock


class Minting:
    """A generator, as far as it is asked how it is."""

    ended: Exception | None = None

    def __init__(self) -> None:
        self.counts = {"clock_refusals": 0}


def test_a_lost_worker_id_and_a_clock_that_was_set_are_told_apart() -> None:
    generator = Minting()
    doubt = _Doubt(generator)  # type: ignore[arg-type]
    assert doubt.trouble() is None
    generator.counts["clock_refusals"] = 3
    found = doubt.trouble()
    assert found is not None
    assert (found.kind, found.blocks) == ("clock", True)
    assert doubt.trouble() is None, "nothing was refused since"
    generator.ended = LeaseLost("somebody else holds it")
    found = doubt.trouble()
    assert found is not None
    assert found.kind == "lease_lost"
    assert "start this process anew" in found.remedy


@pytest.mark.parametrize(
    ("free", "flag", "kind", "blocks"),
    [
        (0, 0, "disk_full", True),
        (900, os.ST_RDONLY, "read_only", True),
        (50, 0, "disk_low", False),
        (900, 0, None, None),
    ],
)
async def test_a_disk_says_what_is_wrong(
    tmp_path: Path, free: int, flag: int, kind: str | None, blocks: bool | None
) -> None:
    watch = DiskWatch(tmp_path, FakeClock())
    disk = SimpleNamespace(f_bavail=free, f_blocks=1000, f_frsize=1_000_000, f_flag=flag)
    with patch.object(os, "statvfs", return_value=disk):
        await watch.look()
    found = watch.trouble
    assert (found and found.kind, found and found.blocks) == (kind, blocks)
    assert found is None or found.remedy


async def test_a_fetcher_tells_a_session_in_doubt_from_a_coordinator_that_never_answered() -> None:
    clock = FakeClock()
    ownership = ZookeeperOwnership(None, "http://a:1", clock, 4.0)

    def kind() -> str | None:
        found: Trouble | None = ownership.trouble
        return found and found.kind

    assert kind() == "away"
    ownership.counters.rounds = 1
    assert kind() == "lease_lost"
    ownership._trusted_until = clock.monotonic() + 2.0
    assert kind() == "starting", "it is trusted, and holds nothing yet"
