"""The contract of the `MetadataStore` and `Lookups` ports on every adapter."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from schedulers import notice
from schedulers.model import ArchiveLocation, Change, Content, Event, Known, LastError, Page, Redirect, Status, UrlState
from schedulers.ports import DomainAges, MetadataStore
from schedulers.verdict import Verdict
from spiderduck.database.sqlite import Database
from spiderduck.stores.announcing import AnnouncingStore
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.ports import Judgements, Lookups
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.ports import Filter
from spiderduck.subscriptions.sqlite import NoticeLog
from spiderduck.takedowns.ports import Announcing, Records
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import emptied_keyspace, moment_of_id, slow_port


@dataclass
class Opened:
    """A store, how it is read, and how many notices it wrote."""

    store: MetadataStore
    lookups: Lookups
    notices: Callable[[], Awaitable[int]]


class CountedNotices:
    """An announcer that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[notice.Notice] = []

    async def announce(self, told: notice.Notice) -> None:
        self.told.append(told)

    async def count(self) -> int:
        return len(self.told)


@asynccontextmanager
async def sqlite(folder: Path, clock: FakeClock) -> AsyncIterator[Opened]:
    database = Database(folder / "store.db")
    log = NoticeLog(database, clock)
    store = SqliteStore(database, clock, log.wake)

    async def notices() -> int:
        subscription = await log.open(None, Filter(), after=0)
        marker = notice.Notice("end", "end", "", "", "", "", b"end")
        await store.complete("end", "end", Change(), marker)
        count = 0
        try:
            while True:
                for received in await subscription.receive(500):
                    if received.body == b"end":
                        return count
                    count += 1
        finally:
            await subscription.close()

    yield Opened(store, store, notices)
    await database.close()


@asynccontextmanager
async def cassandra(driver: str, clock: FakeClock, port: int | None) -> AsyncIterator[Opened]:
    async with emptied_keyspace(driver, port) as (session, config):
        store, notices = CassandraStore(session, config, clock, moment_of_id), CountedNotices()
        yield Opened(AnnouncingStore(store, notices), store, notices.count)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("acsylla", marks=pytest.mark.engine("cassandra")),
        pytest.param("cassandra-driver", marks=pytest.mark.engine("cassandra")),
        pytest.param("acsylla behind a slow link", marks=pytest.mark.engine("cassandra", "toxiproxy")),
    ]
)
async def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Opened]:
    if request.param == "sqlite":
        async with sqlite(tmp_path, clock) as found:
            yield found
        return
    driver, _, slow = request.param.partition(" ")
    with slow_port() if slow else nullcontext(None) as port:
        async with cassandra(driver, clock, port) as found:
            yield found


KEY, URL = "http://news.test/a", "http://news.test/a#part"


def page(identity: int = 7, url: str = KEY) -> Page:
    return Page(
        identity,
        url,
        url,
        1_000.5,
        200,
        Content("text/html", 12, "ab" * 32, "utf-8"),
        b'{"title":"A"}',
        b'{"title":{"rule":"og:title"}}',
        canonical_url=url,
        etag='"1"',
        archived=ArchiveLocation("one.warc.gz", 10, 20, "ab" * 32),
        usage=b'{"index":{"value":false,"source":"meta:robots"}}',
    )


def fetched(identity: int = 7, key: str = KEY, url: str = URL) -> UrlState:
    return UrlState(
        key,
        url,
        Status.FETCHED,
        page_id=identity,
        resolved_url=KEY,
        checked_at=1_000.5,
        fresh_until=9_000.0,
        blocked_by="rate-limit",
        gone_since=900.25,
        reason_code="one_time",
    )


def told(event: str, state: UrlState, shown: Page | None = None) -> notice.Notice:
    return notice.processed(Event(event, identity=event), "fetched", Known(state=state, page=shown), None, 1_000.5)


async def test_an_unknown_url_has_nothing(opened: Opened) -> None:
    known = await opened.store.look_up(KEY, "event")
    assert (known.seen, known.state, known.page) == (False, None, None)
    assert await opened.store.page(7) is None


