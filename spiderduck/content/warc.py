"""The archive as WARC files in a local folder: appended, flushed to the disk, rotated by size.

Each start begins a new file, so nothing is ever appended behind a record that a crash tore. `append` returns when the
records are on the disk (one fsync for all that waited together).
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from fetchers.model import Response
from groundwork.clock import Clock
from schedulers.model import ArchiveLocation
from spiderduck.content.ports import Archived, Damaged
from spiderduck.content.warc_erasing import erase
from spiderduck.content.warc_record import file_info, page_records, read_http_block
from spiderduck.database.batch_worker import BatchWorker, JobResult
from spiderduck.errors import StoreUnavailable

Work = Callable[[], object]

GATHER_SECONDS = 0.005
"""So long the first page waits for company: an fsync costs more processor time than compressing a page (measured: 0.28
ms of CPU a page with an fsync for nearly each, 0.11 ms with one for ten). At full speed five pages meet."""


class WarcArchive:
    """Appends to `FOLDER/spiderduck-<time>-<number><suffix>.warc.gz`; the suffix tells processes apart whose files
    meet."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        software: str,
        rotate_bytes: int = 256 * 1024 * 1024,
        suffix: str = "",
    ) -> None:
        self._folder = folder
        self._clock = clock
        self.trouble: str | None = None  # a disk of this machine is there, or each append says why not
        self._software = software
        self._rotate_bytes = rotate_bytes
        self._suffix = suffix
        self._begun = 0.0
        self._file: BinaryIO | None = None
        self._name = ""
        self._size = 0
        self._number = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._worker: BatchWorker[Work] = BatchWorker("archive", self._run_batch, gather_seconds=GATHER_SECONDS)

    async def append(self, page_id: int, response: Response, metadata: bytes) -> ArchiveLocation:
        """Raises `StoreUnavailable` where the disk does not take it."""
        location = await self._worker.submit(lambda: self._append(page_id, response, metadata))
        return cast(ArchiveLocation, location)

    async def read(self, location: ArchiveLocation) -> Archived | Damaged | None:
        """Status, headers and body as archived; None where the file is gone (retention)."""
        return await asyncio.to_thread(self._read, location)

    async def erase(self, locations: Sequence[ArchiveLocation]) -> bool:
        """As `takedowns.ports.ErasableArchive.erase`. A file that is gone holds nothing. Raises `StoreUnavailable`."""
        await self._worker.submit(lambda: self._erase(locations))
        return True

    async def seal(self, older_than: float = 0.0) -> Sequence[Path]:
        """End the current file if it was begun `older_than` seconds ago. Returns all files that are whole, the oldest
        first."""
        return cast(Sequence[Path], await self._worker.submit(lambda: self._seal(older_than)))

    async def close(self) -> None:
        await self._worker.close()
        if self._file is not None:
            self._file.close()

    async def remove_older_than(self, moment: float) -> int:
        """Delete files last written before `moment`, never the one being written. Returns how many."""
        return await asyncio.to_thread(self._remove_older_than, moment)

    def _run_batch(self, jobs: Sequence[Work]) -> Sequence[JobResult]:
        answers: list[JobResult] = []
        for job in jobs:
            try:
                answers.append((job(), None))
            except OSError as error:
                answers.append((None, self._translated(error)))
        try:
            if self._file is not None:
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            self._start_anew()
            return [(None, self._translated(error))] * len(jobs)
        return answers

    def _append(self, page_id: int, response: Response, metadata: bytes) -> ArchiveLocation:
        page, beside, digest = page_records(page_id, response, metadata)
        file = self._current()
        offset = self._size
        try:
            file.write(page + beside)
        except OSError:
            self._start_anew()
            raise
        self._size += len(page) + len(beside)
        return ArchiveLocation(self._name, offset, len(page), digest)

    def _erase(self, locations: Sequence[ArchiveLocation]) -> None:
        for name in dict.fromkeys(location.file for location in locations):
            path = self._folder / name
            if path.exists():
                erase(path, [location for location in locations if location.file == name])

    def _seal(self, older_than: float) -> Sequence[Path]:
        if self._file is not None and self._clock.now() - self._begun >= older_than:
            self._end()
        return sorted(path for path in self._folder.glob("*.warc.gz") if self._file is None or path.name != self._name)

    def _end(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _current(self) -> BinaryIO:
        if self._file is not None and self._size < self._rotate_bytes:
            return self._file
        self._end()
        now = self._clock.now()
        self._number += 1
        self._begun = now
        self._name = f"spiderduck-{int(now * 1000)}-{self._number:05}{self._suffix}.warc.gz"
        self._file = open(self._folder / self._name, "xb", buffering=1024 * 1024)  # noqa: SIM115 -- held until rotation
        info = file_info(self._name, self._software, now)
        self._file.write(info)
        self._size = len(info)
        return self._file

    def _start_anew(self) -> None:
        """The file may end in a torn record now: never write behind it."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                file = None  # its buffer could not be written; all who wait for it are told so

    def _read(self, location: ArchiveLocation) -> Archived | Damaged | None:
        path = self._folder / location.file
        try:
            with path.open("rb") as file:
                file.seek(location.offset)
                return read_http_block(file.read(location.length), location)
        except FileNotFoundError:
            return None

    def _remove_older_than(self, moment: float) -> int:
        current = "" if self._file is None else self._name
        old = [
            path for path in self._folder.glob("*.warc.gz") if path.name != current and path.stat().st_mtime < moment
        ]
        for path in old:
            path.unlink()
        return len(old)

    def _translated(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(f"the archive in {self._folder} cannot be written: {error.strerror}; nothing was lost")
