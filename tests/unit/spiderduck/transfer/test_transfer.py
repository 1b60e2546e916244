"""Records that leave one store and come into another: the same there, whatever lies between."""

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schedulers.model import ArchiveLocation, Change, Content, LastError, Page, Redirect, Status, UrlState
from schedulers.notice import Notice
from spiderduck.bootstrap.transferring import export, import_
from spiderduck.config import Config
from spiderduck.database.sqlite import Database
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.takedowns.model import Covered, Takedown
from spiderduck.takedowns.sqlite import SqliteTakedowns
from spiderduck.transfer.lines import BadExport
from spiderduck.transfer.moving import Moved, lines_of
from tests.clock import FakeClock

NOW = 1_700_000_000.0


def page(number: int, version: int) -> Page:
    url = f"http://news.test/{number}"
    return Page(
        id=number * 10 + version,
        key=url,
        url=url,
        fetched_at=NOW + version,
        status_code=200,
        content=Content("text/html", 5, "ab" * 32, "utf-8"),
        metadata=msgspec.json.encode({"title": f"{number} ☃ {version}", "image": {"url": f"http://cdn.test/{number}"}}),
        provenance=b'{"title":{"rule":"title"}}',
        canonical_url=url,
        etag='"x"',
        archived=ArchiveLocation("a.warc.gz", number, 9, "ab" * 32),
        usage=b'{"index":{"value":false,"source":"meta:robots"}}' if number % 2 else None,
    )


def states(number: int) -> list[UrlState]:
    """A page, and a short link that leads to it."""
    own, short = f"http://news.test/{number}", f"http://short.test/{number}"
    fetched = UrlState(own, own, Status.FETCHED, page_id=number * 10 + 2, checked_at=NOW, fresh_until=NOW + 9)
    redirects = (Redirect(short, short, 301),)
    return [fetched, UrlState(short, short, Status.FETCHED, None, None, number * 10 + 2, own, 200, redirects, NOW)]


FAILED = UrlState(
    "http://gone.test/",
    "http://gone.test/",
    Status.HTTP_ERROR,
    reason="it answered 500",
    checked_at=NOW,
    last_error=LastError(Status.TIMED_OUT, "slow", NOW),
)


async def fill(store: SqliteStore, count: int) -> None:
    """Pages with two versions each, a short link to each, a failure, and what is on its way."""
    nothing = Notice("", "", "", "", "", "", b"{}")
    for number in range(count):
        await store.complete(f"old {number}", f"http://news.test/{number}", Change((), page(number, 1)), nothing)
        own, short = states(number)
        await store.complete(f"new {number}", short.key, Change((short, own), page(number, 2)), nothing)
    await store.complete("failed", FAILED.key, Change((FAILED,)), nothing)
    pending = UrlState("http://soon.test/", "http://soon.test/", Status.DEFERRED, until=NOW + 60)
    await store.mark(pending)
    await store.look_up(pending.key)


@pytest.fixture
async def filled(tmp_path: Path) -> Config:
    config = Config(data=str(tmp_path / "from"))
    (tmp_path / "from").mkdir(mode=0o700)
    database = Database(tmp_path / "from" / "spiderduck.db")
    await fill(SqliteStore(database, FakeClock(NOW), lambda: None), 30)
    await database.close()
    return config


async def content(config: Config) -> list[bytes]:
    """Everything that a store would export, but for the time."""
    database = Database(Path(config.data) / "spiderduck.db")
    store = SqliteStore(database, FakeClock(NOW), lambda: None)
    lines = [msgspec.json.encode(line) async for line in lines_of(store, NOW)]
    await database.close()
    return sorted(lines)


def ignored(_: Moved) -> None:
    """How far it came."""


@pytest.mark.parametrize("name", ["records.jsonl", "records.jsonl.gz"])
async def test_what_comes_out_goes_in_the_same(filled: Config, tmp_path: Path, name: str) -> None:
    """States, versions and edges; twice is once; what is on its way stays with its queue."""
    file, target = str(tmp_path / name), Config(data=str(tmp_path / "to"))
    assert await export(filled, file, ignored) == Moved(61, 60)
    for _ in range(2):
        assert await import_(target, file, ignored) == Moved(61, 60)
    assert await content(target) == await content(filled)
    database = Database(Path(target.data) / "spiderduck.db")
    store = SqliteStore(database, FakeClock(NOW), lambda: None)
    assert list(await store.redirects_to("http://news.test/7", 10)) == ["http://short.test/7"]
    assert [one.id for one in await store.history("http://news.test/7", 10)] == [72, 71]
    assert await store.owns_picture("http://cdn.test/7")
    assert (await store.look_up("http://soon.test/")).state is None
    await database.close()


