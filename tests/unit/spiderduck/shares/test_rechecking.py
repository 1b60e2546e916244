"""Pages that many share are looked at again sooner, within their domain's rate; what changed of them is told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import msgspec
import pytest

from fetchers.config import RateLimits
from schedulers.model import Content, Known, Message, Page, Status, UrlState
from schedulers.notice import Notice
from schedulers.shares import Shares
from spiderduck.settings.shares import RechecksConfig
from spiderduck.shares.changes import Changes
from spiderduck.shares.model import Share
from spiderduck.shares.ports import Asked
from spiderduck.shares.rechecking import Limits, Rechecking, interval
from tests.clock import FakeClock

NOW, DAY = 1_800_000_000.0, 86_400.0
PAGE = "http://news.test/a"
OFTEN = RechecksConfig(shares_an_hour=20, least_seconds=900.0)


@pytest.mark.parametrize(
    ("shares", "seconds"), [(0, None), (19, None), (20, DAY / 2), (60, DAY / 4), (1_000_000, 900.0)]
)
def test_the_more_it_is_shared_the_sooner(shares: int, seconds: float | None) -> None:
    """Down to a least time; what few share keeps its freshness."""
    assert interval(shares, DAY, OFTEN) == seconds
    assert interval(shares, DAY, RechecksConfig(shares_an_hour=0)) is None
    assert interval(shares, 600.0, OFTEN) in (None, *(() if seconds is None else (300.0, 150.0)))


def share(page: str = PAGE, domain: str = "news.test", moved_from: str = "", key: str = "") -> Share:
    return Share(b"1" * 16, NOW, key or page, page, True, page, domain, "en", None, "", moved_from=moved_from)


def page(number: int = 1, title: str = "A title", text: str = "hash", url: str = PAGE) -> Page:
    metadata = msgspec.json.encode({"title": title, "content_hash": text})
    return Page(number, url, url, NOW, 200, Content("text/html", 1, "", None), metadata, b"{}")


class World:
    """Counts, records and a queue; each page was checked an hour ago and shared a hundred times since."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.last_hour = 10_000
        self.checked_at = NOW - 3_600.0
        self.status = Status.FETCHED
        self.versions: list[Page] = [page()]
        self.shared = True
        self.sent: list[Message] = []
        self.told: list[Notice] = []

    async def counts(self, asked: Sequence[Asked], now: float) -> list[Shares | None]:
        return [Shares(100, self.last_hour, 100, 50) if self.shared else None for _ in asked]

    async def known(self, keys: Sequence[str]) -> list[Known]:
        state = UrlState(PAGE, PAGE, self.status, page_id=1, checked_at=self.checked_at)
        return [Known(state=replace(state, key=key, url=key), page=self.versions[0]) for key in keys]

    async def history(self, key: str, most: int, before: int | None = None) -> list[Page]:
        return self.versions[:most]

    async def publish(self, messages: Sequence[Message], *, bulk: bool = False) -> list[bool]:
        assert bulk
        self.sent += messages
        return [True for _ in messages]

    async def tell(self, notices: Sequence[Notice]) -> None:
        self.told += notices

    @property
    def rechecking(self) -> Rechecking:
        limits = Limits(DAY, RateLimits(per_second=0.5))
        ports = cast(Any, self)
        return Rechecking(ports, ports, ports, self.clock, OFTEN, limits)

    @property
    def changes(self) -> Changes:
        ports = cast(Any, self)
        return Changes(ports, ports, ports, lambda url, known: None, self.clock)


async def recheck(rechecking: Rechecking, *shares: Share) -> None:
    rechecking.shared(shares)
    await rechecking.send_due()


async def test_a_page_that_many_share_is_fetched_again() -> None:
    """As a message of its own, which names the check before, and is no share."""
    world = World()
    await recheck(world.rechecking, share())
    (sent,) = world.sent
    assert msgspec.json.decode(sent.body) == {"urls": [PAGE], "refresh": True}
    assert sent.event_id == f"recheck:{PAGE}:{world.checked_at}"


@pytest.mark.parametrize(
    "why",
    [
        {"last_hour": 19},
        {"checked_at": NOW - 60.0},
        {"status": Status.PENDING},
        {"status": Status.HTTP_ERROR},
        {"shared": False},
    ],
)
async def test_otherwise_it_is_not(why: dict[str, object]) -> None:
    """Few share it, it was checked just now, somebody is at it, or it is no page."""
    world = World()
    for name, value in why.items():
        setattr(world, name, value)
    await recheck(world.rechecking, share())
    assert world.sent == []


async def test_a_page_is_sent_once_in_its_least_time() -> None:
    """However often it is shared meanwhile."""
    world = World()
    rechecking = world.rechecking
    for _ in range(5):
        await recheck(rechecking, share())
        await world.clock.advance(60.0)
    assert len(world.sent) == 1
    await world.clock.advance(900.0)
    await recheck(rechecking, share())
    assert len(world.sent) == 2


async def test_a_domain_gives_a_tenth_of_its_rate_to_rechecks() -> None:
    """Half a request a second: one recheck every twenty seconds; other domains do not wait for it."""
    world = World()
    rechecking = world.rechecking
    pages = [share(f"http://news.test/{number}") for number in range(9)]
    await recheck(rechecking, *pages, share("http://other.test/", "other.test"))
    assert [one.event_id.split(":")[2] for one in world.sent] == ["//news.test/0", "//other.test/"]
    await world.clock.advance(19.0)
    await recheck(rechecking, *pages)
    assert len(world.sent) == 2
    await world.clock.advance(2.0)
    await recheck(rechecking, *pages)
    assert len(world.sent) == 3


def fetched(page_id: int, outcome: str = "fetched") -> bytes:
    record = {"url": PAGE, "page_id": str(page_id), "resolved_url": PAGE, "dedup_key": PAGE, "status": "fetched"}
    return msgspec.json.encode({"type": "spiderduck.url.processed", "data": record, "outcome": outcome})


async def test_a_new_title_and_a_new_text_are_told_once() -> None:
    """With what was there before; a repeat has the same id."""
    world = World()
    world.versions = [page(2, "Another title", "other"), page(1)]
    for _ in range(2):
        await world.changes.told([fetched(2), fetched(2)], [])
    assert len({one.id for one in world.told}) == 1
    body = msgspec.json.decode(world.told[0].body)
    assert (body["type"], body["subject"]) == ("spiderduck.url.changed", PAGE)
    assert body["changes"] == {
        "title": {"before": "A title", "after": "Another title"},
        "content_hash": {"before": "hash", "after": "other"},
    }


async def test_where_nothing_changed_nothing_is_told() -> None:
    """The same again, the first version, an older one, one that nobody shared, one that was not fetched."""
    world = World()
    await world.changes.told([fetched(1)], [])
    world.versions = [page(2), page(1)]
    await world.changes.told([fetched(2)], [])
    world.versions = [page(3, "Another title"), page(2)]
    await world.changes.told([fetched(2), fetched(3, "reused"), b"no notice", b'{"outcome":"fetched"}'], [])
    world.shared = False
    await world.changes.told([fetched(3)], [])
    assert world.told == []


async def test_a_link_that_leads_elsewhere_is_told() -> None:
    """But not one that is understood for the first time."""
    world = World()
    short = "http://short.test/x"
    await world.changes.told([], [share(key=short, moved_from=short), share(key=short)])
    assert world.told == []
    await world.changes.told([], [share(key=short, moved_from="http://news.test/before")])
    (told,) = world.told
    changes = msgspec.json.decode(told.body)["changes"]
    assert changes == {"destination": {"before": "http://news.test/before", "after": PAGE}}
