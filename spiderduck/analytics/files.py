"""Rows as Parquet files under `TABLE/day=YYYY-MM-DD/`, in a local folder or anywhere that fsspec reaches.

A file is there whole or not at all. Its name carries the batch that wrote it, so that a start finds what was written
last. All methods block: call them in a thread.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.dataset as ds  # type: ignore[import-untyped]
import pyarrow.fs as pafs  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from spiderduck.analytics.rows import TABLES, Row
from spiderduck.settings.analytics import AnalyticsConfig

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


class ParquetFiles:
    """`folder` is where they lie without `url`."""

    def __init__(self, folder: Path, config: AnalyticsConfig) -> None:
        """Raises what the file system raises where its address is wrong."""
        self._is_local = not config.url
        if config.url:
            import fsspec  # type: ignore[import-untyped]

            files, root = fsspec.core.url_to_fs(config.url, **config.options)
            self._files: Any = pafs.PyFileSystem(pafs.FSSpecHandler(files))
            self._root = root.rstrip("/")
        else:
            self._files = pafs.LocalFileSystem()
            self._root = str(folder)

    def clean(self) -> None:
        """Remove what a crash left half written."""
        for path in self._paths(BEGUN):
            self._files.delete_file(path)

    def write(self, batch: int, rows: Mapping[str, Sequence[tuple[float, Row]]]) -> None:
        """Rows of each table, each with the moment (epoch seconds) whose day it belongs to. Durable when this returns.
        `batch` is the time in milliseconds, and never the same twice."""
        for table, found in rows.items():
            days: defaultdict[str, list[Row]] = defaultdict(list)
            for moment, row in found:
                days[datetime.fromtimestamp(moment, UTC).date().isoformat()].append(row)
            for day, of_day in days.items():
                self._write(f"{self._root}/{table}/day={day}", f"part-{batch:015}{SUFFIX}", _table(table, of_day))

    def rows_since(self, batch: int) -> set[str]:
        """The ids of the rows in files of that batch or a later one, and in those of the last batch."""
        paths = self._paths(SUFFIX)
        last = max(map(batch_of, paths), default=0)
        found: set[str] = set()
        for path in paths:
            if batch_of(path) >= min(batch, last):
                found.update(pq.read_table(path, columns=["row"], filesystem=self._files)["row"].to_pylist())
        return found

    def last_batch(self) -> int:
        """0 where there is none."""
        return max(map(batch_of, self._paths(SUFFIX)), default=0)

    def dataset(self, table: str) -> Any:
        """Everything that was written of a table, for who only reads; with the column `day`."""
        schema = pa.unify_schemas([SCHEMAS[table], DAY])
        paths = [path for path in self._paths(SUFFIX) if path.startswith(f"{self._root}/{table}/")]
        if not paths:
            return schema.empty_table()
        partitioning = ds.partitioning(DAY, flavor="hive")
        return ds.dataset(paths, schema, "parquet", self._files, partitioning=partitioning)

    def _write(self, folder: str, name: str, table: Any) -> None:
        self._files.create_dir(folder, recursive=True)
        path = f"{folder}/{name}"
        if not self._is_local:  # an object is shown when it is whole
            pq.write_table(table, path, filesystem=self._files, compression="zstd")
            return
        pq.write_table(table, path + BEGUN, filesystem=self._files, compression="zstd")
        _sync(path + BEGUN)
        os.replace(path + BEGUN, path)
        _sync(folder)

    def _paths(self, suffix: str) -> list[str]:
        found: list[str] = []
        for table in TABLES:
            selector = pafs.FileSelector(f"{self._root}/{table}", allow_not_found=True, recursive=True)
            found += [one.path for one in self._files.get_file_info(selector) if one.path.endswith(suffix)]
        return found


def batch_of(path: str) -> int:
    """The batch that wrote a file; 0 for what is none of ours."""
    number = path.rpartition("/")[2].removeprefix("part-").removesuffix(SUFFIX)
    return int(number) if number.isdecimal() and len(number) < 19 else 0


def _table(table: str, rows: Iterable[Row]) -> Any:
    schema = SCHEMAS[table]
    times = [name for name, kind in TABLES[table].items() if kind == "time"]
    values = [{**row, **{name: _moment(row.get(name)) for name in times}} for row in rows]
    return pa.Table.from_pylist(values, schema=schema)


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _sync(path: str) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