async def test_what_is_known_later_stays(filled: Config, tmp_path: Path) -> None:
    """The target went on meanwhile."""
    file, target = str(tmp_path / "records.jsonl"), Config(data=str(tmp_path / "to"))
    await export(filled, file, ignored)
    await import_(target, file, ignored)
    database = Database(Path(target.data) / "spiderduck.db")
    store = SqliteStore(database, FakeClock(NOW), lambda: None)
    newer = UrlState("http://news.test/3", "http://news.test/3", Status.ROBOTS_DENIED, checked_at=NOW + 60)
    await store.take_over([newer], [])
    await database.close()
    await import_(target, file, ignored)
    database = Database(Path(target.data) / "spiderduck.db")
    store = SqliteStore(database, FakeClock(NOW), lambda: None)
    assert (await store.look_up(newer.key)).state == newer
    await database.close()


async def test_an_export_that_breaks_off_leaves_the_last_one(filled: Config, tmp_path: Path) -> None:
    """It takes its place when it is whole."""
    file = tmp_path / "records.jsonl"
    await export(filled, str(file), ignored)
    whole = await asyncio.to_thread(file.read_bytes)

    def full(_: Moved) -> None:
        raise OSError(28, "no space left")

    with pytest.raises(OSError, match="no space"):
        await export(filled, str(file), full)
    assert await asyncio.to_thread(file.read_bytes) == whole


def changed(line: bytes, **values: object) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(line), **values})


def in_part(line: bytes, part: str, **values: object) -> bytes:
    return changed(line, **{part: {**msgspec.json.decode(line)[part], **values}})


ELSEWHERE = {"file": "../../etc/passwd", "offset": 0, "length": 9, "sha256": ""}


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("page", lambda line: changed(line, id=2**63)),
        ("page", lambda line: changed(line, id=-1)),
        ("page", lambda line: changed(line, version=10**30)),
        ("page", lambda line: changed(line, metadata=[1])),
        ("page", lambda line: changed(line, metadata={"title": 5})),
        ("page", lambda line: changed(line, provenance="x")),
        ("page", lambda line: changed(line, fetched_at=1e300)),
        ("page", lambda line: changed(line, url="not a URL")),
        ("page", lambda line: in_part(line, "head", archived=ELSEWHERE)),
        ("page", lambda line: in_part(line, "head", archived={**ELSEWHERE, "file": "a.warc.gz", "offset": -1})),
        ("page", lambda line: in_part(line, "head", usage=[2])),
        ("state", lambda line: in_part(line, "state", page_id=2**70)),
        ("state", lambda line: in_part(line, "state", checked_at=-5.0)),
        ("state", lambda line: in_part(line, "state", key="x" * 100_000)),
    ],
)
async def test_a_line_that_no_store_could_read_again_is_refused(
    filled: Config, tmp_path: Path, kind: str, spoil: Callable[[bytes], bytes]
) -> None:
    """Before it is written: a record that cannot be read would fail every look-up."""
    file = tmp_path / "records.jsonl"
    await export(filled, str(file), ignored)
    lines = (await asyncio.to_thread(file.read_bytes)).splitlines()
    number = next(n for n, line in enumerate(lines) if f'"kind":"{kind}"'.encode() in line)
    lines[number] = spoil(lines[number])
    await asyncio.to_thread(file.write_bytes, b"\n".join(lines))
    with pytest.raises(BadExport, match=f"line {number + 1} "):
        await import_(Config(data=str(tmp_path / "to")), str(file), ignored)