async def test_what_was_completed_is_seen_whole(opened: Opened) -> None:
    await opened.store.complete("event", KEY, Change((fetched(),), page()), told("event", fetched(), page()))
    known = await opened.store.look_up(KEY, "event")
    assert (known.seen, known.state, known.page) == (True, fetched(), page())
    assert await opened.store.page(7) == page()
    assert await opened.notices() == 1


async def test_another_event_has_not_seen_it(opened: Opened) -> None:
    await opened.store.complete("event", KEY, Change((fetched(),), page()), told("event", fetched()))
    assert not (await opened.store.look_up(KEY, "other")).seen
    assert not (await opened.store.look_up(KEY)).seen


async def test_ids_count_by_kind_and_as_former_versions_remembered_them(opened: Opened) -> None:
    """They knew an event by its id alone."""
    await opened.store.complete("tweet 42", KEY, Change((fetched(),), page()), told("tweet 42", fetched()))
    await opened.store.complete("43", KEY, Change(), told("43", fetched()))
    seen = {
        event: (await opened.store.look_up(KEY, event)).seen
        for event in ("tweet 42", "generic 42", "slack 42", "tweet 43", "generic 43", "generic 44")
    }
    assert [event for event, found in seen.items() if found] == ["tweet 42", "tweet 43", "generic 43"]


async def test_a_repeat_stores_no_second_page_and_announces_nothing(opened: Opened) -> None:
    await opened.store.complete("event", KEY, Change((fetched(),), page()), told("event", fetched()))
    await opened.store.complete("event", KEY, Change((fetched(8),), page(8)), told("event", fetched(8)))
    assert (await opened.store.look_up(KEY)).page == page()
    assert await opened.store.page(8) is None
    assert await opened.notices() == 1


async def test_one_share_in_two_hands_at_once_has_one_end(opened: Opened) -> None:
    """Two schedulers may finish the same share in the same moment, each with its own page. What is stored is of one of
    them, and whatever is announced bears one id, by which subscribers know a repeat."""
    first, second = told("event", fetched()), told("event", fetched(8))
    await asyncio.gather(
        opened.store.complete("event", KEY, Change((fetched(),), page()), first),
        opened.store.complete("event", KEY, Change((fetched(8),), page(8)), second),
    )
    known = await opened.store.look_up(KEY, "event")
    assert known.seen
    assert known.page in (page(), page(8))
    assert known.state is not None
    assert known.page is not None
    assert known.state.page_id == known.page.id
    assert first.id == second.id
    assert await opened.notices() in (1, 2)


async def test_a_chain_answers_for_each_of_its_urls(opened: Opened) -> None:
    short = replace(
        fetched(key="http://s.test/x", url="http://s.test/x"),
        redirects=(Redirect("http://s.test/x", "http://s.test/x", 301),),
    )
    await opened.store.complete("event", short.key, Change((short, fetched()), page()), told("event", short))
    both = await opened.lookups.known(["http://s.test/x", KEY, "http://no.test/"])
    assert [one.page for one in both] == [page(), page(), None]
    assert both[0].state == short
    assert await opened.lookups.redirects_to(KEY, 10) == ["http://s.test/x"]


async def test_redirects_are_read_in_pieces(opened: Opened) -> None:
    shorts = [f"http://s.test/{letter}" for letter in "dacbe"]
    for url in shorts:
        state = replace(fetched(key=url, url=url), redirects=(Redirect(url, url, 301),))
        await opened.store.complete(f"event {url}", url, Change((state, fetched()), page()), told(url, state))
    assert await opened.lookups.redirects_to(KEY, 2) == sorted(shorts)[:2]
    assert await opened.lookups.redirects_to(KEY, 2, sorted(shorts)[1]) == sorted(shorts)[2:4]
    assert await opened.lookups.redirects_to(KEY, 2, sorted(shorts)[3]) == sorted(shorts)[4:]


async def test_a_mark_never_replaces_an_ending(opened: Opened) -> None:
    pending = UrlState(KEY, URL, Status.PENDING)
    await opened.store.mark(pending)
    await opened.notices()
    assert (await opened.store.look_up(KEY)).state == pending
    deferred = UrlState(KEY, URL, Status.DEFERRED, until=5_000.0)
    await opened.store.mark(deferred)
    await opened.store.page(0)
    await opened.store.complete("event", KEY, Change((fetched(),), page()), told("event", fetched()))
    await opened.store.mark(deferred)
    await opened.store.complete("other", KEY, Change(), told("other", fetched()))
    assert (await opened.store.look_up(KEY)).state == fetched()


