"""What is shared very much is read in pieces, and scored less often."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from spiderduck.database.sqlite import Database
from spiderduck.shares import sqlite, trending
from spiderduck.shares.model import Item, Share
from spiderduck.shares.ports import ShareStore
from spiderduck.shares.sqlite import SqliteShares
from spiderduck.shares.trending import Trending
from spiderduck.shares.trends import WINDOWS, Tally, Window, per_hour, tally
from tests.clock import FakeClock

NOW = 1_800_000_000.0
PAGE = "https://news.test/a"
ITEM = Item("links", PAGE)


def share(number: int, at: float, who: int) -> Share:
    identity = number.to_bytes(16, "big")
    return Share(identity, at, PAGE, PAGE, True, PAGE, "news.test", "en", who.to_bytes(16, "big"), "")


async def test_pieces_count_as_the_whole_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever shares in two pieces is one person."""
    shares = [share(number, NOW - number * 977.0, number % 50) for number in range(1_500)]
    whole = sorted((one.at, one.who) for one in shares)
    database = Database(tmp_path / "store.db")
    store = SqliteShares(database)
    await store.add(shares)
    for much in (10, 10_000):
        monkeypatch.setattr(sqlite, "MUCH", much)
        for window in WINDOWS.values():
            assert await store.tally(ITEM, window, NOW) == tally(whole, window, NOW)
        for hours in (1, 24, 168):
            assert await store.per_hour(ITEM, hours, NOW) == per_hour(whole, hours, NOW)
    await database.close()


class Unresting(FakeClock):
    """No time passes while somebody rests."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Crowds:
    """A store in which everything is shared by very many."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    async def tally(self, item: Item, window: Window, until: float) -> Tally:
        self.asked.append((window.name, until))
        return Tally(5_000, 5_000)

    async def language_of(self, item: Item) -> str:
        return ""


class NothingHeld:
    """In memory (`test_crowds.py`)."""

    def hold(self, item: Item) -> None:
        """Nothing is."""

    def shared(self, item: Item, at: float) -> None:
        """Nothing is."""

    async def tally(self, item: Item, window: Window, until: float) -> None:
        """Nothing is."""


def trends_of(store: Crowds, monkeypatch: pytest.MonkeyPatch) -> Trending:
    monkeypatch.setattr(trending, "Crowds", lambda _: NothingHeld())
    return Trending(cast(ShareStore, store), Unresting(NOW), 5)


async def test_a_crowd_is_scored_again_after_a_part_of_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shorter the window, the sooner."""
    store = Crowds()
    trends = trends_of(store, monkeypatch)
    for later in (0.0, 10.0, 20.0, 500.0):
        trends.shared([share(1, NOW + later, 1)._replace(domain="")])
        await trends.score_waiting()
    assert store.asked == [
        *((name, NOW) for name in ("week", "day", "hour")),
        ("hour", NOW + 20.0),
        *((name, NOW + 500.0) for name in ("day", "hour")),
    ]


async def test_who_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of links that are shared once each takes bounded memory; those that wait keep their place."""
    monkeypatch.setattr(trending, "MOST_WAITING", 3)
    store = Crowds()
    trends = trends_of(store, monkeypatch)
    flood: Sequence[Share] = [share(number, NOW, 1)._replace(page=f"{PAGE}{number}", domain="") for number in range(9)]
    trends.shared(flood)
    await trends.score_waiting()
    assert len(store.asked) == 3 * len(WINDOWS)