async def test_a_damaged_gzip_file_is_told(filled: Config, tmp_path: Path) -> None:
    """Wherever the damage is."""
    file = tmp_path / "records.jsonl.gz"
    await export(filled, str(file), ignored)
    whole = await asyncio.to_thread(file.read_bytes)
    for place in range(40, len(whole), len(whole) // 9):  # behind the name of the file
        spoilt = whole[:place] + bytes(byte ^ 0xFF for byte in whole[place : place + 9]) + whole[place + 9 :]
        await asyncio.to_thread(file.write_bytes, spoilt)
        with pytest.raises(BadExport):
            await import_(Config(data=str(tmp_path / "to")), str(file), ignored)


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda text: text[: len(text) // 2].rpartition(b"\n")[0] + b"\n", "cut short"),
        (lambda text: text[: len(text) // 2], "no line of an export"),
        (lambda text: text.partition(b"\n")[2], "begins with its head"),
        (lambda text: text.replace(b'"version":2,', b'"version":3,', 1), "newer SpiderDuck"),
        (lambda text: text + text.partition(b"\n")[0] + b"\n", "ends in the line before"),
        (lambda text: text.partition(b"\n")[0] + b"\n" + text.rstrip().rpartition(b"\n")[2] + b"\n", "says 61"),
        (lambda text: b"\xff\xfe" + text, "line 1"),
        (lambda text: b"[" * 100_000, "line 1"),
        (lambda text: b"", "cut short"),
    ],
)
async def test_a_damaged_file_is_told(filled: Config, tmp_path: Path, damage: object, word: str) -> None:
    """By the line, and never taken for a whole one."""
    file = tmp_path / "records.jsonl"
    await export(filled, str(file), ignored)
    whole = await asyncio.to_thread(file.read_bytes)
    await asyncio.to_thread(file.write_bytes, damage(whole))  # type: ignore[operator]
    with pytest.raises(BadExport, match=word):
        await import_(Config(data=str(tmp_path / "to")), str(file), ignored)


async def test_a_compressed_file_that_is_cut_is_told(filled: Config, tmp_path: Path) -> None:
    """As a plain one."""
    file = tmp_path / "records.jsonl.gz"
    await export(filled, str(file), ignored)
    whole = await asyncio.to_thread(file.read_bytes)
    assert gzip.decompress(whole).count(b"\n") == 123
    await asyncio.to_thread(file.write_bytes, whole[: len(whole) // 2])
    with pytest.raises(BadExport, match="cut short"):
        await import_(Config(data=str(tmp_path / "to")), str(file), ignored)


def taken_down(url: str, at: float = NOW + 100, **more: Any) -> Takedown:
    return Takedown(covered=(Covered(url, url),), at=at, by="ops", reason="a court", **more)


async def put_takedown(config: Config, one: Takedown) -> None:
    database = Database(Path(config.data) / "spiderduck.db")
    await SqliteTakedowns(database).change(one.id, lambda _: one)
    await database.close()


async def takedowns(config: Config) -> list[Takedown]:
    database = Database(Path(config.data) / "spiderduck.db")
    found = list(await SqliteTakedowns(database).all())
    await database.close()
    return found


async def test_an_older_export_brings_nothing_back_that_was_taken_down(filled: Config, tmp_path: Path) -> None:
    """Neither the page nor what leads to it, under either scheme."""
    file, target = str(tmp_path / "records.jsonl"), Config(data=str(tmp_path / "to"))
    await export(filled, file, ignored)
    await import_(target, str(file), ignored)
    again = Config(data=str(tmp_path / "again"))
    (tmp_path / "again").mkdir(mode=0o700)
    await put_takedown(again, taken_down("https://news.test/7"))
    assert await import_(again, file, ignored) == Moved(61, 60, 4)
    database = Database(Path(again.data) / "spiderduck.db")
    store = SqliteStore(database, FakeClock(NOW), lambda: None)
    for url in ("http://news.test/7", "http://short.test/7"):
        assert (await store.look_up(url)).state is None
        assert await store.history(url, 9) == []
    assert not await store.owns_picture("http://cdn.test/7")
    assert (await store.look_up("http://news.test/8")).page is not None
    await database.close()


async def test_takedowns_move_with_the_records(filled: Config, tmp_path: Path) -> None:
    """What the target holds of them goes with its next start; one that it has since later stays as it is."""
    file, target = str(tmp_path / "records.jsonl"), Config(data=str(tmp_path / "to"))
    done = taken_down("http://news.test/7", removed_at=NOW, erased_at=NOW, pages=(7,), telling_at=NOW, told_at=NOW)
    await put_takedown(filled, done)
    await put_takedown(filled, taken_down("http://news.test/8"))
    (tmp_path / "to").mkdir(mode=0o700)
    newer = taken_down("http://news.test/8", NOW + 200)
    await put_takedown(target, newer)
    await export(filled, file, ignored)
    for _ in range(2):
        assert await import_(target, file, ignored) == Moved(61, 60, 8)
    found = {one.url: one for one in await takedowns(target)}
    assert found["http://news.test/8"] == newer
    seven = found["http://news.test/7"]
    assert (seven.at, seven.reason, seven.pages) == (done.at, "a court", (7,))
    assert not seven.is_done