async def test_an_ending_keeps_every_field(opened: Opened) -> None:
    error = LastError(Status.TIMED_OUT, "it took too long", 2_000.0)
    state = replace(fetched(), last_error=error, reason="because", status_code=200, until=3.0)
    await opened.store.complete("event", KEY, Change((state,)), told("event", state))
    assert (await opened.store.look_up(KEY)).state == state


async def test_a_measured_picture_changes_the_page_and_is_told(opened: Opened) -> None:
    await opened.store.complete("event", KEY, Change((fetched(),), page()), told("event", fetched()))
    changed = replace(page(), metadata=b'{"title":"A","image":{"url":"http://p.test/"}}')
    await opened.store.update_page(changed, notice.updated(Known(state=fetched()), changed, None, 1_001.0))
    assert await opened.store.page(7) == changed
    assert await opened.notices() == 2


async def test_a_page_that_is_gone_is_not_brought_back(opened: Opened) -> None:
    await opened.store.update_page(page(), notice.updated(Known(state=fetched()), page(), None, 1_001.0))
    assert await opened.store.page(7) is None
    assert await opened.notices() == 0


async def test_the_history_has_the_newest_first(opened: Opened) -> None:
    for identity in (7, 9, 8):
        state = fetched(identity)
        await opened.store.complete(
            f"event-{identity}", KEY, Change((state,), page(identity)), told(str(identity), state)
        )
    assert [one.id for one in await opened.lookups.history(KEY, 2)] == [9, 8]
    assert [one.id for one in await opened.lookups.history(KEY, 2, 8)] == [7]
    assert [one.id for one in await opened.lookups.history(KEY, 2, 9)] == [8, 7]
    assert await opened.lookups.history(KEY, 2, 7) == []


@pytest.mark.parametrize("field", ["image", "icon", "touch_icon"])
async def test_a_picture_belongs_to_its_page(opened: Opened, field: str) -> None:
    shown = replace(page(), metadata=b'{"%s":{"url":"http://p.test/a b.png?x=1"}}' % field.encode())
    assert not await opened.lookups.owns_picture("http://p.test/a%20b.png?x=1")
    await opened.store.complete("event", KEY, Change((fetched(),), shown), told("event", fetched(), shown))
    for spelling in ("http://p.test/a%20b.png?x=1", "HTTP://P.test:80/a b.png?x=1#top"):
        assert await opened.lookups.owns_picture(spelling)
        assert await opened.lookups.picture_pages(spelling, 10) == [shown.id]
    for other in ("http://p.test/a%20b.png", "https://p.test/a%20b.png?x=1", "no URL", ""):
        assert not await opened.lookups.owns_picture(other)
        assert await opened.lookups.picture_pages(other, 10) == []


async def test_metadata_that_cannot_be_read_owns_nothing(opened: Opened) -> None:
    shown = replace(page(), metadata=b'{"image":"http://p.test/"}')
    await opened.store.complete("event", KEY, Change((fetched(),), shown), told("event", fetched(), shown))
    assert (await opened.store.look_up(KEY)).page == shown
    assert not await opened.lookups.owns_picture("http://p.test/")


async def test_recent_results_of_a_domain(opened: Opened) -> None:
    old = replace(fetched(), checked_at=1.0)
    new = replace(fetched(key="http://www.news.test/b", url="http://www.news.test/b"), checked_at=2.0)
    elsewhere = replace(fetched(key="http://other.test/", url="http://other.test/"), checked_at=3.0)
    for number, state in enumerate((old, new, elsewhere)):
        await opened.store.complete(str(number), state.key, Change((state,)), told(str(number), state))
    assert await opened.lookups.recent("news.test", 10) == [new, old]


