"""Stored records are judged again when lists change, and other verdicts are announced."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from schedulers.model import Known, Status, UrlState
from schedulers.notice import Notice
from schedulers.verdict import Judged
from spiderduck.errors import StoreUnavailable
from spiderduck.lists.rejudging import RECORDS_AT_ONCE, RETRY_SECONDS, Rejudging
from spiderduck.lists.walks import FileWalks
from spiderduck.lists.watching import Lists
from spiderduck.settings.lists import ListConfig
from spiderduck.stores.ports import Walked
from tests.clock import FakeClock, settle


class Store:
    """States in memory, walked by number."""

    def __init__(self, *urls: str) -> None:
        self.states = [UrlState(url, url, Status.FETCHED) for url in urls]
        self.told: list[Notice] = []
        self.walked: list[str | None] = []
        self.fails = 0

    async def walk(self, after: str | None, most: int) -> Walked:
        self.walked.append(after)
        if self.fails:
            self.fails -= 1
            raise StoreUnavailable("away")
        start = int(after or 0)
        some = self.states[start : start + most]
        return Walked([Known(state=state) for state in some], str(start + most) if len(some) == most else None)

    async def judge_again(self, before: UrlState, judged: Judged, notice: Notice) -> bool:
        place = next(number for number, state in enumerate(self.states) if state.key == before.key)
        self.states[place] = replace(before, judged=judged)
        self.told.append(notice)
        return True


class World:
    """Lists over one file, and what is stored."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.clock = FakeClock()
        self.file = folder / "bad.txt"
        self.file.write_text("other.test\n")
        self.store = store
        self.progress = folder / "lists.judged"
        self.lists = Lists(self.clock, [ListConfig("bad", str(self.file))])
        self.rejudging = Rejudging(store, self.lists, self.clock, FileWalks(self.progress))

    async def list_is(self, text: str) -> None:
        self.file.write_text(text)
        os.utime(self.file, ns=(1, len(text)))
        await self.lists.look()

    async def walk(self) -> int:
        """Its rests take no time."""
        walking = asyncio.create_task(self.rejudging.walk())
        while not walking.done():
            await self.clock.advance(1.0)
            await asyncio.sleep(0.001)
        return walking.result()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.rejudging.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, Store("http://evil.test/a", "http://good.test/"))


async def test_a_changed_verdict_is_remembered_and_told_once(world: World) -> None:
    assert await world.walk() == 0
    await world.list_is("evil.test\n")
    assert await world.walk() == 1
    (told,) = world.store.told
    assert (told.type, told.url, told.outcome) == ("spiderduck.url.judged", "http://evil.test/a", "judged")
    data = msgspec.json.decode(told.body)["data"]
    assert (data["verdict"]["verdict"], data["verdict"]["matched"]["list"]) == ("block", "bad")
    await world.list_is("evil.test\nmore.test\n")
    assert await world.walk() == 0, "another version of the list, the same verdict"
    await world.list_is("more.test\n")
    assert await world.walk() == 1
    data = msgspec.json.decode(world.store.told[-1].body)["data"]
    assert (data["verdict"]["verdict"], data["verdict"]["previous"]["verdict"]) == ("no_match", "block")
    assert world.store.told[0].id != world.store.told[1].id


async def test_a_restart_goes_on_where_it_was_and_does_nothing_twice(tmp_path: Path) -> None:
    store = Store(*(f"http://evil.test/{number}" for number in range(2 * RECORDS_AT_ONCE + 1)))
    world = World(tmp_path, store)
    await world.list_is("evil.test\n")
    walks_of_world = FileWalks(world.progress)
    begun = await walks_of_world.begin(world.rejudging._fingerprint())
    assert begun is not None
    await walks_of_world.save(msgspec.structs.replace(begun, after=str(RECORDS_AT_ONCE)))
    again = World(tmp_path, store)
    await again.list_is("evil.test\n")
    assert await again.walk() == RECORDS_AT_ONCE + 1
    assert store.walked[0] == str(RECORDS_AT_ONCE)
    walks = len(store.walked)
    assert await again.walk() == 0
    assert len(store.walked) == walks, "these lists are done with"


async def test_without_lists_nothing_is_walked(tmp_path: Path) -> None:
    store, clock = Store("http://evil.test/"), FakeClock()
    assert await Rejudging(store, Lists(clock), clock, FileWalks(tmp_path / "lists.judged")).walk() == 0
    assert store.walked == []


async def test_a_store_that_is_away_is_asked_again(world: World) -> None:
    world.store.fails = 1
    await world.list_is("evil.test\n")
    async with world.running():
        while not world.store.walked:
            await asyncio.sleep(0.001)
        await settle()
        while not world.store.told:
            await world.clock.advance(RETRY_SECONDS)
            await asyncio.sleep(0.001)
    assert len(world.store.told) == 1


async def test_what_is_on_its_way_is_left_to_the_flow_and_a_torn_file_costs_a_walk(world: World) -> None:
    world.store.states = [UrlState("http://evil.test/", "http://evil.test/", Status.PENDING)]
    world.progress.write_bytes(b"{")
    await world.list_is("evil.test\n")
    assert await world.walk() == 0
    assert world.store.walked == [None]
