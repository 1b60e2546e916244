"""The archive on any store that fsspec reaches: WARC segments are written to a spool on this machine's disk and
uploaded whole.

Around `WarcArchive` (the spool) and `fsspec_store.py` (the other side). A segment leaves the spool only when it lies
there whole under its name; what a crash left behind is cut to its last whole record and uploaded at the next start.
"""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from pathlib import Path

from fetchers.model import Response
from groundwork.clock import Clock
from schedulers.model import ArchiveLocation
from spiderduck.content.fsspec_store import RemoteStore, begun
from spiderduck.content.ports import Archived, Damaged, NotUploadedYet
from spiderduck.content.warc import WarcArchive
from spiderduck.content.warc_repair import cut_to_whole_records
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.archive import ArchiveConfig

log = logging.getLogger(__name__)

MISSING_AFTER_SECONDS = 86_400.0
"""A segment that is so old and not on the other side will not come any more: it was deleted, or its disk was lost."""
UPLOAD_ON_CLOSE_SECONDS = 5.0
PAUSE_SECONDS = 5.0


class FsspecReader:
    """For who only reads: nothing of it lies in a spool of this process."""

    def __init__(self, config: ArchiveConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._store = RemoteStore(config)

    async def read(self, location: ArchiveLocation) -> Archived | NotUploadedYet | Damaged | None:
        found = await self._store.read(location)
        return _not_yet(location, self._config, self._clock) if found is None else found

    def close(self) -> None:
        self._store.close()


class FsspecArchive:
    """`run` must run for as long as segments are to be uploaded. The spool folder belongs to this process alone."""

    def __init__(self, spool: Path, config: ArchiveConfig, clock: Clock, *, software: str) -> None:
        self._config = config
        self._clock = clock
        self._store = RemoteStore(config)
        spool.mkdir(parents=True, exist_ok=True)
        self._folder = spool
        self._leftover = sorted(spool.glob("*.warc.gz"))
        self._spool = WarcArchive(
            spool, clock, software=software, rotate_bytes=config.rotate_bytes, suffix=f"-{secrets.token_hex(4)}"
        )
        self.trouble: str | None = None

    async def append(self, page_id: int, response: Response, metadata: bytes) -> ArchiveLocation:
        """On this machine's disk when it returns. Raises `StoreUnavailable` where the disk does not take it."""
        return await self._spool.append(page_id, response, metadata)

    async def read(self, location: ArchiveLocation) -> Archived | NotUploadedYet | Damaged | None:
        found = await self._spool.read(location)
        if not isinstance(found, tuple):
            found = await self._store.read(location) or found
        if found is None:
            found = await self._spool.read(location)  # it may have been written and not begun to be uploaded before
        return _not_yet(location, self._config, self._clock) if found is None else found

    async def erase(self, locations: Sequence[ArchiveLocation]) -> bool:
        """As `takedowns.ports.ErasableArchive.erase`: in the spool, then in what was uploaded meanwhile."""
        everywhere = True
        for name in dict.fromkeys(location.file for location in locations):
            here = [location for location in locations if location.file == name]
            in_spool = await asyncio.to_thread((self._folder / name).exists)
            await self._spool.erase(here)
            there = await self._store.erase(here, self._folder)
            is_old = self._clock.now() - begun(name) >= MISSING_AFTER_SECONDS
            everywhere = everywhere and (there or in_spool or is_old)
        return everywhere

    async def remove_older_than(self, moment: float) -> int:
        """Delete the days that ended before `moment`. Returns how many segments went."""
        return await self._store.remove_older_than(moment)

    async def run(self) -> None:
        """Upload what is due until cancelled."""
        while True:
            pause = self._config.rotate_seconds / 4 if await self.upload_due() else PAUSE_SECONDS
            await self._clock.sleep(pause)

    async def upload_due(self) -> bool:
        """One round: segments that have their size or age. False where the store did not take them; they stay here."""
        return await self._upload(self._config.rotate_seconds)

    async def close(self) -> None:
        """End the current segment and upload it if that goes quickly; else the next start does."""
        try:
            async with asyncio.timeout(UPLOAD_ON_CLOSE_SECONDS):
                await self._upload(0.0)
        except TimeoutError:
            log.warning("the archive does not answer; what is in the spool is uploaded at the next start")
        await self._spool.close()
        self._store.close()

    async def _upload(self, older_than: float) -> bool:
        try:
            for path in await self._spool.seal(older_than):
                if path in self._leftover:
                    await asyncio.to_thread(cut_to_whole_records, path)
                    self._leftover.remove(path)
                await self._store.upload(path)
        except StoreUnavailable as error:
            self.trouble = str(error)
            log.warning("%s; the segments wait in the spool", error)
            return False
        self.trouble = None
        return True


def _not_yet(location: ArchiveLocation, config: ArchiveConfig, clock: Clock) -> NotUploadedYet | None:
    """What is not there may still lie in somebody's spool, if it is young."""
    if clock.now() - begun(location.file) < MISSING_AFTER_SECONDS:
        return NotUploadedYet(int(config.rotate_seconds) + 1)
    return None
