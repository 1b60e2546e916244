"""Where the bytes of pages are kept: WARC files in the data folder, or anywhere that fsspec reaches."""

from dataclasses import dataclass
from typing import Protocol

from fetchers.config import VERSION
from schedulers.ports import Archive
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.storage import Work
from spiderduck.content.ports import ArchiveReader
from spiderduck.content.warc import WarcArchive
from spiderduck.content.warc_leftover import Erasable, Leftover, Pages

SOFTWARE = f"SpiderDuck/{VERSION}"
CHECKED = "archive.checked"
"""The last segment in which what was never stored was looked for."""


class KeptArchive(Archive, ArchiveReader, Erasable, Protocol):
    """Written by the flow, read by the API, emptied by retention and takedowns."""

    trouble: str | None

    async def remove_older_than(self, moment: float) -> int: ...


@dataclass(frozen=True, slots=True)
class OpenArchive:
    """`work` must run for as long as pages are appended."""

    archive: KeptArchive
    work: tuple[Work, ...] = ()


async def open_archive(given: Composition, pages: Pages) -> OpenArchive:
    """For a process with schedulers: what it appends lies on its own disk first. `pages` are those that are stored."""
    if given.config.archive.url:
        with needed_for("archive.url"):
            from spiderduck.content.fsspec import FsspecArchive
        remote = FsspecArchive(given.folder / "spool", given.config.archive, given.clock, software=SOFTWARE)
        given.stack.push_async_callback(remote.close)
        return OpenArchive(remote, (("archive", remote.run), _left_over(given, "spool", remote, pages)))
    local = WarcArchive(
        given.folder / "archive", given.clock, software=SOFTWARE, rotate_bytes=given.config.archive.rotate_bytes
    )
    given.stack.push_async_callback(local.close)
    return OpenArchive(local, (_left_over(given, "archive", local, pages),))


def _left_over(given: Composition, folder: str, archive: Erasable, pages: Pages) -> Work:
    left = Leftover(given.folder / folder, given.folder / CHECKED, archive, pages, given.clock)
    return ("what was archived and not stored", left.run)


def open_archive_reader(given: Composition) -> ArchiveReader:
    """For a process that only reads."""
    with needed_for("archive.url"):
        from spiderduck.content.fsspec import FsspecReader
    reader = FsspecReader(given.config.archive, given.clock)
    given.stack.callback(reader.close)
    return reader
