"""What a killed process archived and never stored leaves the archive with the next start."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from fetchers.model import Response
from schedulers.model import ArchiveLocation, Content, Page
from spiderduck.content.warc import WarcArchive
from spiderduck.content.warc_leftover import Leftover, responses
from spiderduck.errors import StoreUnavailable
from tests.clock import FakeClock

WORDS = {1: "amsel", 2: "drossel", 3: "elster", 4: "fink"}


class Stored:
    """The `Pages` port; away as often as `away` says."""

    def __init__(self, *ids: int, away: int = 0) -> None:
        self.ids = ids
        self.away = away

    async def page(self, page_id: int) -> Page | None:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        page = Page(page_id, "k", "u", 1.0, 200, Content("text/html", 1, "ab"), b"{}", b"{}")
        return page if page_id in self.ids else None


def answer(number: int) -> Response:
    word = WORDS[number].encode()
    return Response(f"http://{WORDS[number]}.test/", 200, (("content-type", "text/html"),), word * 9, 1_700_000_000.0)


async def archive(folder: Path, clock: FakeClock, *numbers: int) -> list[ArchiveLocation]:
    """A process archives these and is gone."""
    found = WarcArchive(folder / "archive", clock, software="test")
    places = [await found.append(number, answer(number), b"{}") for number in numbers]
    await found.close()
    await clock.advance(1.0)
    return places


def left(folder: Path, *ids: int, archive: WarcArchive, clock: FakeClock, away: int = 0) -> Leftover:
    return Leftover(folder / "archive", folder / "archive.checked", archive, Stored(*ids, away=away), clock)


async def held(archive: WarcArchive, places: Sequence[ArchiveLocation]) -> list[bool]:
    return [isinstance(await archive.read(place), tuple) for place in places]


async def test_what_was_never_stored_is_erased_and_nothing_else(tmp_path: Path) -> None:
    """Of the last process alone, once; what this one archives meanwhile is not looked at."""
    clock = FakeClock()
    places = await archive(tmp_path, clock, 1, 2)
    own = WarcArchive(tmp_path / "archive", clock, software="test")
    leftover = left(tmp_path, 1, archive=own, clock=clock)
    places.append(await own.append(3, answer(3), b"{}"))
    assert await leftover.look() == 1
    assert await held(own, places) == [True, False, True]
    assert await leftover.look() == 0
    assert await left(tmp_path, 1, archive=own, clock=clock).look() == 1, "the next start finds 3"
    assert await left(tmp_path, archive=own, clock=clock).look() == 0, "none is looked through twice"
    assert await held(own, places) == [True, False, False]
    await own.close()


async def test_of_a_folder_that_was_never_looked_through_the_newest_segment_is(tmp_path: Path) -> None:
    clock = FakeClock()
    places = [place for number in (1, 2, 3) for place in await archive(tmp_path, clock, number)]
    own = WarcArchive(tmp_path / "archive", clock, software="test")
    assert await left(tmp_path, archive=own, clock=clock).look() == 1
    assert await held(own, places) == [True, True, False]
    places += await archive(tmp_path, clock, 4)
    (tmp_path / "archive.checked").write_bytes(b"\xff")
    assert await left(tmp_path, archive=own, clock=clock).look() == 1
    assert await held(own, places) == [True, True, False, False]
    await own.close()


@pytest.mark.parametrize("cut", [1, 30, 200, 10_000])
async def test_half_a_record_is_cut_off(tmp_path: Path, cut: int) -> None:
    """Its bytes would be read by whoever looks for them."""
    clock = FakeClock()
    first, second = await archive(tmp_path, clock, 1, 2)
    (file,) = (tmp_path / "archive").glob("*.warc.gz")
    whole = file.read_bytes()
    file.write_bytes(whole[: max(second.offset + 5, len(whole) - cut)] + b"\x00")
    own = WarcArchive(tmp_path / "archive", clock, software="test")
    await left(tmp_path, 1, archive=own, clock=clock).look()
    assert await held(own, [first, second]) == [True, False]
    assert [one.page_id for one in responses(file)] == [1]
    assert not file.read_bytes().endswith(b"\x00\x00\x00")
    await own.close()


async def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    clock = FakeClock()
    places = await archive(tmp_path, clock, 1)
    own = WarcArchive(tmp_path / "archive", clock, software="test")
    leftover = left(tmp_path, 1, archive=own, clock=clock, away=1)
    with pytest.raises(StoreUnavailable):
        await leftover.look()
    running = asyncio.create_task(leftover.run())
    while not (tmp_path / "archive.checked").exists():
        await asyncio.sleep(0)
    assert not running.done(), "where it ends, the process does"
    running.cancel()
    assert await held(own, places) == [True]
    await own.close()


async def test_an_empty_folder_and_a_segment_that_is_gone_are_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    own = WarcArchive(tmp_path / "archive", clock, software="test")
    assert await left(tmp_path, archive=own, clock=clock).look() == 0
    await archive(tmp_path, clock, 1)
    leftover = left(tmp_path, archive=own, clock=clock)
    for file in (tmp_path / "archive").glob("*.warc.gz"):
        file.unlink()
    assert await leftover.look() == 0
    await own.close()
