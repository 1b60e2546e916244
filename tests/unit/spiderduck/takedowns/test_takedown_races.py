"""Takedowns where several processes remove, an engine is away, a process is killed, or an admin changes their mind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schedulers.links import identify
from schedulers.model import Page, Status, UrlState
from spiderduck.database.picture_index import picture_key
from spiderduck.database.sqlite import Database
from spiderduck.errors import StoreUnavailable
from spiderduck.takedowns.following import AGAIN_SECONDS, WHOLE_LOOK_SECONDS
from spiderduck.takedowns.removing import TELLING_SECONDS
from tests.clock import FakeClock
from tests.unit.spiderduck.takedowns.process import PAGE, PICTURE, SHORT, SHORTER, Process

OTHER = "http://news.test/b"
Meanwhile = Callable[[], Coroutine[Any, Any, object]]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "store.db")
    yield database
    await database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def processes(database: Database, clock: FakeClock) -> tuple[Process, Process]:
    return Process(database, clock), Process(database, clock)


def before(process: Process, method: str, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something happens once, just before the process calls this method of its store."""
    plain, calls = getattr(process.store, method), list[int]()

    async def call(*arguments: Any) -> Any:
        if not calls:
            calls.append(1)
            await meanwhile()
        return await plain(*arguments)

    monkeypatch.setattr(process.store, method, call)


async def judged(process: Process) -> list[dict[str, Any]]:
    return [told for body in await process.told() if (told := msgspec.json.decode(body))["type"].endswith("url.judged")]


async def state(process: Process, url: str) -> UrlState | None:
    return (await process.store.known([url]))[0].state


