"""All processes in one view: who answers, who is silent and why, and what is missing when an engine is away."""

import asyncio
from collections.abc import Sequence

from groundwork.process import Paused, ProcessStatus, Vitals
from groundwork.readiness import Needed, Trouble
from spiderduck.cluster.ports import Registered, Silent
from spiderduck.cluster.registry import EVERY_SECONDS, keep_registered
from spiderduck.cluster.view import SILENT_SECONDS, ClusterView, Neighbours
from spiderduck.errors import StoreUnavailable
from tests.clock import FakeClock, settle

NOW = 1_700_000_000.0


def process(name: str, part: str, *neighbours: str) -> ProcessStatus:
    return ProcessStatus(
        name=name, parts=[part], version="1", started_at=NOW - 60, neighbours=list(neighbours), figures={"n": 1.0}
    )


class ListedProcesses:
    """A list in memory; `away`: its store does not answer."""

    def __init__(self, clock: FakeClock, *rows: Registered) -> None:
        self.clock = clock
        self.rows = {row.status.name: row for row in rows}
        self.away = False
        self.puts = 0

    async def put(self, status: ProcessStatus) -> None:
        self._check()
        self.puts += 1
        self.rows[status.name] = Registered(self.clock.now(), status)

    async def remove(self, name: str) -> None:
        self._check()
        del self.rows[name]

    async def all(self) -> Sequence[Registered]:
        self._check()
        return list(self.rows.values())

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailable("no node answers")


async def own() -> ProcessStatus:
    return process("api-1", "api")


async def answering(address: str) -> ProcessStatus:
    """A process at every address but those that are down."""
    if "down" in address:
        raise Silent(f"{address}: connection refused")
    return process(address.removeprefix("http://"), address.removeprefix("http://").partition("-")[0])


async def addresses() -> Sequence[str]:
    return ["http://fetchers-1", "http://fetchers-down"]


async def test_every_process_is_there_once_and_the_silent_ones_first() -> None:
    clock = FakeClock(NOW)
    listed = ListedProcesses(
        clock,
        Registered(NOW - 1, process("api-1", "api")),
        Registered(NOW - 2, process("schedulers-1", "schedulers", "http://ids-1", "http://images-1")),
        Registered(NOW - SILENT_SECONDS - 7, process("schedulers-2", "schedulers", "http://ids-1", "http://ids-down")),
    )
    neighbours = Neighbours(answering, addresses, answering, ["http://ids-1"])
    look = await ClusterView(own, clock, neighbours, listed).look()
    silent = {one.name: one.silent for one in look.processes if one.silent is not None}
    assert silent == {
        "http://fetchers-down": "http://fetchers-down: connection refused",
        "http://ids-down": "http://ids-down: connection refused",
        "schedulers-2": "it has said nothing for 22 s",
    }
    assert [one.name for one in look.processes][:3] == sorted(silent)
    assert [one.name for one in look.processes][3:] == ["api-1", "fetchers-1", "ids-1", "images-1", "schedulers-1"]
    assert all(one.status is not None for one in look.processes[2:]), "also what the silent one said last"
    assert look.incomplete is None


async def test_a_list_that_cannot_be_read_leaves_out_no_process_that_answers() -> None:
    clock = FakeClock(NOW)
    listed = ListedProcesses(clock, Registered(NOW, process("schedulers-1", "schedulers")))
    listed.away = True
    look = await ClusterView(own, clock, Neighbours(answering, addresses), listed).look()
    assert [one.name for one in look.processes] == ["http://fetchers-down", "api-1", "fetchers-1"]
    assert look.incomplete is not None
    assert "no node answers" in look.incomplete


async def test_one_process_alone_sees_itself() -> None:
    look = await ClusterView(own, FakeClock(NOW), Neighbours()).look()
    assert [(one.name, one.silent) for one in look.processes] == [("api-1", None)]


async def test_a_process_says_that_it_runs_until_it_ends() -> None:
    """An outage of the store ends nothing: it says so again afterwards."""
    clock = FakeClock(NOW)
    listed = ListedProcesses(clock)
    keeping = asyncio.create_task(keep_registered(listed, own, clock))
    await settle()
    assert list(listed.rows) == ["api-1"]
    listed.away = True
    await clock.advance(EVERY_SECONDS)
    listed.away = False
    await clock.advance(EVERY_SECONDS)
    assert (listed.puts, listed.rows["api-1"].at) == (2, NOW + 2 * EVERY_SECONDS)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert listed.rows == {}


async def test_a_process_that_ends_does_not_wait_for_a_store_that_is_away() -> None:
    clock = FakeClock(NOW)
    listed = ListedProcesses(clock)
    keeping = asyncio.create_task(keep_registered(listed, own, clock))
    await settle()
    listed.away = True
    keeping.cancel()
    (ended,) = await asyncio.gather(keeping, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)


def test_vitals_say_how_long_and_how_busy() -> None:
    clock = FakeClock(NOW)
    needed = Needed(lambda: {"broker": Trouble("away"), "disk": None}, clock)
    paused = [Paused("quiet.test", NOW + 9), Paused("busy.test", NOW + 60, "it answered 503", 4)]
    told = Vitals("here:1", ("ids",), "1", needed, ("http://a",)).status({"worker_id": 3.0}, paused)
    assert (told.name, told.parts, told.version, told.started_at) == ("here:1", ["ids"], "1", NOW)
    assert (told.missing, told.figures, told.neighbours) == ({"broker": "away"}, {"worker_id": 3.0}, ["http://a"])
    assert [one.name for one in told.dependencies] == ["broker", "disk"]
    assert [one.name for one in told.paused] == ["busy.test", "quiet.test"], "what most waits for comes first"
    assert told.load >= 0
    assert told.resident_bytes > 0