async def test_the_latest_of_a_domain_in_pieces_with_their_pages(opened: Opened) -> None:
    site = f"{uuid4().hex}.test"  # a cluster keeps what another test noted
    urls = [f"http://{site}/{number}" for number in range(3)]
    states = [replace(fetched(key=url, url=url), page_id=None, checked_at=float(at + 1)) for at, url in enumerate(urls)]
    shown = replace(page(9, urls[2]), url=urls[2])
    states[2] = replace(states[2], page_id=9)
    for number, state in enumerate(states):
        change = Change((state,), shown if number == 2 else None)
        await opened.store.complete(f"{site}{number}", state.key, change, told(str(number), state))
    first = await opened.lookups.latest(2, domain=site)
    assert [(one.at, one.state) for one in first] == [(3.0, states[2]), (2.0, states[1])]
    assert first[0].page == shown
    assert first[1].page is None
    (last,) = await opened.lookups.latest(2, first[-1].place, site)
    assert last.state == states[0]
    assert await opened.lookups.latest(2, last.place, site) == []


async def test_pages_of_a_site_that_show_one_picture_are_counted(opened: Opened) -> None:
    site = f"{uuid4().hex}.test"  # a cluster keeps what another test noted
    saw, logo = opened.store.saw_picture, "http://news.test/logo.png"
    assert [await saw(site, logo, f"/{number}") for number in range(3)] == [1, 2, 3]
    assert await saw(site, logo, "/0") == 3, "the same page again"
    assert await saw(f"other.{site}", logo, "/0") == 1, "of each site by itself"
    assert await saw(site, "http://news.test/own.png", "/1") == 1
    assert await saw(site, logo, "/3") == 3, "a page shows one picture at a time"


async def test_the_count_of_a_site_is_bounded(opened: Opened) -> None:
    site = f"{uuid4().hex}.test"
    counts = [await opened.store.saw_picture(site, "logo.png", f"/{number}") for number in range(60)]
    assert max(counts) == counts[-1] == 40


async def test_everything_is_walked_in_steps_of_any_size(opened: Opened) -> None:
    keys = {f"http://news.test/{number}" for number in range(7)}
    for key in keys:
        state = replace(fetched(key=key, url=key), page_id=None)
        await opened.store.complete(key, key, Change((state,)), told(key, state))
    shown = page(9, KEY)
    await opened.store.complete("event", KEY, Change((fetched(9),), shown), told("event", fetched(9), shown))
    for most in (1, 3, 100):
        found, after, steps = [], None, 0
        while True:
            walked = await judgements(opened).walk(after, most)
            assert len(walked.known) <= most
            found += walked.known
            after, steps = walked.after, steps + 1
            if after is None:
                break
        assert sorted(known.state.key for known in found if known.state is not None) == sorted({*keys, KEY})
        assert [known.page for known in found if known.page is not None] == [shown]
        assert steps >= 8 // most


async def test_another_verdict_is_remembered_and_told(opened: Opened) -> None:
    state, verdict = fetched(), Verdict(verdict="block", as_of="2026-11-22T10:00:00.000Z")
    shown = page()
    await opened.store.complete("event", KEY, Change((state,), shown), told("event", state, shown))
    judged = verdict.remembered(None)
    about = notice.judged(Known(state=state, page=shown), verdict, 1_002.0)
    assert await judgements(opened).judge_again(state, judged, about)
    known = await opened.store.look_up(KEY)
    assert (known.state, known.page) == (replace(state, judged=judged), shown)
    assert not await judgements(opened).judge_again(state, judged, about), "somebody judged it already"
    assert not await judgements(opened).judge_again(replace(state, key="http://news.test/gone"), judged, about)
    assert await opened.notices() == 2, "that of the share, and one of the verdict"


async def test_what_the_flow_writes_behind_a_judgement_stays(opened: Opened, clock: FakeClock) -> None:
    state, verdict = fetched(), Verdict(verdict="warn", as_of="2026-11-22T10:00:00.000Z")
    await opened.store.complete("event", KEY, Change((state,), page()), told("event", state, page()))
    about = notice.judged(Known(state=state), verdict, 1_002.0)
    assert await judgements(opened).judge_again(state, verdict.remembered(None), about)
    await clock.advance(1.0)
    newer = replace(state, checked_at=2_000.5, judged=verdict.remembered(None))
    await opened.store.complete("later", KEY, Change((newer,)), told("later", newer))
    assert (await opened.store.look_up(KEY)).state == newer


