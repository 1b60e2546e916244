"""The contract of the `ShareLog` and `TrendLog` ports on every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schedulers.shares import Shares
from spiderduck.database.sqlite import Database
from spiderduck.shares.cassandra import CassandraShares
from spiderduck.shares.model import Item, Share
from spiderduck.shares.ports import Asked, ShareStore
from spiderduck.shares.sqlite import SqliteShares
from spiderduck.shares.trends import HOUR, WINDOWS, Peak, Tally
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import SHARES, emptied_keyspace

NOW = 1_800_000_000.0
PAGE = "https://news.test/article"
SHORT = "https://short.test/a"
OTHER = "https://short.test/b"
DAY = WINDOWS["day"]


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("cassandra", marks=pytest.mark.engine("cassandra")),  # both drivers pass the store's contract
    ]
)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ShareStore]:
    if request.param == "sqlite":
        database = Database(tmp_path / "store.db")
        yield SqliteShares(database)
        await database.close()
        return
    async with emptied_keyspace(tables=SHARES) as (session, config):
        yield CassandraShares(session, config.keyspace, FakeClock(NOW))


def share(
    number: int,
    key: str = PAGE,
    page: str = PAGE,
    at: float = NOW,
    *,
    sharer: str | None = None,
    is_known: bool = True,
    is_named: bool = False,
    event: str = "",
    language: str = "en",
) -> Share:
    """Told in the order of their numbers."""
    return Share(
        id=number.to_bytes(16, "big"),
        at=at,
        key=key,
        page=page,
        is_known=is_known,
        url=page,
        domain="news.test" if "news" in page else "short.test",
        language=language,
        sharer=None if sharer is None else sharer.encode().ljust(16, b"."),
        event=event,
        is_named=is_named,
        told=NOW + number,
    )


async def counted(store: ShareStore, key: str = PAGE, page: str = PAGE, now: float = NOW) -> Shares | None:
    (found,) = await store.counts([Asked(key, page)], now)
    return found


async def test_what_was_never_shared_has_no_count(store: ShareStore) -> None:
    """None, and not zero."""
    assert await counted(store) is None


async def test_shares_count_by_age(store: ShareStore) -> None:
    """In all, in the last hour, in the last day."""
    ages = (0.0, 0.5 * HOUR, 2 * HOUR, 23 * HOUR, 25 * HOUR, 900 * HOUR)
    await store.add([share(number, at=NOW - age) for number, age in enumerate(ages)])
    assert await counted(store) == Shares(total=6, last_hour=2, last_day=4, sharers=0)


async def test_a_share_that_is_told_again_counts_once(store: ShareStore) -> None:
    """In the same batch, in another, and with another time; only what is new is returned."""
    first = await store.add([share(1), share(1), share(2)])
    again = await store.add([share(1), share(2, at=NOW + 7_200.0), share(3)])
    assert [[one.id[-1] for one in batch] for batch in (first, again)] == [[1, 2], [3]]
    assert await counted(store) == Shares(total=3, last_hour=3, last_day=3, sharers=0)


async def test_addresses_of_a_page_count_together(store: ShareStore) -> None:
    """A short link, another one and the page itself; whichever of them is asked for."""
    await store.add([share(1, SHORT), share(2, OTHER), share(3), share(4, SHORT)])
    for key, page in ((SHORT, PAGE), (OTHER, SHORT), (PAGE, PAGE), ("https://news.test/never-shared", PAGE)):
        assert await counted(store, key, page) == Shares(total=4, last_hour=4, last_day=4, sharers=0)


async def test_sharers_are_different_people(store: ShareStore) -> None:
    """Who shares under two addresses is one; who is not named is none."""
    await store.add(
        [
            share(1, SHORT, sharer="anna"),
            share(2, OTHER, sharer="anna"),
            share(3, SHORT, sharer="berta"),
            share(4, SHORT),
        ]
    )
    assert await counted(store) == Shares(total=4, last_hour=4, last_day=4, sharers=2)


async def test_shares_follow_a_link_that_is_understood_later(store: ShareStore) -> None:
    """Its server was away at first, so that the link counted for itself."""
    await store.add([share(1, SHORT, SHORT, sharer="anna", is_known=False), share(2, sharer="anna")])
    assert await counted(store, SHORT, SHORT) == Shares(total=1, last_hour=1, last_day=1, sharers=1)
    (added,) = await store.add([share(3, SHORT, PAGE, sharer="berta")])
    assert (added.page, added.moved_from) == (PAGE, SHORT)
    assert await counted(store, SHORT, SHORT) == Shares(total=3, last_hour=3, last_day=3, sharers=2)
    assert await counted(store, PAGE, PAGE) == Shares(total=3, last_hour=3, last_day=3, sharers=2)


async def test_a_failure_takes_no_link_away_from_its_page(store: ShareStore) -> None:
    """A share whose fetch failed says nothing of where the link leads, and counts as those before it."""
    await store.add([share(1, SHORT)])
    (added,) = await store.add([share(2, SHORT, SHORT, is_known=False)])
    assert added.page == PAGE
    assert await counted(store) == Shares(total=2, last_hour=2, last_day=2, sharers=0)


async def test_a_page_that_moves_takes_all_its_links_along(store: ShareStore) -> None:
    """It names another address for itself; so do its old links, which nobody shares again."""
    await store.add([share(1, SHORT, sharer="anna"), share(2, sharer="berta")])
    moved = "https://news.test/article-moved"
    await store.add([share(3, PAGE, moved, sharer="anna")])
    for key in (SHORT, PAGE, moved):
        assert await counted(store, key, moved) == Shares(total=3, last_hour=3, last_day=3, sharers=2)
    assert await store.tally(Item("links", PAGE), DAY, NOW) == Tally(0, 0)
    assert await store.tally(Item("links", moved), DAY, NOW) == Tally(2, 0)


async def test_a_link_that_leads_elsewhere_goes_alone(store: ShareStore) -> None:
    """The page's own shares stay."""
    await store.add([share(1, SHORT), share(2)])
    other = "https://news.test/other"
    await store.add([share(3, SHORT, other)])
    assert await counted(store, SHORT, other) == Shares(total=2, last_hour=2, last_day=2, sharers=0)
    assert await counted(store, PAGE, PAGE) == Shares(total=1, last_hour=1, last_day=1, sharers=0)


