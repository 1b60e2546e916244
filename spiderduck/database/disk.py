"""Whether the data folder's disk has room, and whether the database in it can be written: asked for its own sake.

Beside the flow, for `/readyz`, `/metrics` and the log. A full disk loses nothing and ends nothing: what comes is
refused, and what waits goes on when there is room.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from groundwork.clock import Clock
from groundwork.readiness import Trouble
from spiderduck.database.sqlite import FREE_SPACE, MAKE_WRITABLE, Database
from spiderduck.errors import StoreUnavailable

log = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0
LOW_BYTES = 1024**3
LOW_SHARE = 0.1
"""Low is less than the smaller of the two: a gibibyte, or a tenth of the disk."""
FULL_BYTES = 64 * 1024
"""With less no page can be kept."""


class DiskWatch:
    """`trouble` says why nothing can be written; None while it can. `free` and `size` are bytes of the disk."""

    def __init__(self, folder: Path, clock: Clock, database: Database | None = None) -> None:
        self._folder = folder
        self._clock = clock
        self._database = database
        self._is_low = False
        self._is_full = False
        self._is_read_only = False
        self.free = self.size = 0

    @property
    def trouble(self) -> Trouble | None:
        if self._is_read_only:
            return Trouble(f"the disk that holds {self._folder} is mounted read-only", "read_only", MAKE_WRITABLE)
        if self._is_full:
            return Trouble(f"the disk that holds {self._folder} is full", "disk_full", FREE_SPACE)
        if self._database is not None and self._database.trouble is not None:
            return self._database.trouble
        if self._is_low:
            says = f"{self._folder} has {self.free // 10**6} MB left"
            return Trouble(says, "disk_low", FREE_SPACE, blocks=False)
        return None

    async def run(self) -> None:
        """Look every two seconds until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        """Look once."""
        self._measure()
        if self._database is not None:
            try:
                await self._database.probe()
            except StoreUnavailable as error:
                log.debug("the store is not ready: %s", error)  # `trouble` says it, and who writes is told

    def gauges(self) -> Mapping[str, tuple[str, float]]:
        return {
            "disk_free_bytes": ("Bytes that are free on the data folder's disk.", self.free),
            "disk_size_bytes": ("Bytes of the data folder's disk.", self.size),
        }

    def _measure(self) -> None:
        try:
            found = os.statvfs(self._folder)
        except OSError as error:
            log.warning("the disk of %s cannot be looked at: %s", self._folder, error.strerror)
            return
        self.free, self.size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
        self._is_full = self.free < FULL_BYTES
        self._is_read_only = bool(found.f_flag & os.ST_RDONLY)
        is_low = self.free < min(LOW_BYTES, LOW_SHARE * self.size)
        if is_low != self._is_low:
            self._is_low = is_low
            if is_low:
                log.warning("%s has %d MB left; without room nothing more is taken", self._folder, self.free // 10**6)
            else:
                log.warning("%s has room again: %d MB", self._folder, self.free // 10**6)