def judgements(opened: Opened) -> Judgements:
    """The same store."""
    return cast(Judgements, opened.store)


CHAIN = ("http://short.test/1", "http://short.test/2", KEY)


def chained(identity: int = 7) -> tuple[UrlState, ...]:
    """Two short links, one behind the other, and the page."""
    steps = tuple(Redirect(url, url, 301) for url in CHAIN[:-1])
    return tuple(replace(fetched(identity, url, url), redirects=steps[place:]) for place, url in enumerate(CHAIN))


def gone(key: str) -> UrlState:
    return UrlState(key, key, Status.BLOCKED_DOMAIN, reason="gone", reason_code="taken_down")


async def test_what_is_removed_leaves_nothing_behind(opened: Opened, clock: FakeClock) -> None:
    """Page, versions, pictures and edges; another page of its site, with the same icon, stays."""
    records = cast(Records, opened.lookups)
    icon, picture = "http://news.test/icon.png", "http://pictures.test/a.png"
    metadata = f'{{"title":"A","image":{{"url":"{picture}"}},"icon":{{"url":"{icon}"}}}}'.encode()
    other = replace(page(9, "http://news.test/other"), metadata=f'{{"icon":{{"url":"{icon}"}}}}'.encode())
    for identity in (7, 8):
        shown = replace(page(identity), metadata=metadata)
        state = chained(identity)
        change = Change(state, shown)
        await opened.store.complete(f"event {identity}", CHAIN[0], change, told(f"event {identity}", state[0], shown))
    await opened.store.complete(
        "other", other.key, Change((fetched(9, other.key, other.key),), other), told("other", fetched(9))
    )
    assert await opened.lookups.redirects_to(KEY, 10) == [CHAIN[1]]
    await clock.advance(60.0)
    while pages := await records.history(KEY, 1):
        await records.remove_pages(pages)
    await records.remove_urls(CHAIN, [gone(KEY)])
    known = await opened.lookups.known(CHAIN)
    assert [one.state and one.state.reason_code for one in known] == [None, None, "taken_down"]
    assert [one.page for one in known] == [None, None, None]
    assert [await opened.lookups.page(identity) for identity in (7, 8)] == [None, None]
    assert await opened.lookups.history(KEY, 10) == []
    assert [list(await opened.lookups.redirects_to(key, 10)) for key in CHAIN] == [[], [], []]
    assert not await opened.lookups.owns_picture(picture)
    assert await opened.lookups.owns_picture(icon)
    assert (await opened.lookups.page(9)) == other
    await clock.advance(60.0)  # and it may come again, when the takedown was lifted
    await opened.store.complete("again", CHAIN[0], Change(chained(200), page(200)), told("again", fetched(200)))
    assert [one.id for one in await opened.lookups.history(KEY, 10)] == [200]
    assert await opened.lookups.redirects_to(KEY, 10) == [CHAIN[1]]


async def test_nothing_is_removed_twice(opened: Opened) -> None:
    records = cast(Records, opened.lookups)
    await records.remove_pages([page()])
    await records.remove_urls([KEY, "http://never.test/"], [])
    assert (await opened.lookups.known([KEY]))[0] == Known()


async def test_what_admins_cause_is_told(opened: Opened) -> None:
    told_of = notice.judged(Known(state=gone(KEY)), Verdict(verdict="block", as_of="2026-11-30T12:00:00Z"), 1_000.5)
    await cast(Announcing, opened.store).tell([told_of, told_of])
    assert await opened.notices() == 2


async def test_a_domain_is_as_old_as_its_first_link(opened: Opened, clock: FakeClock) -> None:
    ages = cast(DomainAges, opened.store)
    first = await ages.first_seen("news.test")
    await clock.advance(60.0)
    assert await ages.first_seen("news.test") == first == pytest.approx(clock.now() - 60.0, abs=0.001)
    assert await ages.first_seen("other.test") == pytest.approx(first + 60.0, abs=0.001)
