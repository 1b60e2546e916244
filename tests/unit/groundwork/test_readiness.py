"""Each thing that a process needs is named with its state, since when, and what to do; its comings and goings are
logged once."""

import logging

import pytest

from groundwork.readiness import SETTLED_SECONDS, ClockWatch, Needed, Trouble, readiness
from tests.clock import FakeClock

NOW = 1_700_000_000.0
AWAY = Trouble("nothing answers at rabbit:5672", "away", "start RabbitMQ")


async def test_a_trouble_has_its_beginning_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """Its sentence may change while it lasts; the log has one line when it begins, and one when it is over."""
    clock, troubles = FakeClock(NOW), {"broker": None, "disk": Trouble("12 MB left", "disk_low", "free", blocks=False)}
    needed = Needed(lambda: dict(troubles), clock)
    caplog.set_level(logging.WARNING, "groundwork.readiness")
    first = readiness(needed.look())
    assert (first.ready, first.missing) == (True, {})
    assert [(one.name, one.state) for one in first.dependencies] == [("disk", "warning"), ("broker", "ok")]
    await clock.advance(10.0)
    for said in (AWAY, AWAY._replace(says="it closed the connection")):
        troubles["broker"] = said
        told = readiness(needed.look())
        await clock.advance(20.0)
    assert (told.ready, told.missing) == (False, {"broker": "it closed the connection"})
    broker = told.dependencies[0]
    assert (broker.state, broker.since, broker.kind, broker.remedy) == (
        "missing",
        "2023-11-14T22:13:30.000Z",
        "away",
        "start RabbitMQ",
    )
    troubles["broker"] = None
    assert readiness(needed.look()).ready
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "broker is missing: nothing answers at rabbit:5672; start RabbitMQ",
        "disk needs a look: 12 MB left; free",
        "broker is there again after 40 s",
    ]


async def test_what_is_missing_for_a_moment_at_the_start_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """Where it stays away, it is told once."""
    clock, troubles = FakeClock(NOW), {"broker": AWAY, "cassandra": AWAY}
    needed = Needed(lambda: dict(troubles), clock)
    caplog.set_level(logging.WARNING, "groundwork.readiness")
    for second in range(12):
        needed.look()
        await clock.advance(1.0)
        if second == 1:
            troubles["broker"] = None
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["cassandra is missing"]
    troubles["cassandra"] = None
    needed.look()
    assert caplog.records[-1].getMessage() == "cassandra is there again after 12 s"


async def test_another_kind_of_trouble_is_another_one() -> None:
    """A lost lease is not the engine that was away before it."""
    clock, troubles = FakeClock(NOW), {"ids": AWAY}
    needed = Needed(lambda: dict(troubles), clock)
    needed.look()
    await clock.advance(5.0)
    troubles["ids"] = Trouble("the worker id was taken", "lease_lost")
    (found,) = needed.look()
    assert (found.kind, found.since) == ("lease_lost", "2023-11-14T22:13:25.000Z")


async def test_the_end_of_a_trouble_tells_how_long_it_was_in_all(caplog: pytest.LogCaptureFixture) -> None:
    """Also where it was of two kinds, one after the other."""
    clock, troubles = FakeClock(NOW), {"zookeeper": None}
    needed = Needed(lambda: dict(troubles), clock)
    needed.look()
    for trouble in (AWAY, Trouble("the session is in doubt", "lease_lost"), AWAY, None):
        troubles["zookeeper"] = trouble
        needed.look()
        await clock.advance(10.0)
    assert caplog.records[-1].getMessage() == "zookeeper is there again after 30 s"


@pytest.mark.parametrize(("step", "said"), [(3600.0, "ahead"), (-30.0, "back"), (0.4, None), (-0.9, None)])
async def test_a_clock_that_is_set_is_told_for_a_minute(step: float, said: str | None) -> None:
    clock = FakeClock(NOW)
    watch = ClockWatch(clock)
    assert watch.trouble() is None
    clock.step(step)
    found = watch.trouble()
    if said is None:
        assert found is None
        return
    assert found is not None
    assert (found.kind, found.blocks) == ("clock", False)
    assert said in found.says
    await clock.advance(SETTLED_SECONDS + 1)
    assert watch.trouble() is None
