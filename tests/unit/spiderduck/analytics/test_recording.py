"""Rows of fetches and shares: what stands in them, and that none is lost or there twice, wherever a crash comes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from schedulers import notice
from schedulers.model import ArchiveLocation, Change, Content, Event, HopTrace, Known, Page, Redirect, Status, UrlState
from schedulers.record import iso_time
from schedulers.verdict import Verdict
from spiderduck.analytics.files import ParquetFiles
from spiderduck.analytics.noting import Noted, notice_of
from spiderduck.analytics.recording import RETRY_SECONDS, STAND_BY_SECONDS, Recorder
from spiderduck.analytics.surt import surt_key
from spiderduck.database.sqlite import Database
from spiderduck.errors import HandedOutElsewhere, NotHandedOut, ReadElsewhere, StoreUnavailable
from spiderduck.settings.analytics import AnalyticsConfig
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.ports import Filter, Subscription
from spiderduck.subscriptions.sqlite import NoticeLog
from tests.clock import FakeClock

NOW = 1_800_000_000.0
SHORT, URL = "http://short.test/x", "http://www.news.test/a?b=1"
AT_ONCE = AnalyticsConfig(write=True, flush_seconds=0.0)


@dataclass
class World:
    """A store with its notices, and rows of what they tell."""

    folder: Path
    clock: FakeClock
    database: Database
    store: SqliteStore
    log: NoticeLog
    files: ParquetFiles

    async def share(self, number: int, state: UrlState, page: Page | None = None, outcome: str = "fetched") -> None:
        event = Event(f"event-{number}", identity=f"generic event-{number}", sharer="5" * 32)
        known = Known(state=state, page=page)
        verdict = Verdict(verdict="no_match", as_of="2027-01-15T08:00:00Z")
        told = notice.processed(event, outcome, known, verdict, self.clock.now())
        await self.store.complete(event.identity, state.key, Change((state,), page), told)

    def recorder(self, config: AnalyticsConfig = AT_ONCE) -> Recorder:
        """As after a start."""
        return Recorder(self.log, self.store, self.files, config, self.clock)

    async def record(self, recorder: Recorder) -> None:
        """All notices that are there."""
        await recorder._begin()
        subscription = await recorder._opened()
        while await recorder.take(subscription):
            pass
        await subscription.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(self.files.dataset(table).to_table().sort_by("row").to_pylist())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = FakeClock(NOW)
    database = Database(tmp_path / "spiderduck.db")
    log = NoticeLog(database, clock)
    store = SqliteStore(database, clock, log.wake)
    yield World(tmp_path, clock, database, store, log, ParquetFiles(tmp_path / "analytics", AnalyticsConfig()))
    await database.close()


def chain(at: float = NOW, short: str = SHORT) -> tuple[UrlState, Page]:
    """A short link that led to a page."""
    page = Page(
        id=77,
        key=URL,
        url=URL,
        fetched_at=at,
        status_code=200,
        content=Content("text/html", 1234, "ab" * 32, "utf-8"),
        metadata=b'{"title":"A","language":"en","image":{"url":"http://cdn.test/p.jpg"}}',
        provenance=b"{}",
        archived=ArchiveLocation("spiderduck-1.warc.gz", 400, 900, "ab" * 32),
    )
    trace = (
        HopTrace(short, at - 1.5, "301", waited_ms=3, first_byte_ms=20),
        HopTrace(URL, at - 0.25, "200", 7, 1, 2, 3, 40, 5, True, "Allow: /"),
    )
    state = UrlState(
        short,
        short,
        Status.FETCHED,
        page_id=77,
        resolved_url=URL,
        redirects=(Redirect(short, short, 301),),
        checked_at=at,
        trace=trace,
    )
    return state, page


async def test_a_chain_makes_a_row_for_each_request_and_one_for_the_share(world: World) -> None:
    """With Common Crawl's columns where it has them."""
    state, page = chain()
    await world.share(1, state, page)
    await world.record(world.recorder())
    last, first = sorted(world.rows("fetches"), key=lambda row: -row["hop"])
    assert (first["url"], first["fetch_status"], first["fetch_redirect"], first["waited_ms"]) == (SHORT, 301, URL, 3)
    assert first["content_digest"] is None
    expected = {
        "url_surtkey": "test,news)/a?b=1",
        "url_host_name": "www.news.test",
        "url_host_registered_domain": "news.test",
        "url_host_tld": "test",
        "url_protocol": "http",
        "url_path": "/a",
        "url_query": "b=1",
        "fetch_status": 200,
        "fetch_time": datetime.fromtimestamp(NOW - 0.25, UTC),
        "content_digest": f"sha256:{'ab' * 32}",
        "content_mime_detected": "text/html",
        "content_languages": "en",
        "content_length": 1234,
        "warc_filename": "spiderduck-1.warc.gz",
        "warc_record_offset": 400,
        "id": 77,
        "event_id": "event-1",
        "hop": 1,
        "outcome": "answered",
        "rule": "Allow: /",
        "dns_ms": 1,
        "body_ms": 5,
        "connection_reused": True,
        "verdict": "no_match",
        "day": date(2027, 1, 15),
    }
    assert {name: last[name] for name in expected} == expected
    (share,) = world.rows("shares")
    assert (share["url"], share["destination"], share["sharer"]) == (SHORT, URL, "5" * 32)
    assert (share["picture_url"], share["content_mime_detected"]) == ("http://cdn.test/p.jpg", "text/html")


