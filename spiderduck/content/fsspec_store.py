"""The other side of the archive: whole segments under `URL/YEAR/MONTH/DAY/`, read in pieces.

Used by `fsspec.py`; the one place where fsspec is called, in a thread of its own each way. A name is there only when
all its bytes are.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import fsspec  # type: ignore[import-untyped]

from schedulers.model import ArchiveLocation
from spiderduck.content.ports import Archived, Damaged
from spiderduck.content.warc_erasing import erase, is_tombstone
from spiderduck.content.warc_record import read_http_block
from spiderduck.database.batch_worker import BatchWorker, JobResult
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.archive import ArchiveConfig

Value = TypeVar("Value")

READERS = 4
"""Content is asked for seldom, and an object store takes tens of milliseconds for it."""
SHOWN_WHEN_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az", "memory"})
"""Object stores show an object when its upload is complete; elsewhere a file is uploaded under another name and
renamed."""


class RemoteStore:
    """Opened when it is first used, so that a process starts without it."""

    def __init__(self, config: ArchiveConfig) -> None:
        self._config = config
        self._opened: tuple[Any, str] | None = None
        self._uploads: BatchWorker[Callable[[], object]] = BatchWorker("archive uploads", self._one_by_one)
        self._readers: list[BatchWorker[Callable[[], object]]] = [
            BatchWorker(f"archive reader {number}", self._one_by_one) for number in range(READERS)
        ]
        self._next_reader = 0

    async def upload(self, path: Path) -> None:
        """The segment is there and gone from here when this returns. Raises `StoreUnavailable`."""
        await self._uploads.submit(lambda: self._upload(path))

    async def read(self, location: ArchiveLocation) -> Archived | Damaged | None:
        """None where there is no such segment. Raises `StoreUnavailable`."""
        self._next_reader = (self._next_reader + 1) % READERS
        return cast(
            Archived | Damaged | None, await self._readers[self._next_reader].submit(lambda: self._read(location))
        )

    async def erase(self, locations: Sequence[ArchiveLocation], folder: Path) -> bool:
        """Overwrite these records of one segment, in a copy in `folder` that takes its place. False where there is no
        such segment. Between two uploads, so that one under way is met afterwards. Raises `StoreUnavailable`."""
        return cast(bool, await self._uploads.submit(lambda: self._erase(locations, folder)))

    async def remove_older_than(self, moment: float) -> int:
        return cast(int, await self._uploads.submit(lambda: self._remove_older_than(moment)))

    def close(self) -> None:
        """Without waiting: a thread that waits for a store which is away must not hold the process up."""
        for worker in (self._uploads, *self._readers):
            worker.end()

    def _one_by_one(self, jobs: Sequence[Callable[[], object]]) -> Sequence[JobResult]:
        answers: list[JobResult] = []
        for job in jobs:
            try:
                answers.append((job(), None))
            except Exception as error:  # noqa: BLE001 -- each of fsspec's stores has exceptions of its own
                answers.append(
                    (None, StoreUnavailable(f"the archive {self._config.shown_url}: {error or type(error).__name__}"))
                )
        return answers

    def _files(self) -> tuple[Any, str]:
        if self._opened is None:
            files, root = fsspec.core.url_to_fs(self._config.url, **self._config.options)
            self._opened = files, root.rstrip("/")
        return self._opened

    def _upload(self, path: Path) -> None:
        if not path.exists():
            return  # nothing of it was whole
        self._put(path, path.name)
        path.unlink()

    def _put(self, path: Path, name: str) -> None:
        """Whole under its name when this returns, in the place of one that was there."""
        files, root = self._files()
        target = f"{root}/{day_of(name)}/{name}"
        protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
        if protocols & SHOWN_WHEN_WHOLE:
            files.put_file(str(path), target)
        else:
            files.makedirs(target.rpartition("/")[0], exist_ok=True)
            files.put_file(str(path), f"{target}.part")
            if files.exists(target):
                files.rm_file(target)
            files.mv(f"{target}.part", target)
        files.invalidate_cache()
        if files.size(target) != path.stat().st_size:
            raise OSError(f"{target} has not the size that was sent")

    def _erase(self, locations: Sequence[ArchiveLocation], folder: Path) -> bool:
        files, root = self._files()
        name = locations[0].file
        target = f"{root}/{day_of(name)}/{name}"
        files.invalidate_cache()
        if not files.exists(target):
            return False
        ends = [(location.offset, location.offset + location.length) for location in locations]
        if all(is_tombstone(files.cat_file(target, start=start, end=end)) for start, end in ends):
            return True
        copy = folder / f"{name}.erasing"
        try:
            files.get_file(target, str(copy))
            erase(copy, locations)
            self._put(copy, name)
        finally:
            copy.unlink(missing_ok=True)
        return True

    def _read(self, location: ArchiveLocation) -> Archived | Damaged | None:
        files, root = self._files()
        path = f"{root}/{day_of(location.file)}/{location.file}"
        try:
            member = files.cat_file(path, start=location.offset, end=location.offset + location.length)
        except FileNotFoundError:
            return None
        return read_http_block(member, location)

    def _remove_older_than(self, moment: float) -> int:
        files, root = self._files()
        files.invalidate_cache()
        count = 0
        for path in files.glob(f"{root}/*/*/*/*.warc.gz"):
            if end_of_day(path.rpartition("/")[2]) <= moment:
                files.rm_file(path)
                count += 1
        return count


def begun(name: str) -> float:
    """When a segment was begun, by its name: `spiderduck-<milliseconds>-…`."""
    return int(name.split("-")[1]) / 1000


def day_of(name: str) -> str:
    """The folder of a segment."""
    return datetime.fromtimestamp(begun(name), UTC).strftime("%Y/%m/%d")


def end_of_day(name: str) -> float:
    """The end of the day on which it was begun."""
    day = datetime.fromtimestamp(begun(name), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + timedelta(days=1)).timestamp()
