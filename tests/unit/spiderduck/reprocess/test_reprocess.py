"""Today's rules over archived pages: what would change, what is written, and where an interrupted run goes on."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fetchers.model import Response
from groundwork.workers.interface import WorkersBusy
from schedulers import notice
from schedulers.metadata import (
    Image,
    Metadata,
    Signal,
    Usage,
    decode_metadata,
    encode_metadata,
    encode_provenance,
    encode_usage,
    extract_metadata,
)
from schedulers.model import Change, Content, Event, Known, Page, Status, UrlState
from spiderduck.bootstrap.reprocessing import reprocess
from spiderduck.config import Config
from spiderduck.content.extraction import Extraction
from spiderduck.content.warc import WarcArchive
from spiderduck.database.sqlite import Database
from spiderduck.errors import BadSetting, DataInUse
from spiderduck.reprocess import progress, reprocessing
from spiderduck.reprocess.comparing import carried_over, differences
from spiderduck.reprocess.report import FieldReport, Report
from spiderduck.reprocess.reprocessing import Wish
from spiderduck.reprocess.selecting import Selection, selection
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.ports import Filter
from spiderduck.subscriptions.sqlite import NoticeLog
from tests.clock import FakeClock

HEADERS = (("content-type", "text/html"),)
NOW = 1_800_000_000.0
PLAIN = Wish()


def html(number: int) -> bytes:
    return f'<html lang="en"><title>Page {number}</title><meta name="description" content="About {number}">'.encode()


def url_of(number: int) -> str:
    return f"http://site{number % 3}.test/{number}"


class World:
    """A data folder with archived pages, whose records an older version made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = Config(data=str(folder))

    async def keep(self, count: int, older: Any = lambda metadata, number: metadata) -> None:
        """`older` makes of today's metadata what the older version stored."""
        self.folder.mkdir(exist_ok=True)
        database, clock = Database(self.folder / "spiderduck.db"), FakeClock(NOW)
        store, archive = (
            SqliteStore(database, clock, lambda: None),
            WarcArchive(self.folder / "archive", clock, software="t"),
        )
        for number in range(count):
            url = url_of(number)
            answer = Response(url, 200, HEADERS, html(number), NOW + number)
            metadata = older(extract_metadata(html(number), url=url, content_type="text/html"), number)
            place = await archive.append(number + 1, answer, encode_metadata(metadata))
            page = Page(
                id=number + 1,
                key=url,
                url=url,
                fetched_at=NOW + number,
                status_code=200,
                content=Content("text/html", len(answer.body), place.sha256, "utf-8"),
                metadata=encode_metadata(metadata),
                provenance=encode_provenance(metadata),
                archived=place,
                usage=encode_usage(metadata),
            )
            state = UrlState(url, url, Status.FETCHED, page_id=page.id, checked_at=NOW)
            event = Event(str(number), identity=str(number))
            told = notice.processed(event, "fetched", Known(state=state, page=page), None, NOW)
            await store.complete(str(number), url, Change((state,), page), told)
        await archive.close()
        await database.close()

    async def run(
        self, wish: Wish = PLAIN, *, restart: bool = False, walked: Any = lambda count, total: None
    ) -> Report:
        return await reprocess(self.config, wish, walked, restart=restart)

    async def titles(self) -> dict[str, str | None]:
        database = Database(self.folder / "spiderduck.db")
        rows = await database.read(lambda connection: connection.execute("SELECT url, metadata FROM pages").fetchall())
        await database.close()
        return {url: decode_metadata(blob).title for url, blob in rows}

    async def told(self) -> list[dict[str, Any]]:
        """The notices that a page was updated."""
        database = Database(self.folder / "spiderduck.db")
        subscription = await NoticeLog(database, FakeClock()).open(
            None, Filter(types=frozenset({notice.UPDATED})), after=0
        )
        found = [msgspec.json.decode(one.body) for one in await subscription.poll(500)]
        await database.close()
        return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(
        "os.nice", lambda _: None
    )  # the tests behind this one are in no hurry either, but need not wait
    return World(tmp_path / "data")


