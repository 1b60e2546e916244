"""The intake needs the queue alone: a store that is away, or too slow, refuses no event."""

import asyncio

import pytest

from schedulers.model import Status, UrlState
from spiderduck.errors import StoreUnavailable
from spiderduck.stores import best_effort
from spiderduck.stores.best_effort import PAUSE_SECONDS, BestEffortMarks
from tests.clock import FakeClock

STATE = UrlState("a.test/", "http://a.test/", Status.PENDING)


class Store:
    """Answers, is away, or never answers."""

    def __init__(self) -> None:
        self.weather = "fine"
        self.asked = 0
        self.known: dict[str, str] = {}

    async def mark(self, state: UrlState) -> None:
        await self._weather()

    async def claim(self, name: str, fingerprint: str) -> bool:
        await self._weather()
        return self.known.setdefault(name, fingerprint) == fingerprint

    async def _weather(self) -> None:
        self.asked += 1
        if self.weather == "away":
            raise StoreUnavailable("no node answers")
        if self.weather == "silent":
            await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_effort, "MARK_SECONDS", 0.01)
    monkeypatch.setattr(best_effort, "CLAIM_SECONDS", 0.01)


@pytest.mark.parametrize("weather", ["away", "silent"])
async def test_a_request_waits_once_for_a_store_that_is_away(weather: str, caplog: pytest.LogCaptureFixture) -> None:
    store, clock = Store(), FakeClock()
    marks = BestEffortMarks(store, clock)
    store.weather = weather
    for _ in range(1000):
        await marks.mark(STATE)
    assert await marks.claim("key", "body")
    assert store.asked == 1
    await clock.advance(PAUSE_SECONDS)
    await marks.mark(STATE)
    assert store.asked == 2
    store.weather = "fine"
    await clock.advance(PAUSE_SECONDS)
    await marks.mark(STATE)
    assert [record.message.split(" (")[0] for record in caplog.records] == [
        "the store does not answer",
        "the store answers again; events are marked as pending again",
    ]


async def test_the_store_decides_about_claims_while_it_is_there() -> None:
    marks = BestEffortMarks(Store(), FakeClock())
    assert await marks.claim("key", "body")
    assert await marks.claim("key", "body")
    assert not await marks.claim("key", "another body")


async def test_what_the_store_refuses_is_not_swallowed() -> None:
    class Broken(Store):
        async def mark(self, state: UrlState) -> None:
            raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        await BestEffortMarks(Broken(), FakeClock()).mark(STATE)
