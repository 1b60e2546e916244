"""A copy of an instance that runs is whole, and becomes a data folder again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from spiderduck.bootstrap import backing_up
from spiderduck.bootstrap.backing_up import MANIFEST, back_up, restore
from spiderduck.database.sqlite import Database
from spiderduck.errors import BadSetting

MADE_AT = "2026-11-30T03:00:00Z"


async def instance(folder: Path) -> Database:
    """Open, and with what it wrote in its write-ahead log alone."""
    (folder / "archive" / "2026").mkdir(parents=True)
    (folder / "snowflake").mkdir()
    (folder / "images").mkdir()
    (folder / "archive" / "2026" / "a.warc.gz").write_bytes(b"pages" * 1000)
    (folder / "snowflake" / "worker-1").write_text("mark")
    (folder / "keys.json").write_text("{}")
    (folder / "images" / "cached").write_bytes(b"picture")
    database = Database(folder / "spiderduck.db")
    await database.write(lambda connection: connection.execute("INSERT INTO marks (name, value) VALUES ('here', 7)"))
    return database


def mark(file: Path) -> object:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT value FROM marks WHERE name = 'here'").fetchone()[0]


async def test_a_copy_of_a_running_instance_becomes_a_data_folder(tmp_path: Path) -> None:
    database = await instance(tmp_path / "data")
    try:
        manifest = back_up(tmp_path / "data", tmp_path / "copy", MADE_AT)
    finally:
        await database.close()
    assert mark(tmp_path / "copy" / "spiderduck.db") == 7
    assert set(manifest.files) == {"spiderduck.db", "archive/2026/a.warc.gz", "snowflake/worker-1", "keys.json"}
    restore(tmp_path / "copy", tmp_path / "new")
    assert mark(tmp_path / "new" / "spiderduck.db") == 7
    assert (tmp_path / "new" / "archive" / "2026" / "a.warc.gz").read_bytes() == b"pages" * 1000
    again = Database(tmp_path / "new" / "spiderduck.db")
    await again.close()


async def test_a_copy_ends_however_much_is_written_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds one moment, though somebody writes between any two steps."""
    await (await instance(tmp_path / "data")).close()
    monkeypatch.setattr(backing_up, "PAGES_AT_ONCE", 8)
    steps = 0
    with closing(sqlite3.connect(tmp_path / "data" / "spiderduck.db", isolation_level=None)) as writer:

        def write(what: str, done: int, total: int) -> None:
            nonlocal steps
            steps += 1
            assert steps < 1000, "it begins anew again and again"
            writer.execute("UPDATE marks SET value = value + 1 WHERE name = 'here'")

        back_up(tmp_path / "data", tmp_path / "copy", MADE_AT, write)
        assert mark(tmp_path / "data" / "spiderduck.db") == 7 + steps
    assert steps > 3
    assert mark(tmp_path / "copy" / "spiderduck.db") == 7


async def test_a_copy_is_for_its_owner_alone(tmp_path: Path) -> None:
    await (await instance(tmp_path / "data")).close()
    back_up(tmp_path / "data", tmp_path / "copy", MADE_AT)
    for path in (tmp_path / "copy").rglob("*"):
        assert path.is_dir() or path.name == MANIFEST or not path.stat().st_mode & 0o077, path
    assert not (tmp_path / "copy").stat().st_mode & 0o077


async def test_nothing_is_written_over(tmp_path: Path) -> None:
    await (await instance(tmp_path / "data")).close()
    back_up(tmp_path / "data", tmp_path / "copy", MADE_AT)
    with pytest.raises(BadSetting, match="exists"):
        back_up(tmp_path / "data", tmp_path / "copy", MADE_AT)
    with pytest.raises(BadSetting, match="not empty"):
        restore(tmp_path / "copy", tmp_path / "data")
    with pytest.raises(BadSetting, match="--data"):
        back_up(tmp_path / "nothing", tmp_path / "other", MADE_AT)


@pytest.mark.parametrize("harm", ["cut", "gone", "newer", "outside", "unfinished", "damaged"])
async def test_a_copy_that_is_not_whole_is_refused(tmp_path: Path, harm: str) -> None:
    await (await instance(tmp_path / "data")).close()
    copy = tmp_path / "copy"
    manifest = back_up(tmp_path / "data", copy, MADE_AT)
    warc, database = copy / "archive" / "2026" / "a.warc.gz", copy / "spiderduck.db"
    if harm == "cut":
        warc.write_bytes(b"pag")
    elif harm == "gone":
        warc.unlink()
    elif harm == "newer":
        manifest.schema = 1000
    elif harm == "outside":
        manifest.files["../data/keys.json"] = 2
    elif harm == "damaged":
        database.write_bytes(b"\0" * database.stat().st_size)
    (copy / MANIFEST).write_bytes(b"" if harm == "unfinished" else msgspec.json.encode(manifest))
    with pytest.raises(BadSetting):
        restore(copy, tmp_path / "new")
    assert not (tmp_path / "new").exists()