def without_title(metadata: Metadata, number: int) -> Metadata:
    """The older version found no title on every other page, and another description on the first."""
    if number == 0:
        metadata = msgspec.structs.replace(metadata, description="Something else")
    return metadata if number % 2 else msgspec.structs.replace(metadata, title=None)


async def test_nothing_differs_where_the_rules_are_the_same(world: World) -> None:
    """And nothing is fetched: there is no network in this test."""
    await world.keep(5)
    assert await world.run() == Report(pages=5)


async def test_differences_are_counted_by_field_with_examples_and_nothing_is_written(world: World) -> None:
    """Gained, lost, changed; at most so many examples."""
    await world.keep(8, without_title)
    report = await world.run(Wish(examples=2))
    assert (report.pages, report.differing, report.written) == (8, 4, 0)
    title = report.fields["title"]
    assert (title.gained, title.lost, title.changed, len(title.examples)) == (4, 0, 0, 2)
    assert (title.examples[0].before, title.examples[0].after) == (None, "Page 0")
    description = report.fields["description"]
    assert (description.changed, description.examples[0].before) == (1, "Something else")
    assert (await world.titles())[url_of(0)] is None
    assert await world.told() == []


async def test_what_changed_is_written_and_announced_once(world: World) -> None:
    """And is no difference for the next run."""
    await world.keep(4, without_title)
    report = await world.run(Wish(write=True))
    assert (report.differing, report.written) == (2, 2)
    assert await world.titles() == {url_of(number): f"Page {number}" for number in range(4)}
    told = await world.told()
    assert {one["data"]["metadata"]["title"] for one in told} == {"Page 0", "Page 2"}
    assert len({one["id"] for one in told}) == 2
    assert (await world.run(Wish(write=True))).differing == 0


async def test_an_interrupted_run_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was counted until there; another wish begins anew."""
    monkeypatch.setattr(reprocessing, "RECORDS_AT_ONCE", 3)
    await world.keep(10, without_title)
    whole = await world.run(restart=True)

    def stop(count: int, total: int | None) -> None:
        assert total == 10
        if count == 6:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await world.run(walked=stop)
    seen: list[int] = []
    assert await world.run(walked=lambda count, _: seen.append(count)) == whole
    assert seen == [6, 9, 10]
    assert not (world.folder / progress.FILE).exists()
    with pytest.raises(asyncio.CancelledError):
        await world.run(walked=stop)
    assert (await world.run(Wish(selection=selection(None, ["domain=site0.test"])))).pages == 4


async def test_only_selected_pages_are_read(world: World) -> None:
    """By age and by what the record says."""
    await world.keep(6, without_title)
    for wish, pages in (
        (Selection(since=NOW + 4), 2),
        (selection(None, ["host=site1.test"]), 2),
        (selection(None, ["missing=title"]), 3),
        (selection(None, ["has=title", "domain=site0.test"]), 1),
        (selection(None, ["language=en", "type=text/html"]), 6),
        (selection(None, ["language=de"]), 0),
        (selection(None, ["rule=title:title"]), 6),
        (selection("2099-01-01", []), 0),
    ):
        assert (await world.run(Wish(selection=wish))).pages == pages, wish


@pytest.mark.parametrize(
    ("where", "name"),
    [("domain=EXAMPLE.com", "example.com"), ("domain=münchen.de", "xn--mnchen-3ya.de"), ("host=[::1]", "[::1]")],
)
def test_a_host_is_compared_as_urls_have_it(where: str, name: str) -> None:
    """However somebody writes it."""
    assert selection(None, [where]).where[0][1] == name


async def test_an_archive_that_is_damaged_anywhere_costs_its_pages_alone(world: World) -> None:
    """Flipped bytes, a file that was cut, one that is empty or gone: those pages are missing, and the run comes to its
    end."""
    await world.keep(12)
    (file,) = (world.folder / "archive").rglob("*.warc.gz")
    whole = file.read_bytes()
    middle = len(whole) // 2
    flipped = bytes(byte ^ 0xFF for byte in whole[middle:])
    for spoilt in (whole[:middle] + flipped, whole[:middle], b""):
        file.write_bytes(spoilt)
        report = await world.run()
        assert report.pages + report.missing == 12
        assert report.missing >= 1, len(spoilt)
    file.unlink()
    assert (await world.run()).missing == 12


async def test_a_machine_that_is_busy_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page for which no process could be started is read again."""
    await world.keep(3)
    extract, refusals = Extraction.extract, [WorkersBusy("no time", 0.0) for _ in range(4)]

    async def busy(self: Extraction, response: Response, *, thorough: bool = False) -> Metadata:
        if refusals:
            raise refusals.pop()
        return await extract(self, response, thorough=thorough)

    monkeypatch.setattr(Extraction, "extract", busy)
    monkeypatch.setattr(reprocessing, "RETRY_SECONDS", 0.0)
    assert (await world.run()).pages == 3