async def test_a_request_without_an_answer_has_its_ending(world: World) -> None:
    """And the time of the URL's."""
    state = UrlState(
        URL, URL, Status.ROBOTS_DENIED, checked_at=NOW, trace=(HopTrace(URL, 0.0, "robots_denied"),), reason="no"
    )
    await world.share(1, state, outcome="robots_denied")
    await world.record(world.recorder())
    (row,) = world.rows("fetches")
    assert (row["outcome"], row["fetch_status"]) == ("robots_denied", None)
    assert row["fetch_time"] == datetime.fromtimestamp(NOW, UTC)


async def test_an_ending_that_is_told_again_was_one_request(world: World) -> None:
    """Everybody who shares what robots.txt forbids is told that; its site is asked once."""
    state = UrlState(
        URL, URL, Status.ROBOTS_DENIED, checked_at=NOW, trace=(HopTrace(URL, 0.0, "robots_denied"),), reason="no"
    )
    for number, outcome in enumerate(("robots_denied", "robots_denied", "reused")):
        await world.share(number, state, outcome=outcome)
        await world.record(world.recorder())
        await world.clock.advance(7_200.0)
    for number in range(3, 5):
        await world.share(number, state, outcome="robots_denied")
    await world.record(world.recorder())
    assert (len(world.rows("fetches")), len(world.rows("shares"))) == (1, 5)


async def test_a_reused_page_was_fetched_once_and_shared_twice(world: World) -> None:
    """Soon after, and long after."""
    state, page = chain()
    await world.share(1, state, page)
    recorder = world.recorder()
    await world.record(recorder)
    for number, later in ((2, 60.0), (3, 3_600.0)):
        await world.clock.advance(later)
        await world.share(number, state, page, outcome="reused")
        await world.record(world.recorder())
    assert (len(world.rows("fetches")), len(world.rows("shares"))) == (2, 3)


