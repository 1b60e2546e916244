"""What the tests of couriers share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import FakeClock
from tests.unit.spiderduck.webhooks.desk import Desk, Web


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock(1_700_000_000.0)
    desk = Desk(tmp_path, clock, Web(clock))
    await desk.start()
    yield desk
    await desk.stop()