async def test_an_older_notice_that_is_told_again_moves_nothing(store: ShareStore) -> None:
    """The link led there once; a newer share knows better. No share counts twice, and none is announced again."""
    other = "https://news.test/other"
    await store.add([share(1, SHORT)])
    await store.add([share(2, SHORT, other)])
    assert not await store.add([share(1, SHORT)])
    assert await counted(store, SHORT, other) == Shares(total=2, last_hour=2, last_day=2, sharers=0)
    assert await counted(store, PAGE, PAGE) is None


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_a_page_that_names_one_that_names_another_counts_for_the_last(
    store: ShareStore, order: tuple[int, int]
) -> None:
    """Whichever of them was shared first: a mobile page names the full one, and that names the article."""
    mobile, full = "https://m.news.test/a", "https://news.test/full"
    shares = {1: share(1, mobile, full, is_named=True), 2: share(2, full, PAGE, is_named=True)}
    for number in order:
        await store.add([shares[number]])
    for key, page in ((mobile, full), (full, PAGE), (PAGE, PAGE), ("https://news.test/never-shared", full)):
        assert await counted(store, key, page) == Shares(total=2, last_hour=2, last_day=2, sharers=0), key


async def test_two_pages_that_name_one_another_are_one(store: ShareStore) -> None:
    """However often they are shared in turn."""
    for number in range(6):
        one, other = (PAGE, OTHER) if number % 2 else (OTHER, PAGE)
        await store.add([share(number, one, other, is_named=True)])
    for key in (PAGE, OTHER):
        assert await counted(store, key, key) == Shares(total=6, last_hour=6, last_day=6, sharers=0)


async def test_many_are_asked_at_once(store: ShareStore) -> None:
    """In the order asked, the same twice too."""
    await store.add([share(1), share(2, "https://news.test/b", "https://news.test/b")])
    asked = [Asked(one, one) for one in ("https://news.test/b", PAGE, "https://news.test/c", PAGE)]
    found = await store.counts(asked, NOW)
    assert [None if one is None else one.total for one in found] == [1, 1, None, 1]