async def test_what_is_noted_of_a_picture_is_a_fetch(world: World) -> None:
    """Once, however often it is told; the page's record, which tells of it too, makes no row."""
    request = notice.Request(url="http://cdn.test/p.jpg", at="2027-01-15T08:00:01.250Z", result="200", first_byte_ms=7)
    noted = Noted(kind="picture", request=request, type="image/jpeg", length=5000)
    for _ in range(2):
        await world.store.tell([notice_of(noted, NOW)])
    state, page = chain()
    await world.share(1, state, page)
    measured = replace(page, metadata=b'{"image":{"url":"http://cdn.test/p.jpg","type":"image/jpeg","bytes":5000}}')
    await world.store.update_page(measured, notice.updated(Known(state=state, page=measured), measured, None, NOW))
    await world.record(world.recorder())
    (row,) = (row for row in world.rows("fetches") if row["kind"] == "picture")
    assert (row["url"], row["fetch_status"], row["content_mime_detected"], row["content_length"]) == (
        "http://cdn.test/p.jpg",
        200,
        "image/jpeg",
        5000,
    )
    assert (row["fetch_time"], row["first_byte_ms"]) == (datetime.fromtimestamp(NOW + 1.25, UTC), 7)


async def test_a_page_that_was_put_off_has_one_row_with_what_is_told_later(world: World) -> None:
    """The pause is noted at once; the notice of the page's end may tell of the same request."""
    state, page = chain()
    request = notice.Request(url=URL, at=iso_time(NOW - 0.25), result="200")
    await world.store.tell([notice_of(Noted(kind="page", request=request), NOW)])
    await world.share(1, state, page)
    await world.record(world.recorder())
    assert sorted(row["url"] for row in world.rows("fetches")) == [SHORT, URL]


async def test_nobody_but_the_recorder_is_handed_what_is_noted(world: World) -> None:
    """Whoever names no types gets those of the documentation."""
    noted = Noted(kind="robots", request=notice.Request(url=URL, at=iso_time(NOW), result="404"))
    listener = await world.log.open(None, Filter())
    await world.store.tell([notice_of(noted, NOW)])
    assert await listener.poll(10) == ()
    await listener.close()


class Dies(BaseException):
    """The process ends here."""


class DyingFiles(ParquetFiles):
    """Writes so many files of a batch, and is gone."""

    def __init__(self, folder: Path, files: int) -> None:
        super().__init__(folder, AnalyticsConfig())
        self._left = files

    def _write(self, folder: str, name: str, table: Any) -> None:
        if not self._left:
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{name}.writing").write_bytes(b"PAR1 torn")
            raise Dies
        self._left -= 1
        super()._write(folder, name, table)


class Unheard:
    """A subscription whose acknowledgement does not arrive."""

    def __init__(self, inner: Subscription) -> None:
        self._inner = inner
        self.poll = inner.poll
        self.stalled = False

    async def ack(self, position: int) -> None:
        raise Dies


async def test_no_row_is_lost_or_there_twice_wherever_a_crash_comes(world: World) -> None:
    """Before the first file, between two, after the last and before the acknowledgement; and each time more came."""
    for number, crash in enumerate((0, 1, 2)):
        state, page = chain(world.clock.now(), f"{SHORT}{number}")
        await world.share(number, state, page)
        dying = world.recorder()
        dying._files = DyingFiles(world.folder / "analytics", crash)
        await dying._begin()
        subscription = await dying._opened()
        with pytest.raises(Dies):
            await dying.take(Unheard(subscription))  # type: ignore[arg-type]
        await subscription.close()
        await world.clock.advance(30.0)
    state, page = chain(world.clock.now(), f"{SHORT}9")
    await world.share(9, state, page)
    await world.record(world.recorder())
    assert len({row["row"] for row in world.rows("shares")}) == len(world.rows("shares")) == 4
    assert len({row["row"] for row in world.rows("fetches")}) == len(world.rows("fetches")) == 8
    assert not list(world.folder.rglob("*.writing"))


async def test_crash_after_crash_with_hours_between_makes_no_row_twice(world: World) -> None:
    """What was written and not acknowledged is known by the names of the files, however long ago it was."""
    for number in range(4):
        await world.share(number, *chain(world.clock.now(), f"{SHORT}{number}"))
        dying = world.recorder()
        dying._files = DyingFiles(world.folder / "analytics", 1)
        await dying._begin()
        subscription = await dying._opened()
        with pytest.raises(Dies):
            await dying.take(subscription)
        await subscription.close()
        await world.clock.advance(7_200.0)
    await world.record(world.recorder())
    for table, count in (("shares", 4), ("fetches", 8)):
        assert len({row["row"] for row in world.rows(table)}) == len(world.rows(table)) == count


