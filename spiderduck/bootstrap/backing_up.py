"""A consistent copy of an embedded instance, taken while it runs, and a data folder made of one.

The database is copied by SQLite itself, so that its write-ahead log is in the copy. The archive comes after it: it only
grows, and a record of the copy then never points at bytes that are missing. A copy is made beside its place and moved
there when it is whole; its manifest is what says that it is.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from fetchers.config import VERSION
from spiderduck.bootstrap.data_folder import DataFolder
from spiderduck.database.sqlite import SCHEMA_VERSION
from spiderduck.errors import BadSetting, StoreUnavailable

DATABASE = "spiderduck.db"
MANIFEST = "backup.json"
COPIED = (
    "archive",
    "spool",
    "analytics",
    "snowflake",
    "keys.json",
    "image-signing-key",
    "sharer-key",
    "webhook-secret-key",
    "audit.jsonl",
    "lists.judged",
)
"""What stands beside the database. Picture caches are made anew, and a lock belongs to its process."""
PAGES_AT_ONCE = 4096
"""Of the database, so that writers of the running instance get their turns in between."""

Progress = Callable[[str, int, int], None]
"""What is copied, bytes (of the database: pages) done, and in all."""


class Manifest(msgspec.Struct):
    """What a copy holds: the length of each file by its path, and the versions that wrote it."""

    made_at: str
    version: str
    schema: int
    files: dict[str, int]


def back_up(data: Path, target: Path, made_at: str, progress: Progress = lambda *_: None) -> Manifest:
    """Copy the instance in `data`, which may run, to `target`, which must not exist. Raises `BadSetting` and
    `StoreUnavailable`."""
    if not (data / DATABASE).is_file():
        raise BadSetting(f"{data} holds no {DATABASE}; name the data folder of an embedded instance with --data")
    if target.exists():
        raise BadSetting(f"{target} exists; name a folder that does not, such as {target}-2")
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        schema = _copy_database(data / DATABASE, part / DATABASE, progress)
        files = {DATABASE: (part / DATABASE).stat().st_size}
        for path in _beside(data):
            name = path.relative_to(data)
            files[str(name)] = _copy_file(path, part / name, progress)
        manifest = Manifest(made_at, VERSION, schema, files)
        (part / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        part.rename(target)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise StoreUnavailable(f"the copy of {data} to {target} was not made: {error}") from error
    return manifest


def restore(source: Path, data: Path, progress: Progress = lambda *_: None) -> Manifest:
    """Make of a copy the data folder `data`, which must be empty or not exist. Raises `BadSetting` and
    `StoreUnavailable`; what was begun is taken away then."""
    manifest = _checked(source)
    if data.exists() and any(data.iterdir()):
        raise BadSetting(f"{data} is not empty; restore into a new folder, then move it, or start with --data")
    folder = DataFolder(data)
    try:
        for name, size in manifest.files.items():
            copied = _copy_file(source / name, data / name, progress)
            if copied != size:
                raise OSError(f"{name} has {copied} bytes instead of {size}")
    except OSError as error:
        shutil.rmtree(data, ignore_errors=True)
        raise StoreUnavailable(f"{source} was not restored: {error}") from error
    finally:
        folder.release()
    return manifest


def _checked(source: Path) -> Manifest:
    """A copy that is whole, of a version that is known here."""
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise BadSetting(f"{source} is no copy that `spiderduck backup` finished: {error}") from error
    if manifest.schema > SCHEMA_VERSION:
        raise BadSetting(
            f"{source} was made by SpiderDuck {manifest.version} (schema {manifest.schema}, this one knows "
            f"{SCHEMA_VERSION}); restore it with that version or a newer one"
        )
    for name, size in manifest.files.items():
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise BadSetting(f"{source}: {name!r} lies outside of the copy")
        path = source / name
        if not path.is_file() or path.stat().st_size != size:
            raise BadSetting(f"{path} is missing or has not the {size} bytes that {MANIFEST} tells")
    try:
        with closing(sqlite3.connect(f"file:{source / DATABASE}?mode=ro&immutable=1", uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise BadSetting(f"the database in {source} is damaged: {said}")
    return manifest


def _copy_database(source: Path, target: Path, progress: Progress) -> int:
    """Whole, in one file. Returns the version of its schema."""

    def done(_: int, remaining: int, total: int) -> None:
        progress(DATABASE, total - remaining, total)

    with closing(sqlite3.connect(source, isolation_level=None)) as running, closing(sqlite3.connect(target)) as copy:
        # One snapshot for all steps: else SQLite begins anew whenever somebody wrote between two of them.
        running.execute("BEGIN")
        running.execute("SELECT count(*) FROM sqlite_master").fetchone()
        running.backup(copy, pages=PAGES_AT_ONCE, progress=done, sleep=0.005)
        copy.execute("PRAGMA journal_mode=DELETE").fetchone()
        (version,) = copy.execute("PRAGMA user_version").fetchone()
    os.chmod(target, 0o600)
    return int(version)


def _beside(data: Path) -> Iterator[Path]:
    for name in COPIED:
        path = data / name
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
        elif path.is_file():
            yield path


def _copy_file(source: Path, target: Path, progress: Progress) -> int:
    """As far as it goes now: a file of the archive may grow meanwhile. Returns the bytes."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    size = left = source.stat().st_size
    with source.open("rb") as reading, target.open("xb") as writing:
        os.chmod(target, 0o600)
        while left and (piece := reading.read(min(left, 1 << 20))):
            writing.write(piece)
            left -= len(piece)
            progress(source.name, size - left, size)
        writing.flush()
        os.fsync(writing.fileno())
    return size - left
