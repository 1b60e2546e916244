"""How far the walk came that judges everything again, and who walks: a small file where one process has the store."""

import asyncio
import logging
import os
from pathlib import Path
from typing import Protocol

import msgspec

log = logging.getLogger(__name__)


class Progress(msgspec.Struct, frozen=True):
    """How far the walk with the `lists` of that fingerprint came."""

    lists: str
    after: str | None = None
    done: bool = False


class Walks(Protocol):
    """Lets one process at a time walk. Raises `StoreUnavailable` where it is kept in a store."""

    async def begin(self, lists: str) -> Progress | None:
        """Where to go on with these lists; None where another process walks now. The walk is ours until it is done, or
        until nothing was saved for a minute. `lists` is empty where there are none."""

    async def save(self, progress: Progress) -> bool:
        """False where the walk is no longer ours."""


def resumed(kept: Progress | None, lists: str) -> Progress:
    """Where a walk with these lists begins, if so much was kept of the last one."""
    if kept is None:
        return Progress(lists, done=not lists)  # there never was a list
    return kept if kept.lists == lists else Progress(lists)


class FileWalks:
    """See `Walks`: for the one process that has the store."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def begin(self, lists: str) -> Progress | None:
        return await asyncio.to_thread(self._begin, lists)

    async def save(self, progress: Progress) -> bool:
        await asyncio.to_thread(self._save, progress)
        return True

    def _begin(self, lists: str) -> Progress:
        try:
            return resumed(msgspec.json.decode(self._file.read_bytes(), type=Progress), lists)
        except FileNotFoundError:
            return resumed(None, lists)
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read, all records are judged again: %s", self._file, error)
            return Progress(lists)

    def _save(self, progress: Progress) -> None:
        """A lost file costs another walk, so that it need not be on the disk before anything else is."""
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(progress))
            os.replace(fresh, self._file)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._file, error)