async def test_a_page_that_is_fetched_anew_before_its_row_is_made_has_both(world: World) -> None:
    """The notice tells of its own requests, and of the version of the page that was there then."""
    first, page = chain()
    await world.share(1, first, page)
    await world.clock.advance(60.0)
    second, newer = chain(world.clock.now())
    newer = replace(newer, id=78, content=Content("text/html", 99, "cd" * 32, "utf-8"))
    await world.share(2, replace(second, page_id=78), newer)
    await world.record(world.recorder())
    pages = {row["id"]: row["content_length"] for row in world.rows("fetches") if row["hop"] == 1}
    assert pages == {77: 1234, 78: 99}
    assert len(world.rows("fetches")) == 4


async def test_a_request_of_hours_ago_has_its_row(world: World) -> None:
    """The chain went on when its next domain was in turn."""
    state, page = chain()
    first, last = state.trace
    await world.share(1, replace(state, trace=(msgspec.structs.replace(first, at=NOW - 9_000.0), last)), page)
    await world.record(world.recorder())
    assert len(world.rows("fetches")) == 2


async def test_a_damaged_file_is_set_aside(world: World) -> None:
    """Rows are written and asked for without it; what is no file of ours is nobody's business."""
    await world.share(1, *chain())
    await world.record(world.recorder())
    day = world.folder / "analytics" / "shares" / "day=2027-01-15"
    torn, foreign = day / f"part-{round(NOW * 1000) + 5:015}.parquet", day / "notes.parquet"
    torn.write_bytes(b"PAR1 torn")
    foreign.write_bytes(b"not ours")
    await world.share(2, *chain(NOW, f"{SHORT}2"))
    await world.record(world.recorder())
    assert len(world.rows("shares")) == 2
    assert [path.name for path in day.iterdir() if path.suffix == ".damaged"] == [f"{torn.name}.damaged"]
    assert foreign.exists()


async def test_a_file_without_our_columns_counts_as_damaged(tmp_path: Path) -> None:
    day = tmp_path / "shares" / "day=2027-01-15"
    day.mkdir(parents=True)
    pq.write_table(pa.table({"other": ["x"]}), day / "part-000000000000005.parquet")
    assert ParquetFiles(tmp_path, AnalyticsConfig()).rows_since(0) == set()
    assert [path.suffix for path in day.iterdir()] == [".damaged"]


async def test_two_writers_do_not_overwrite_one_another(world: World) -> None:
    """At the same millisecond."""
    for number in range(2):
        await world.share(number, *chain(NOW, f"{SHORT}{number}"))
        files = ParquetFiles(world.folder / "analytics", AnalyticsConfig())
        recorder = Recorder(world.log, world.store, files, AT_ONCE, world.clock)
        subscription = await recorder._opened()
        await recorder.take(subscription)
        await subscription.close()
    assert len(world.rows("shares")) == 2


@pytest.mark.parametrize("error", [NotHandedOut("@analytics", 7, 3), HandedOutElsewhere("@analytics", 7)])
async def test_recording_goes_on_when_the_broker_took_a_batch_back(world: World, error: Exception) -> None:
    """Nothing is written twice for that."""
    await world.share(1, *chain())
    recorder, refused = world.recorder(), [error]
    opened = recorder._opened

    async def once() -> Any:
        subscription = await opened()
        acknowledge = subscription.ack

        async def ack(position: int) -> None:
            if refused:
                raise refused.pop()
            await acknowledge(position)

        return SimpleNamespace(poll=subscription.poll, ack=ack, close=subscription.close, stalled=False)

    recorder._opened = once  # type: ignore[method-assign]
    running = asyncio.create_task(recorder.run())
    while refused or recorder._position is not None or not recorder._seen:
        await world.clock.advance(RETRY_SECONDS)
        await world.database.probe()
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (len(world.rows("shares")), len(world.rows("fetches"))) == (1, 2)