async def test_a_tally_counts_people_in_two_windows(store: ShareStore) -> None:
    """Of a page under all its addresses, and of a domain; who is not named is somebody else each time."""
    await store.add(
        [
            share(1, at=NOW - 30 * HOUR, sharer="anna"),
            share(2, SHORT, at=NOW - 26 * HOUR, sharer="berta"),
            share(3, at=NOW - HOUR, sharer="anna"),
            share(4, SHORT, sharer="anna"),
            share(5, sharer="clara"),
            share(6),
            share(7),
            share(8, "https://news.test/b", "https://news.test/b", sharer="dora"),
            share(9, at=NOW + HOUR, sharer="erna"),
        ]
    )
    assert await store.tally(Item("links", PAGE), DAY, NOW) == Tally(observed=4, expected=2)
    assert await store.tally(Item("domains", "news.test"), DAY, NOW) == Tally(observed=5, expected=2)


async def test_the_shares_of_an_item_come_in_the_order_of_time(store: ShareStore) -> None:
    """From behind `since` up to `until`."""
    ages = (5, 1, 3, 0, 4, 2)
    await store.add([share(number, at=NOW - age * HOUR, sharer=f"s{age}") for number, age in enumerate(ages)])
    found = await store.of_item(Item("links", PAGE), NOW - 4 * HOUR, NOW - HOUR)
    for kind, name in (("links", PAGE), ("domains", "news.test")):
        for since, until in ((NOW - 4 * HOUR, NOW - HOUR), (NOW - 400.5 * HOUR, NOW), (NOW - 0.7 * HOUR, NOW)):
            item = Item(kind, name)  # type: ignore[arg-type]
            assert await store.count_of(item, since, until) == len(await store.of_item(item, since, until))
    assert [(one.at, one.who[:2]) for one in found] == [(NOW - age * HOUR, f"s{age}".encode()) for age in (3, 2, 1)]


async def test_people_are_counted_hour_by_hour(store: ShareStore) -> None:
    """The oldest hour first, each ending so many hours before the moment asked for."""
    ages = (0.0, 0.0, 0.9, 1.0, 2.5, 2.6, 3.0)
    await store.add([share(number, at=NOW - age * HOUR, sharer=f"s{age}") for number, age in enumerate(ages)])
    assert list(await store.per_hour(Item("links", PAGE), 3, NOW)) == [2, 1, 2]


async def test_the_events_that_shared_last_are_told(store: ShareStore) -> None:
    """Those whose id is an address, the newest first."""
    await store.add(
        [share(number, at=NOW - number, event=f"https://m.test/{number}" if number % 2 else "") for number in range(6)]
    )
    assert await store.events_of(Item("links", PAGE), NOW - HOUR, 2) == ["https://m.test/1", "https://m.test/3"]


async def test_every_item_is_met_in_steps_of_any_size(store: ShareStore) -> None:
    """Pages and domains."""
    await store.add(
        [share(number, f"https://news.test/{number}", f"https://news.test/{number}") for number in range(5)]
    )
    await store.add([share(9, SHORT, SHORT)])
    expected = {
        *(Item("links", f"https://news.test/{number}") for number in range(5)),
        Item("links", SHORT),
        Item("domains", "news.test"),
        Item("domains", "short.test"),
    }
    for most in (1, 3, 100):
        met, after = [], None
        while some := await store.items(after, most):
            met += some
            after = some[-1]
        assert set(met) == expected
        assert len(met) == len(expected)


async def test_counts_can_be_made_again_from_the_log(store: ShareStore) -> None:
    """They are the same."""
    await store.add([share(1, SHORT, sharer="anna"), share(2, sharer="berta"), share(3, at=NOW - 90 * HOUR)])
    before = await counted(store)
    assert await store.recount() == 1
    assert await counted(store) == before == Shares(total=3, last_hour=2, last_day=2, sharers=2)


async def test_the_higher_peak_stays_until_it_is_forgotten(store: ShareStore) -> None:
    """For two days; then a lower one takes its place."""
    item = Item("links", PAGE)
    for peak in (Peak(item, "day", 50.0, NOW), Peak(item, "day", 20.0, NOW + HOUR, "de")):
        await store.raise_peak(peak)
    assert list(await store.peaks("links", "day", 0.0, 10)) == [Peak(item, "day", 50.0, NOW)]
    late = Peak(item, "day", 20.0, NOW + 49 * HOUR, "de")
    await store.raise_peak(late)
    assert list(await store.peaks("links", "day", 0.0, 10)) == [late]