@pytest.mark.parametrize("method", ["history", "remove_pages", "remove_urls"])
async def test_what_one_process_finds_another_does_not_forget(
    processes: tuple[Process, Process], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever step the other one comes in between: the places of archived bytes are emptied by both."""
    one, two = processes
    for number, url in enumerate((SHORT, PAGE), 1):
        await one.share(number, url, *([PAGE] if url == SHORT else []))
    before(one, method, two.following.look, monkeypatch)
    await one.take(PAGE)
    for process in processes:
        await process.clock.advance(AGAIN_SECONDS)
        await process.following.look()
    (kept,) = await one.takedowns.all()
    assert {place.offset for place in kept.archived} == {1, 2}
    assert set(kept.pictures) == {PICTURE}
    assert {place.offset for process in processes for place in process.erased} == {1, 2}
    assert kept.is_done


@pytest.mark.parametrize("method", ["history", "remove_pages", "remove_urls"])
async def test_what_is_lifted_while_another_process_removes_stays_lifted(
    processes: tuple[Process, Process], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = processes
    await one.share(1, PAGE)
    one.is_broker_away = True  # so that it takes down without an end
    with pytest.raises(StoreUnavailable):
        await one.take(PAGE)
    await one.share(2, PAGE)
    one.is_broker_away = False
    before(two, method, lambda: one.takedowns.lift(identify(PAGE)), monkeypatch)
    await two.following.look()
    for process in processes:
        await process.following.look()
        assert process.lists.takedowns.of(PAGE) is None
    assert await one.takedowns.all() == []
    left = await state(one, PAGE)
    assert left is None or left.reason_code is None


@pytest.mark.parametrize(("first", "second"), [(PAGE, SHORT), (SHORT, PAGE), (SHORTER, SHORT)])
async def test_what_two_takedowns_hold_for_stays_away_until_both_are_lifted(
    processes: tuple[Process, Process], first: str, second: str
) -> None:
    one, _ = processes
    await one.share(1, SHORTER, SHORT, PAGE)
    await one.take(first)
    await one.take(second, destination=False)
    await one.takedowns.lift(identify(first))
    found = await state(one, second)
    assert found is not None
    assert (found.status, found.reason_code) == (Status.BLOCKED_DOMAIN, "taken_down")
    assert one.lists.takedowns.of(second) is not None
    await one.takedowns.lift(identify(second))
    assert await state(one, second) is None
    assert not one.lists.takedowns


async def test_a_url_that_led_there_once_and_leads_elsewhere_now_is_left(
    processes: tuple[Process, Process],
) -> None:
    """`/today` is another article every day. What was told of it then is taken out of the notices all the same."""
    one, _ = processes
    today = "http://today.test/"
    await one.share(1, today, PAGE)
    await one.share(2, today, OTHER)
    assert await one.take(PAGE) == {PAGE}
    found = await state(one, today)
    assert found is not None
    assert found.resolved_url == OTHER
    secret = [msgspec.json.decode(body)["data"] for body in await one.told() if b"A secret" in body]
    assert [data["resolved_url"] for data in secret] == [OTHER]


@pytest.mark.parametrize(("taken", "shared"), [("http", "https"), ("https", "http"), ("http", "both")])
async def test_it_holds_under_both_schemes(processes: tuple[Process, Process], taken: str, shared: str) -> None:
    """Hardly a server gives something else under the other."""
    one, two = processes
    urls = [PAGE.replace("http", scheme) for scheme in (("http", "https") if shared == "both" else (shared,))]
    for number, url in enumerate(urls, 1):
        await one.share(number, f"http://s.test/{number}", url)
    assert await one.take(PAGE.replace("http", taken)) >= {f"http://s.test/{number + 1}" for number in range(len(urls))}
    assert {place.offset for place in one.erased} == set(range(1, len(urls) + 1))
    for url in ("http://news.test/a", "https://news.test/a?utm_source=x"):
        assert one.lists.takedowns.of(url) is not None
    assert [known.page for known in await one.store.known(urls)] == [None] * len(urls)
    await two.share(9, PAGE.replace("http", "https" if taken == "http" else "http"))  # it had not heard of it
    await one.clock.advance(AGAIN_SECONDS)
    await one.following.look()
    assert all(b"A secret" not in body for body in await one.told())
    assert 9 in {place.offset for place in one.erased}
    assert {PICTURE, PICTURE.replace("http", "https")} <= set(one.purged)
    assert one.lists.takedowns.showed(PICTURE.replace("http", "https"))


async def test_subscribers_are_told_once_the_broker_is_back(processes: tuple[Process, Process]) -> None:
    one, two = processes
    await one.share(1, SHORT, PAGE)
    one.is_broker_away = two.is_broker_away = True
    with pytest.raises(StoreUnavailable):
        await one.take(PAGE)
    assert one.lists.takedowns.of(PAGE) is not None
    assert await judged(one) == []
    one.is_broker_away = False
    await one.following.look()
    assert {told["subject"] for told in await judged(one)} == {PAGE, SHORT}
    (kept,) = await one.takedowns.all()
    assert kept.told_at is not None


async def test_a_process_that_dies_while_it_tells_is_stood_in_for(processes: tuple[Process, Process]) -> None:
    one, two = processes
    await one.share(1, PAGE)
    one.is_broker_away = True
    with pytest.raises(StoreUnavailable):
        await one.take(PAGE)  # and is killed then
    await two.following.look()
    assert await judged(two) == [], "it may be telling still"
    await two.clock.advance(max(TELLING_SECONDS, AGAIN_SECONDS))
    await two.following.look()
    assert [told["subject"] for told in await judged(two)] == [PAGE]


async def test_a_url_that_is_taken_down_again_is_told_again(processes: tuple[Process, Process]) -> None:
    """Under another id: whoever passes over ids that came before must not miss it."""
    one, _ = processes
    for _ in range(2):
        await one.share(1, PAGE)
        await one.take(PAGE)
        await one.takedowns.lift(identify(PAGE))
        await one.clock.advance(10.0)
    assert len({told["id"] for told in await judged(one)}) == 2


async def test_a_revision_that_nobody_wrote_is_made_up_for(
    processes: tuple[Process, Process], database: Database
) -> None:
    """Whoever took it down was killed between the two."""
    one, two = processes
    await two.following.load()
    await one.share(1, PAGE)
    before_it = await one.takedowns_kept.revision()
    await one.take(PAGE)
    sql = "UPDATE marks SET value = ? WHERE name = 'takedowns'"
    await database.write(lambda connection: connection.execute(sql, (before_it or 0,)))
    two.following._revision = await one.takedowns_kept.revision()
    await two.following.look()
    assert two.lists.takedowns.of(PAGE) is None
    await two.clock.advance(WHOLE_LOOK_SECONDS + 1)
    await two.following.look()
    assert two.lists.takedowns.of(PAGE) is not None


@pytest.mark.parametrize("away", [1.0, AGAIN_SECONDS, 86_400.0])
async def test_a_process_that_is_killed_within_a_minute_looks_again_after_its_start(
    database: Database, clock: FakeClock, tmp_path: Path, away: float
) -> None:
    """What came late lies in the store, and nobody else is there to remove it."""
    file = tmp_path / "takedowns.followed"
    first = Process(database, clock, file)
    await first.following.load()
    await first.following.look()
    await first.share(1, PAGE)
    await first.take(PAGE)
    await first.share(2, PAGE)
    await clock.advance(away)
    again = Process(database, clock, file)
    await again.following.load()
    assert again.lists.takedowns.of(PAGE) is not None, "before anything is fetched"
    await again.following.look()
    assert (await again.store.known([PAGE]))[0].page is None
    assert 2 in {place.offset for place in again.erased}
    assert len(await judged(again)) == 1, "told by the first"


async def test_what_was_taken_down_while_a_process_was_away_goes_from_its_own_caches(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """Once: later starts find that they came so far."""
    file = tmp_path / "takedowns.followed"
    away, other = Process(database, clock, file), Process(database, clock)
    await away.following.load()
    await away.following.look()
    await other.share(1, PAGE)
    await other.take(PAGE)
    for _ in range(2):
        await clock.advance(AGAIN_SECONDS)
        await other.following.look()
    await clock.advance(86_400.0)
    back = Process(database, clock, file)
    await back.following.load()
    await back.following.look()
    assert picture_key(PICTURE) in back.purged_keys
    await clock.advance(AGAIN_SECONDS)
    await back.following.look()
    for _ in range(2):
        later = Process(database, clock, file)
        await later.following.load()
        await later.following.look()
        assert (later.purged, later.purged_keys, later.erased) == ([], frozenset(), [])
    file.write_bytes(b"damaged")
    damaged = Process(database, clock, file)
    await damaged.following.load()
    await damaged.following.look()
    assert picture_key(PICTURE) in damaged.purged_keys


async def test_many_at_once_and_lifted_in_between_end_where_the_last_word_says(
    processes: tuple[Process, Process],
) -> None:
    one, two = processes
    urls = [f"http://news.test/{number}" for number in range(6)]
    for number, url in enumerate(urls, 1):
        await one.share(number, url)

    async def change(process: Process, url: str) -> None:
        await process.take(url)
        await process.takedowns.lift(identify(url))
        await process.take(url)

    await asyncio.gather(*(change(process, url) for url in urls for process in (one, two)))
    for process in (one, two):
        await process.following.look()
        assert {taken.url for taken in await process.takedowns.all()} == set(urls)
        assert all(process.lists.takedowns.of(url) is not None for url in urls)
    pages: Sequence[Page | None] = [known.page for known in await one.store.known(urls)]
    assert pages == [None] * len(urls)
