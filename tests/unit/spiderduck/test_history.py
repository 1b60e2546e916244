"""The last hour and day: what processes counted between two looks, in rings that do not grow."""

from collections.abc import Sequence

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from groundwork.process import ProcessStatus
from spiderduck.api.admin.history import history_routes
from spiderduck.cluster.history import STEPS, Backlog, History, Step
from spiderduck.errors import StoreUnavailable
from tests.clock import FakeClock

START = 1_700_000_000.0


def process(name: str, fetched: int, started_at: float = START - 60, **took: dict[str, int]) -> ProcessStatus:
    return ProcessStatus(
        name=name, parts=["schedulers"], version="1", started_at=started_at, counts={"fetched": fetched}, took=took
    )


class Installation:
    """Processes and a queue as they are now."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.processes: list[ProcessStatus] = []
        self.backlog: Backlog | None = Backlog(0, 0, 0)
        self.history = History(self.look, self.waits, self.clock)

    async def look(self) -> Sequence[ProcessStatus]:
        return self.processes

    async def waits(self) -> Backlog:
        if self.backlog is None:
            raise StoreUnavailable("the broker does not answer")
        return self.backlog

    async def later(self, seconds: float, *processes: ProcessStatus) -> None:
        self.clock.step(seconds)
        self.processes = list(processes)
        await self.history.note()

    def ended(self) -> list[int]:
        return [step.ended["fetched"] for step in self.history.seen("hour").steps]


async def test_what_was_counted_before_the_first_look_is_not_in_it() -> None:
    now = Installation()
    await now.later(0, process("a", 1000))
    await now.later(60, process("a", 1007))
    assert sum(now.ended()) == 7
    assert now.ended()[-1] == 7


async def test_a_process_that_began_anew_or_came_later_counts_from_zero() -> None:
    now = Installation()
    await now.later(0, process("a", 1000))
    await now.later(10, process("a", 3, started_at=START + 5), process("b", 4, started_at=START + 2))
    assert sum(now.ended()) == 7
    await now.later(10, process("a", 4, started_at=START + 5))
    await now.later(10, process("a", 4, started_at=START + 5), process("b", 9, started_at=START + 2))
    assert sum(now.ended()) == 8, "of a process that was not seen for a while, the gap is not told"


async def test_both_windows_hold_so_many_steps_and_no_more() -> None:
    now = Installation()
    for step in range(400):
        await now.later(STEPS["hour"][0], process("a", step))
    assert len(now.ended()) == STEPS["hour"][1]
    assert sum(now.ended()) == STEPS["hour"][1], "one in each step of the last hour"
    day = now.history.seen("day")
    assert len(day.steps) == STEPS["day"][1]
    assert sum(step.ended["fetched"] for step in day.steps) == 399


async def test_a_step_keeps_the_largest_backlog_and_says_where_nobody_could_tell() -> None:
    now = Installation()
    now.clock.step(-(now.clock.now() % 300))
    for ready in (3, 40, 5):
        now.backlog = Backlog(ready, 0, 0)
        await now.later(10)
    now.backlog = None
    await now.later(60)
    assert now.history.seen("day").steps[-1].backlog == Backlog(40, 0, 0)
    assert now.history.seen("hour").steps[-1].backlog is None


def test_steps_add_up() -> None:
    whole, part = Step(), Step()
    part.took["fetch"][0.5] = 2
    whole.add(part)
    whole.add(part)
    assert whole.took == {"fetch": {0.5: 4}}


async def test_the_call_tells_rates_and_percentiles() -> None:
    now = Installation()
    await now.later(0, process("a", 0, fetch={"0.5": 1}))
    await now.later(60, process("a", 6, fetch={"0.5": 1, "1.0": 10}))

    class Services:
        history = now.history

    async with AsyncTestClient(Litestar(history_routes(Services()), openapi_config=None)) as client:  # type: ignore[arg-type]
        told = (await client.get("/v1/history")).json()
        assert (await client.get("/v1/history?window=year")).status_code == 400
        assert (await client.get("/v1/history?window=day")).json()["step_s"] == 300
    assert (told["window"], told["step_s"], len(told["ended"]["fetched"])) == ("hour", 60, 60)
    assert told["ended"]["fetched"][-1] == 6
    fetch = told["latency_ms"]["fetch"]
    assert (fetch["count"], fetch["whole"]["p50"], fetch["p50"][-1]) == (10, 750, 750)
    assert fetch["p50"][0] is None
    assert told["backlog"]["ready"][-1] == 0


@pytest.mark.parametrize("window", ["hour", "day"])
def test_a_window_begins_at_a_whole_step(window: str) -> None:
    now = Installation()
    seen = now.history.seen("hour" if window == "hour" else "day")
    assert seen.begin % seen.seconds == 0
    assert seen.begin + seen.seconds * len(seen.steps) > now.clock.now()