async def test_a_writer_that_lost_its_place_writes_nothing_twice(world: World) -> None:
    """It stood still with rows in hand; another one took its place, wrote them, and has more in hand. Neither knows of
    the other."""
    state, page = chain()
    await world.share(1, state, page)
    slow = AnalyticsConfig(write=True, flush_seconds=60.0)
    stopped = Recorder(world.log, world.store, world.files, slow, world.clock)
    other = ParquetFiles(world.folder / "analytics", AnalyticsConfig())
    successor = Recorder(world.log, world.store, other, slow, world.clock)
    first, second = await stopped._opened(), await successor._opened()
    for recorder, subscription in ((stopped, first), (successor, second)):
        await recorder._begin()
        await recorder.take(subscription)
    await world.clock.advance(60.0)
    await successor.take(second)
    before = world.rows("fetches"), world.rows("shares")
    assert [len(rows) for rows in before] == [2, 1]
    await world.share(2, state, page, outcome="reused")
    await successor.take(second)
    await stopped.take(first)  # and what was shared meanwhile
    await world.clock.advance(60.0)
    await successor.take(second)
    assert (world.rows("fetches"), len(world.rows("shares"))) == (before[0], 2)


async def test_one_that_may_not_write_waits_for_its_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    open_log, tries = world.log.open, 0

    async def refused_once(*args: Any, **kwargs: Any) -> Subscription:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ReadElsewhere("@analytics")
        return await open_log(*args, **kwargs)

    monkeypatch.setattr(world.log, "open", refused_once)
    await world.share(1, *chain())
    running = asyncio.create_task(world.recorder().run())
    while not list(world.folder.rglob("shares/*/*.parquet")):
        await world.clock.advance(STAND_BY_SECONDS)
        await world.database.probe()
    assert tries == 3
    assert len(world.rows("shares")) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_rows_are_gathered_into_files(world: World) -> None:
    """Until there are enough, or the first has waited long enough; what is gathered is not acknowledged."""
    recorder = world.recorder(AnalyticsConfig(write=True, flush_seconds=60.0, flush_rows=12))
    await recorder._begin()
    subscription = await recorder._opened()

    async def files_after(number: int) -> int:
        state, page = chain(world.clock.now())
        await world.share(number, state, page)
        await recorder.take(subscription)
        return len(list(world.folder.rglob("*.parquet")))

    assert [await files_after(number) for number in range(3)] == [0, 0, 0]
    await world.clock.advance(61.0)
    assert await files_after(3) == 2
    assert recorder.rows_total == 4 + 2 + 2  # shares; the requests of three at the same moment, which are one; the last
    await subscription.close()


async def test_a_store_that_is_away_costs_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was gathered is read again."""
    state, page = chain()
    await world.share(1, state, page)
    recorder = world.recorder()

    async def away(keys: object) -> Any:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "known", away)
        with pytest.raises(StoreUnavailable):
            await world.record(recorder)
    await world.record(recorder)
    assert len(world.rows("fetches")) == 2


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://www.Example.com/A/B/?b=2&a=1#part", "com,example)/a/b?a=1&b=2"),
        ("https://example.co.uk:8443/", "uk,co,example:8443)/"),
        ("http://example.com:80/x", "com,example)/x"),
        ("http://www.com/", "com,www)/"),
        ("http://192.0.2.7/x", "192.0.2.7)/x"),
        ("http://[2001:db8::1]/", "2001:db8::1)/"),
        ("not a URL", "not a url"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_the_sort_friendly_form_of_a_url(url: str, key: str) -> None:
    """What belongs to one host stands together."""
    assert surt_key(url) == key
