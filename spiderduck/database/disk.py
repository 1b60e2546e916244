"""Whether the data folder's disk has room, and whether the database in it can be written: asked for its own sake.

Beside the flow, for `/readyz`, `/metrics` and the log. A full disk loses nothing and ends nothing: what comes is
refused, and what waits goes on when there is room.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from groundwork.clock import Clock
from spiderduck.database.sqlite import Database
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
        self.free = self.size = 0

    @property
    def trouble(self) -> str | None:
        if self._is_full:
            return f"the disk that holds {self._folder} is full; free some space there, nothing was lost"
        return None if self._database is None else self._database.trouble

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
        is_low = self.free < min(LOW_BYTES, LOW_SHARE * self.size)
        if is_low != self._is_low:
            self._is_low = is_low
            if is_low:
                log.warning("%s has %d MB left; without room nothing more is taken", self._folder, self.free // 10**6)
            else:
                log.warning("%s has room again: %d MB", self._folder, self.free // 10**6)
