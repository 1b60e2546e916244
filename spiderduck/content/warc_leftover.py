"""Erases from the archive what a process that was killed had archived and not yet stored.

Its event comes again and is fetched again, so that nobody would ever find those bytes: no look-up, and no takedown.
Only the segments of earlier processes are looked at, once each; which was the last stands in a file.
"""

import asyncio
import logging
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from groundwork.clock import Clock
from schedulers.model import ArchiveLocation, Page
from spiderduck.content.warc_repair import cut_to_whole_records
from spiderduck.errors import StoreUnavailable

log = logging.getLogger(__name__)

GZIP = 16 + zlib.MAX_WBITS
CHUNK = 256 * 1024
MOST_HEAD = 64 * 1024
PAGE_ID = b"spiderduck-page-id"
RETRY_SECONDS = 5.0


class Archived(NamedTuple):
    """The record of a page, and where it lies."""

    page_id: int
    location: ArchiveLocation


class Pages(Protocol):
    """As `spiderduck.stores.ports.Lookups.page`."""

    async def page(self, page_id: int) -> Page | None: ...


class Erasable(Protocol):
    """As `spiderduck.takedowns.ports.ErasableArchive.erase`."""

    async def erase(self, locations: Sequence[ArchiveLocation]) -> bool: ...


class Leftover:
    """Made before the first page is archived: what lies in `folder` then is another process's. `done` is the file that
    says how far this was looked through; without it the newest segment is."""

    def __init__(self, folder: Path, done: Path, archive: Erasable, pages: Pages, clock: Clock) -> None:
        self._folder = folder
        self._done = done
        self._archive = archive
        self._pages = pages
        self._clock = clock
        self._segments = self._unseen()

    async def run(self) -> None:
        """Until cancelled, also when it is through: where work ends, the process does."""
        while self._segments:
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("what the last process left in the archive is looked through later: %s", error)
                await self._clock.sleep(RETRY_SECONDS)
        await asyncio.Event().wait()

    async def look(self) -> int:
        """Once, all of them; how many records were erased. Raises `StoreUnavailable`."""
        count = 0
        while self._segments:
            path = self._segments[0]
            records = await asyncio.to_thread(_whole, path)
            lost = [one.location for one in records if await self._pages.page(one.page_id) is None]
            if lost:
                await self._archive.erase(lost)
                log.info("%d pages of %s were archived and never stored; they are erased", len(lost), path.name)
            count += len(lost)
            await asyncio.to_thread(self._note, path)
            del self._segments[0]
        return count

    def _unseen(self) -> list[Path]:
        segments = sorted(self._folder.glob("*.warc.gz"))
        try:
            seen = self._done.read_text()
        except FileNotFoundError:
            return segments[-1:]
        except (OSError, UnicodeDecodeError) as error:
            log.warning("%s cannot be read; the newest segment is looked through: %s", self._done, error)
            return segments[-1:]
        return [path for path in segments if path.name > seen]

    def _note(self, path: Path) -> None:
        """A lost file costs another look."""
        fresh = self._done.with_suffix(".new")
        try:
            fresh.write_text(path.name)
            os.replace(fresh, self._done)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._done, error)


def _whole(path: Path) -> list[Archived]:
    """The records of pages in a segment, which is cut where a crash tore it. Raises `StoreUnavailable`."""
    try:
        cut_to_whole_records(path)
        return list(responses(path))
    except FileNotFoundError:
        return []  # uploaded meanwhile, or not one record was whole
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be read: {error.strerror}") from error


def responses(path: Path) -> Iterator[Archived]:
    """The records of pages in a segment. Raises OSError."""
    for offset, length, head in _members(path):
        fields = dict(_field(line) for line in head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:])
        if fields.get(PAGE_ID, b"").isdigit():
            yield Archived(int(fields[PAGE_ID]), ArchiveLocation(path.name, offset, length, ""))


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def _members(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Place, length and beginning of each whole member."""
    begin = position = 0
    inflate, head = zlib.decompressobj(GZIP), b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            while chunk:
                try:
                    data = inflate.decompress(chunk)
                except zlib.error:
                    return
                head = (head + data[: MOST_HEAD - len(head)]) if len(head) < MOST_HEAD else head
                position += len(chunk) - len(inflate.unused_data)
                chunk = inflate.unused_data
                if inflate.eof:
                    yield begin, position - begin, head
                    begin, inflate, head = position, zlib.decompressobj(GZIP), b""
