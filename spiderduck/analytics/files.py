"""Rows as Parquet files under `TABLE/day=YYYY-MM-DD/`, in a local folder or anywhere that fsspec reaches.

A file is there whole or not at all. Its name carries the batch that wrote it, the first of those before it that may not
have been acknowledged, and who wrote it; so a start finds what may be told again, and two writers do not overwrite one
another. All methods block: call them in a thread.
"""

import logging
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.dataset as ds  # type: ignore[import-untyped]
import pyarrow.fs as pafs  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from spiderduck.analytics.rows import TABLES, Batch, Row
from spiderduck.content.fsspec_store import SHOWN_WHEN_WHOLE
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.analytics import AnalyticsConfig

log = logging.getLogger(__name__)

TYPES = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "time": pa.timestamp("ms", tz="UTC"),
}
SCHEMAS = {
    table: pa.schema([(name, TYPES[kind]) for name, kind in columns.items()]) for table, columns in TABLES.items()
}
DAY = pa.schema([("day", pa.date32())])
SUFFIX = ".parquet"
BEGUN = ".writing"
DAMAGED = ".damaged"
NAME = re.compile(r"part-(\d{1,18})(?:-(\d{1,18})-[0-9a-f]+)?\.parquet$")
Value = TypeVar("Value")


class ParquetFiles:
    """`folder` is where they lie without `url`. Methods raise `StoreUnavailable`."""

    def __init__(self, folder: Path, config: AnalyticsConfig) -> None:
        """Raises what the file system raises where its address is wrong."""
        self._fsspec: Any = None
        self._root = str(folder)
        self._shown = config.url or str(folder)
        self._writer = secrets.token_hex(4)
        self._looked_at: set[str] = set()
        if config.url:
            import fsspec  # type: ignore[import-untyped]

            self._fsspec, root = fsspec.core.url_to_fs(config.url, **config.options)
            self._root = root.rstrip("/")
        names = () if self._fsspec is None else self._fsspec.protocol
        protocols = {names} if isinstance(names, str) else set(names)
        self._is_local = self._fsspec is None or "file" in protocols
        self._shows_whole = bool(protocols & SHOWN_WHEN_WHOLE)
        self._files: Any = (
            pafs.LocalFileSystem() if self._is_local else pafs.PyFileSystem(pafs.FSSpecHandler(self._fsspec))
        )

    def clean(self) -> None:
        """Remove what a crash left half written."""
        for path in self._told(lambda: self._paths(BEGUN)):
            self._told(partial(self._files.delete_file, path))

    def write(self, batch: Batch, rows: Mapping[str, Sequence[tuple[float, Row]]]) -> None:
        """Rows of each table, each with the moment (epoch seconds) whose day it belongs to. Durable when this
        returns."""
        name = f"part-{batch.number:015}-{batch.first:015}-{self._writer}{SUFFIX}"
        for table, found in rows.items():
            days: defaultdict[str, list[Row]] = defaultdict(list)
            for moment, row in found:
                days[_day(moment)].append(row)
            for day, of_day in days.items():
                folder, values = f"{self._root}/{table}/day={day}", _table(table, of_day)
                self._told(partial(self._write, folder, name, values))

    def rows_since(self, number: int) -> set[str]:
        """The ids of the rows in files of the batch of that number or a later one, and in those of the last batch. A
        file that cannot be read is set aside, where no query meets it."""
        paths = self._told(lambda: self._paths(SUFFIX))
        last = max((batch_of(path).number for path in paths), default=0)
        self._looked_at = set(paths)
        found: set[str] = set()
        for path in paths:
            if batch_of(path).number >= min(number, last):
                found.update(self._ids(path))
        return found

    def rows_of_others(self, moments: Iterable[float]) -> set[str]:
        """The ids of the rows of these days that other processes wrote since this was asked last, or `rows_since`."""
        days = {_day(moment) for moment in moments}
        places = [f"{table}/day={day}" for table in TABLES for day in days]
        paths = [path for path in self._told(lambda: self._paths(SUFFIX, *places)) if self._writer not in path]
        new = [path for path in paths if path not in self._looked_at]
        self._looked_at.update(new)
        return {row for path in new for row in self._ids(path)}

    def _ids(self, path: str) -> list[str]:
        """None of a file that cannot be read, which is set aside."""
        try:
            return self.columns(path, ["row"])["row"]
        except Unreadable as error:
            log.error("%s is damaged and set aside: %s", path, error)
            self._told(partial(self._files.move, path, path + DAMAGED))
            return []

    def last_batch(self) -> Batch | None:
        """None where there is none."""
        return max((batch_of(path) for path in self._told(lambda: self._paths(SUFFIX))), default=None)

    def dataset(self, table: str) -> Any:
        """Everything that was written of a table, for who only reads; with the column `day`."""
        schema = pa.unify_schemas([SCHEMAS[table], DAY])
        paths = self.paths_of(table)
        if not paths:
            return schema.empty_table()
        partitioning = ds.partitioning(DAY, flavor="hive")
        return ds.dataset(paths, schema, "parquet", self._files, partitioning=partitioning)

    def _told(self, work: Callable[[], Value]) -> Value:
        """Each of fsspec's stores has exceptions of its own."""
        try:
            return work()
        except (Unreadable, StoreUnavailable):
            raise
        except Exception as error:
            raise StoreUnavailable(f"analytics in {self._shown}: {error or type(error).__name__}") from error

    def paths_of(self, table: str) -> list[str]:
        """Every file of a table."""
        return [path for path in self._told(lambda: self._paths(SUFFIX, table)) if NAME.search(path)]

    def columns(self, path: str, names: Sequence[str]) -> dict[str, list[Any]]:
        """Those of a file. Raises `Unreadable` where it is damaged, or lacks one."""
        found: dict[str, list[Any]] = self._told(partial(self._read, path, list(names))).to_pydict()
        if lacking := set(names) - found.keys():
            raise Unreadable(f"it has no column {', '.join(sorted(lacking))}")
        return found

    def keep(self, path: str, wanted: Sequence[bool]) -> None:
        """Only these rows of the file; without any it goes. Durable when this returns."""
        table = self._told(partial(self._read, path)).filter(pa.array(wanted, pa.bool_()))
        if table.num_rows:
            folder, _, name = path.rpartition("/")
            self._told(partial(self._write, folder, name, table))
        else:
            self._told(partial(self._files.delete_file, path))

    def _read(self, path: str, columns: list[str] | None = None) -> Any:
        try:
            with self._files.open_input_file(path) as file:
                return pq.ParquetFile(file).read(columns)
        except (pa.ArrowInvalid, pa.ArrowKeyError, KeyError) as error:
            raise Unreadable(str(error)) from error

    def _write(self, folder: str, name: str, table: Any) -> None:
        self._files.create_dir(folder, recursive=True)
        path = f"{folder}/{name}"
        if self._shows_whole:
            pq.write_table(table, path, filesystem=self._files, compression="zstd")
            return
        pq.write_table(table, path + BEGUN, filesystem=self._files, compression="zstd")
        if self._is_local:
            _sync(path + BEGUN)
        self._files.move(path + BEGUN, path)
        if self._is_local:
            _sync(folder)

    def _paths(self, suffix: str, *tables: str) -> list[str]:
        if self._fsspec is not None:
            self._fsspec.invalidate_cache()  # other processes write there too
        found: list[str] = []
        for table in tables or TABLES:
            selector = pafs.FileSelector(f"{self._root}/{table}", allow_not_found=True, recursive=True)
            found += [one.path for one in self._files.get_file_info(selector) if one.path.endswith(suffix)]
        return found


class Unreadable(Exception):
    """No Parquet file of ours."""


def batch_of(path: str) -> Batch:
    """The batch that wrote a file; of number 0 for what is none of ours."""
    found = NAME.search(path)
    return Batch(0, 0) if found is None else Batch(int(found[1]), int(found[2] or found[1]))


def _table(table: str, rows: Iterable[Row]) -> Any:
    schema = SCHEMAS[table]
    times = [name for name, kind in TABLES[table].items() if kind == "time"]
    values = [{**row, **{name: _moment(row.get(name)) for name in times}} for row in rows]
    return pa.Table.from_pylist(values, schema=schema)


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _sync(path: str) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
