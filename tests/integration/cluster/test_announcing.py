"""Store, tell, finish: what a crash between two of them leaves behind, and what a repeat does. Without engines."""

import asyncio
import logging

import pytest

from schedulers.model import Change, Known, Page, Status, UrlState
from schedulers.notice import Notice
from schedulers.verdict import Judged
from spiderduck.errors import StoreUnavailable
from spiderduck.stores import write_behind
from spiderduck.stores.announcing import AnnouncingStore
from spiderduck.stores.ports import Walked
from spiderduck.stores.sessions.ports import Row, Statement, Value
from spiderduck.stores.sessions.retrying import RetryingSession
from tests.clock import FakeClock

NOTICE = Notice("id", "type", "http://a.test/", "a.test", "fetched", "fetched", b"{}")
CHANGE = Change((UrlState("key", "http://a.test/", Status.FETCHED),))


class Steps:
    """A store and an announcer that write down what they are told, and fail where they are asked to."""

    def __init__(self, failing: str = "") -> None:
        self.done: list[str] = []
        self.failing = failing
        self.there = True
        self.marked = asyncio.Event()

    def _step(self, name: str) -> None:
        if name == self.failing:
            raise StoreUnavailable(name)
        self.done.append(name)

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        return Known()

    async def mark(self, state: UrlState) -> None:
        self._step(f"mark {state.status}")
        self.marked.set()

    async def page(self, page_id: int) -> Page | None:
        return None

    async def saw_picture(self, site: str, picture: str, page: str) -> int:
        return 1

    async def write(self, key: str, change: Change, event_id: str) -> None:
        self._step("write")

    async def finish(self, event_id: str, key: str) -> None:
        self._step("finish")

    async def first_seen(self, domain: str) -> float:
        return 0.0

    async def walk(self, after: str | None, most: int) -> Walked:
        return Walked((), None)

    async def write_judged(self, before: UrlState, judged: Judged) -> bool:
        return self.there

    async def write_metadata(self, page: Page) -> bool:
        return self.there

    async def announce(self, notice: Notice) -> None:
        self._step("announce")


@pytest.mark.parametrize(
    ("failing", "done"),
    [("", "write announce finish"), ("write", ""), ("announce", "write"), ("finish", "write announce")],
)
async def test_nothing_is_finished_before_it_is_told_and_told_before_it_is_stored(failing: str, done: str) -> None:
    steps = Steps(failing)
    store = AnnouncingStore(steps, steps)
    if failing:
        with pytest.raises(StoreUnavailable):
            await store.complete("event", "key", CHANGE, NOTICE)
    else:
        await store.complete("event", "key", CHANGE, NOTICE)
    assert " ".join(steps.done) == done


async def test_what_failed_is_done_whole_again_and_what_succeeded_is_not() -> None:
    steps = Steps("finish")
    store = AnnouncingStore(steps, steps)
    with pytest.raises(StoreUnavailable):
        await store.complete("event", "key", CHANGE, NOTICE)
    steps.failing = ""
    await store.complete("event", "key", CHANGE, NOTICE)
    await store.complete("event", "key", CHANGE, NOTICE)
    assert " ".join(steps.done) == "write announce write announce finish"


async def test_a_share_that_changes_nothing_is_told_all_the_same() -> None:
    steps = Steps()
    await AnnouncingStore(steps, steps).complete("event", "key", Change(), NOTICE)
    assert steps.done == ["announce", "finish"]


PENDING = UrlState("key", "http://a.test/", Status.PENDING)
DEFERRED = UrlState("key", "http://a.test/", Status.DEFERRED, until=9.0)


async def test_a_url_that_is_finished_soon_is_never_written_down_as_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "YOUNG_SECONDS", 0.0)
    steps = Steps()
    store = AnnouncingStore(steps, steps)
    await store.mark(PENDING)
    assert await store.look_up("key") == Known(False, PENDING)
    await store.complete("event", "key", CHANGE, NOTICE)
    assert await store.look_up("key") == Known()
    await store.mark(UrlState("other", "http://b.test/", Status.PENDING))
    await steps.marked.wait()
    assert steps.done == ["write", "announce", "finish", "mark pending"]


async def test_one_that_is_put_off_is_written_down_as_that_at_once() -> None:
    steps = Steps()
    store = AnnouncingStore(steps, steps)
    await store.mark(PENDING)
    await store.mark(DEFERRED)
    assert steps.done == ["mark deferred"]
    assert await store.look_up("key") == Known()


async def test_a_mark_that_fails_is_missing_and_harms_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(write_behind, "YOUNG_SECONDS", 0.0)
    steps = Steps("mark pending")
    store = AnnouncingStore(steps, steps)
    await store.mark(PENDING)
    async with asyncio.timeout(10):
        while await store.look_up("key") != Known():
            await asyncio.sleep(0)
    assert "not shown as pending" in caplog.text


class Flaky:
    """A session that fails so many times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked = 0

    async def execute(self, statement: Statement, values: list[Value]) -> list[Row]:
        self.asked += 1
        if self.asked <= self.failures:
            raise StoreUnavailable(f"failure {self.asked}")
        return [(1,)]

    async def run(self, cql: str) -> None: ...

    async def close(self) -> None: ...


async def test_an_outage_is_waited_for() -> None:
    clock, flaky = Quick(), Flaky(5)
    session = RetryingSession(flaky, clock, 60.0)  # type: ignore[arg-type]
    assert await session.execute(Statement("SELECT"), []) == [(1,)]
    assert (flaky.asked, session.trouble) == (6, None)


@pytest.mark.parametrize(("failures", "warnings"), [(5, 0), (7, 2)])
async def test_a_call_that_is_slow_is_no_outage(caplog: pytest.LogCaptureFixture, failures: int, warnings: int) -> None:
    """Two seconds without an answer are one: a line when it is, and one when it is over."""
    caplog.set_level(logging.INFO, "spiderduck.stores.sessions.retrying")
    await RetryingSession(Flaky(failures), Quick(), 60.0).execute(Statement("SELECT"), [])  # type: ignore[arg-type]
    assert caplog.messages[0] == "a call of the store is tried again: failure 1"
    told = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    outage = ["the store does not answer, waiting for it: failure 7", "the store answers again after 4 s"]
    assert told == outage[:warnings]


async def test_patience_ends_with_the_last_error() -> None:
    clock, flaky = Quick(), Flaky(10**6)
    session = RetryingSession(flaky, clock, 10.0)  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        await session.execute(Statement("SELECT"), [])
    assert 9.0 < clock.now() - 1_000_000.0 <= 10.0
    assert session.trouble is not None


async def test_a_condition_is_never_tried_twice() -> None:
    flaky = Flaky(1)
    with pytest.raises(StoreUnavailable):
        await RetryingSession(flaky, Quick(), 60.0).execute(Statement("INSERT", conditional=True), [])  # type: ignore[arg-type]
    assert flaky.asked == 1


class Quick(FakeClock):
    """Nobody else waits, so sleeping just moves the time."""

    async def sleep(self, seconds: float) -> None:
        self._now += seconds
