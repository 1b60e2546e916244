"""Where the bytes of pages are kept: WARC files in the data folder, or anywhere that fsspec reaches."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fetchers.config import VERSION
from groundwork.clock import Clock
from schedulers.ports import Archive
from spiderduck.bootstrap.backing import Work
from spiderduck.bootstrap.extras import needed_for
from spiderduck.config import Config
from spiderduck.content.ports import ArchiveReader
from spiderduck.content.warc import WarcArchive

SOFTWARE = f"SpiderDuck/{VERSION}"


class KeptArchive(Archive, ArchiveReader, Protocol):
    """Written by the flow, read by the API, emptied by retention."""

    trouble: str | None

    async def remove_older_than(self, moment: float) -> int: ...


@dataclass(frozen=True, slots=True)
class OpenArchive:
    """`work` must run for as long as pages are appended."""

    archive: KeptArchive
    work: tuple[Work, ...] = ()


async def open_archive(config: Config, folder: Path, clock: Clock, stack: AsyncExitStack) -> OpenArchive:
    """For a process with schedulers: what it appends lies on its own disk first."""
    if config.archive.url:
        with needed_for("archive.url"):
            from spiderduck.content.fsspec import FsspecArchive
        remote = FsspecArchive(folder / "spool", config.archive, clock, software=SOFTWARE)
        stack.push_async_callback(remote.close)
        return OpenArchive(remote, (("archive", remote.run),))
    local = WarcArchive(folder / "archive", clock, software=SOFTWARE, rotate_bytes=config.archive.rotate_bytes)
    stack.push_async_callback(local.close)
    return OpenArchive(local)


def open_reader(config: Config, clock: Clock, stack: AsyncExitStack) -> ArchiveReader:
    """For a process that only reads."""
    with needed_for("archive.url"):
        from spiderduck.content.fsspec import FsspecReader
    reader = FsspecReader(config.archive, clock)
    stack.callback(reader.close)
    return reader