@pytest.mark.parametrize(
    "where",
    [
        *("title", "colour=red", "missing=colour", "domain=", "rule=nothing:og"),
        *("has=title:og:title", "missing=title:x", "domain=a' OR 1=1", "host=::1"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(where: str) -> None:
    """With what it takes."""
    with pytest.raises(BadSetting, match="--where"):
        selection(None, [where])


def test_a_time_that_is_none_is_refused() -> None:
    """With an example."""
    with pytest.raises(BadSetting, match="--since"):
        selection("yesterday", [])


async def test_a_page_whose_bytes_are_gone_is_counted_and_left(world: World) -> None:
    """Deleted by retention, or damaged."""
    await world.keep(3, without_title)
    (file,) = (world.folder / "archive").glob("*.warc.gz")
    file.unlink()
    report = await world.run(Wish(write=True))
    assert (report.pages, report.missing, report.written) == (0, 3, 0)


async def test_a_running_server_keeps_its_store(world: World) -> None:
    """Its data folder is in use."""
    from spiderduck.bootstrap.data_folder import DataFolder

    await world.keep(1)
    held = DataFolder(world.folder)
    with pytest.raises(DataInUse):
        await world.run()
    held.release()


def test_a_measured_picture_stays_while_the_page_names_it() -> None:
    """Its measures are no rule's word."""
    measured = Image("http://news.test/b.jpg", 800, 600, bytes=12_345, colour="#fff")
    stored = Metadata(image=measured)
    named = Metadata(image=Image("http://news.test/a.jpg"), other_images=(Image("http://news.test/b.jpg"),))
    assert list(differences(stored, carried_over(stored, named))) == []
    other = Metadata(image=Image("http://news.test/c.jpg"))
    (found,) = differences(stored, carried_over(stored, other))
    assert (found.field, found.after) == ("image", {"url": "http://news.test/c.jpg"})


def test_what_robots_txt_said_stays() -> None:
    """It is no part of the page; what the page says by itself is today's word."""
    robots, meta = Signal(False, "robots.txt"), Signal(False, "meta:robots")
    stored = Metadata(usage=Usage(ai_train=robots, index=meta))
    assert carried_over(stored, Metadata()).usage == Usage(ai_train=robots)
    assert carried_over(stored, Metadata(usage=Usage(index=meta))) == stored


def test_a_page_that_is_a_wall_by_now_is_told_and_no_page() -> None:
    """With the wall's name as an example."""
    page = Page(7, "k", "http://news.test/", 0.0, 200, Content("text/html", 1, "", None), b"{}", b"{}")
    report = Report().with_wall(page, "consent", 3)
    assert report.walls == replace(FieldReport(), gained=1, examples=report.walls.examples)
    assert report.walls.examples[0].after == "consent"