async def test_a_peak_of_long_ago_hides_none_of_today(store: ShareStore) -> None:
    """A crowd of shares that say that they are from ten days before; one of yesterday counts as if it had come then."""
    item = Item("links", PAGE)
    await store.raise_peak(Peak(item, "day", 50.0, NOW))
    await store.raise_peak(Peak(item, "day", 900.0, NOW - 240 * HOUR))
    assert list(await store.peaks("links", "day", 0.0, 10)) == [Peak(item, "day", 50.0, NOW)]
    await store.raise_peak(Peak(item, "day", 70.0, NOW - 20 * HOUR))
    assert list(await store.peaks("links", "day", 0.0, 10)) == [Peak(item, "day", 70.0, NOW - 20 * HOUR)]


async def test_peaks_come_in_the_order_of_what_is_left_of_them(store: ShareStore) -> None:
    """Of one kind and window, from a moment on, at most so many."""
    items = [Item("links", f"https://news.test/{number}") for number in range(4)]
    await store.raise_peak(Peak(items[0], "day", 64.0, NOW - 8 * HOUR))
    await store.raise_peak(Peak(items[1], "day", 40.0, NOW))
    await store.raise_peak(Peak(items[2], "hour", 90.0, NOW))
    await store.raise_peak(Peak(items[3], "day", 9_000.0, NOW - 40 * HOUR))
    await store.raise_peak(Peak(Item("domains", "news.test"), "day", 10.0, NOW))
    found = await store.peaks("links", "day", NOW - 20 * HOUR, 10)
    assert [one.item for one in found] == [items[1], items[0]]
    assert [one.item.name for one in await store.peaks("domains", "day", 0.0, 10)] == ["news.test"]
    assert len(await store.peaks("links", "day", 0.0, 1)) == 1
    await store.forget_peaks()
    assert not await store.peaks("links", "day", 0.0, 10)


async def test_a_domain_speaks_the_language_of_what_is_shared_most(store: ShareStore) -> None:
    """And a page its own."""
    await store.add([share(1), share(2), share(3, "https://news.test/d", "https://news.test/d", language="de")])
    assert await store.language_of(Item("links", "https://news.test/d")) == "de"
    assert await store.language_of(Item("domains", "news.test")) == "en"
    assert await store.language_of(Item("domains", "short.test")) == ""


async def test_what_is_forgotten_of_a_page_goes_under_all_its_addresses(store: ShareStore) -> None:
    """Shares, who shared, events and trends of the page, and of its domain what came from it."""
    kept = "https://news.test/kept"
    await store.add(
        [
            share(1, SHORT, sharer="anna", event="https://m.test/1"),
            share(2, at=NOW - 30 * HOUR, sharer="berta", event="https://m.test/2"),
            share(3, kept, kept, sharer="clara", event="https://m.test/3"),
        ]
    )
    for name in (PAGE, kept):
        await store.raise_peak(Peak(Item("links", name), "day", 5.0, NOW, "en"))
    for _ in range(2):
        await store.forget([PAGE])
        for key in (PAGE, SHORT):
            assert await counted(store, key, PAGE) is None
        assert await store.of_item(Item("links", PAGE), 0.0, NOW) == []
        assert await store.events_of(Item("links", PAGE), 0.0, 9) == []
        assert Item("links", PAGE) not in await store.items(None, 100)
        assert await store.tally(Item("domains", "news.test"), DAY, NOW) == Tally(1, 0)
        assert await store.events_of(Item("domains", "news.test"), 0.0, 9) == ["https://m.test/3"]
        assert [one.item.name for one in await store.peaks("links", "day", 0.0, 9)] == [kept]
        assert await counted(store, kept, kept) == Shares(total=1, last_hour=1, last_day=1, sharers=1)
    await store.add([share(4, SHORT, sharer="anna")])
    assert await counted(store, SHORT, PAGE) == Shares(total=1, last_hour=1, last_day=1, sharers=1)


async def test_what_is_forgotten_of_a_link_leaves_the_page_that_it_led_to(store: ShareStore) -> None:
    await store.add([share(1, SHORT, sharer="anna"), share(2, OTHER, sharer="anna"), share(3, SHORT, sharer="berta")])
    await store.forget([SHORT, "https://never.test/"])
    assert await counted(store, OTHER) == Shares(total=1, last_hour=1, last_day=1, sharers=1)
    assert await counted(store, SHORT, SHORT) is None
    assert await store.recount() == 1
    assert await counted(store) == Shares(total=1, last_hour=1, last_day=1, sharers=1)
