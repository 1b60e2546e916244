"""The line of those who were sent away: turns of their own, in order, and none that is lost."""

from random import Random

import pytest

from fetchers.config import Queues
from fetchers.model import NotNow, RateLimit
from fetchers.politeness.queue import BACK, DomainQueue, Turn
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import DomainSlot
from tests.clock import FakeClock

PATIENCE = 2.0


class Asker:
    """A domain at one request a second, asked at moments that the test chooses; every turn is used at once."""

    def __init__(self, burst: int = 1, parallel: int | None = None) -> None:
        self.clock = FakeClock()
        self.queues = RequestQueues(self.clock, Queues())
        slot = DomainSlot(RateLimit(1.0, burst, parallel))
        self.queue: DomainQueue = self.queues.open("busy.test", slot)
        self.sent: list[float] = []

    async def at(self, moment: float) -> None:
        await self.clock.advance(moment - self.clock.now())

    async def ask(self, *, promised: bool = False, seconds: float = 0.0) -> Turn | NotNow:
        """For a turn at once (nobody dispatches here), or a promise."""
        now = self.clock.now()
        answer = await self.queues.turn(self.queue, rank=BACK, start_by=now, deadline=now + 300, promised=promised)
        assert isinstance(answer, Turn | NotNow)
        if isinstance(answer, Turn):
            self.sent.append(now)
            answer.written()
            await self.clock.advance(seconds)
            answer.over()
        return answer


async def promises(asker: Asker, count: int) -> list[float]:
    given = []
    for _ in range(count):
        answer = await asker.ask()
        assert isinstance(answer, NotNow)
        given.append(answer.until)
    return given


async def test_each_of_a_thousand_is_promised_a_turn_of_its_own() -> None:
    asker = Asker()
    start = asker.clock.now()
    assert isinstance(await asker.ask(), Turn)
    given = await promises(asker, 1000)
    assert given == pytest.approx([start + 1 + number for number in range(1000)])


async def test_whoever_comes_back_when_told_is_sent_away_no_second_time() -> None:
    """However many come freshly meanwhile, and a little late every time."""
    asker, random = Asker(burst=4), Random(3)
    while isinstance(answer := await asker.ask(), Turn):
        pass
    line = [answer.until, *await promises(asker, 100)]
    for until in line:
        await asker.at(until + 0.3 * random.random())
        fresh = await asker.ask()
        assert isinstance(fresh, NotNow)
        assert fresh.until > line[-1], "who came later stands behind them all"
        assert isinstance(await asker.ask(promised=True), Turn)


async def test_a_turn_whose_owner_does_not_come_goes_to_somebody_else() -> None:
    asker = Asker()
    await asker.ask()
    line = await promises(asker, 10)
    await asker.at(line[0] + 0.5)
    assert isinstance(await asker.ask(), NotNow), "its owner may still come"
    await asker.at(line[1])
    assert isinstance(await asker.ask(), Turn)


async def test_the_line_is_forgotten_when_its_last_turn_is_past() -> None:
    asker = Asker()
    await asker.ask()
    line = await promises(asker, 3)
    await asker.at(line[-1] + 1.0)
    assert isinstance(await asker.ask(), Turn)


async def test_a_slow_site_s_turns_lie_as_far_apart_as_it_answers() -> None:
    """Ten seconds an answer, two at a time: one in five seconds, whatever the limit allows."""
    asker = Asker(parallel=2)
    for _ in range(30):
        while isinstance(answer := await asker.ask(seconds=10.0), NotNow):
            await asker.at(answer.until)
    asker.queue.slot.pause_until(asker.clock.now() + 60.0)
    first, second, third = await promises(asker, 3)
    assert second - first == pytest.approx(5.0, rel=0.01)
    assert third - second == pytest.approx(5.0, rel=0.01)


async def test_a_pause_gives_those_who_are_sent_away_different_turns() -> None:
    asker = Asker()
    await asker.ask()
    asker.queue.slot.pause_until(asker.clock.now() + 60.0)
    line = await promises(asker, 50)
    assert line[0] == asker.clock.now() + 60.0
    assert len(set(line)) == 50


@pytest.mark.parametrize("burst", [1, 4])
async def test_the_limit_holds_for_any_mixture(burst: int) -> None:
    asker, random = Asker(burst=burst), Random(burst)
    due: list[float] = []
    for _ in range(2000):
        await asker.clock.advance(random.expovariate(3.0))
        promised = bool(due) and due[0] <= asker.clock.now()
        answer = await asker.ask(promised=promised)
        if promised:
            due.pop(0)
        if isinstance(answer, NotNow):
            due = sorted([*due, answer.until])
    for first, start in enumerate(asker.sent):
        for count, end in enumerate(asker.sent[first : first + 50], start=1):
            assert count <= burst + (end - start) + 1e-6
