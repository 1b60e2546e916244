"""Keeps this process at the takedowns of all: looks every two seconds, puts what is new in force, then removes it here.

What was being written when a takedown came is removed by a second look a minute later. How far this process came stands
in a file, so that what it missed while it was away, or did not come to before it was killed, is made up for.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from fetchers.urls import without_query
from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.takedowns.in_force import InForce
from spiderduck.takedowns.model import Takedown
from spiderduck.takedowns.ports import TakedownStore
from spiderduck.takedowns.removing import Removing

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 2.0
AGAIN_SECONDS = 60.0
"""No request of a page or picture takes longer from its beginning to its last write, but for those that wait."""
WHOLE_LOOK_SECONDS = 60.0
"""So often all are read, whatever the revision says: whoever writes it may be killed between the two."""
FILE = "takedowns.followed"


class Followed(msgspec.Struct, frozen=True):
    """Up to `revision` everything was removed here, second looks included, at the moment `at`."""

    revision: str = ""
    at: float = 0.0


class Following:
    """Call `load` before anything is fetched or shown, and `run` for as long as something is. `file` keeps how far it
    came; None: nowhere."""

    def __init__(
        self, store: TakedownStore, in_force: InForce, removing: Removing, clock: Clock, file: Path | None = None
    ) -> None:
        self._store = store
        self._in_force = in_force
        self._removing = removing
        self._clock = clock
        self._file = file
        self._followed = Followed()
        self._revision: str | None = None
        self._read_at = 0.0
        self._all: list[Takedown] = []
        self._removed: dict[str, Takedown] = {}
        self._again: dict[str, float] = {}
        self._is_behind = False
        self._looking = asyncio.Lock()

    @property
    def revision(self) -> str:
        """Of what is in force here."""
        return self._revision or ""

    async def load(self) -> None:
        """What is in force already. Raises `StoreUnavailable`."""
        self._followed = await asyncio.to_thread(self._read)
        found = await self._renew()
        self._is_behind = self._followed.revision != self.revision
        since = self._followed.at or self._clock.now()
        for one in found:
            if one.is_done and one.at < since - AGAIN_SECONDS:
                self._removed[one.id] = one

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("takedowns are looked for again in a moment: %s", error)
            await self._clock.sleep(LOOK_EVERY_SECONDS)

    async def look(self) -> None:
        """Once: what is new is in force and removed here when this returns. Raises `StoreUnavailable`."""
        async with self._looking:  # who waits finds it done
            now = self._clock.now()
            found = await self._renew()
            if self._is_behind:  # others removed from what is shared what came while this process was away
                await self._removing.own_of_all(found)
                self._is_behind = False
            for one in found:
                is_new = one.id not in self._removed
                if not is_new and not self._is_due(one, now):
                    continue
                if (removed := await self._removing(one)) is None:
                    continue  # lifted meanwhile
                self._removed[one.id] = removed
                if is_new:
                    self._again[one.id] = now + AGAIN_SECONDS
                    log.info("%s was taken down; nothing of it is kept here any more", without_query(one.url))
            await self._renew()  # its pictures are known by now
            await self._note()

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Nothing is being removed here meanwhile."""
        async with self._looking:
            yield

    def _is_due(self, one: Takedown, now: float) -> bool:
        """Whether there is more of it than was removed here, or its second look has come."""
        done = self._removed[one.id]
        if (one.covered, one.archived, one.pictures, one.at) != (done.covered, done.archived, done.pictures, done.at):
            return True
        if one.id not in self._again or now < self._again[one.id]:
            return False
        if one.is_done:
            del self._again[one.id]
        else:
            self._again[one.id] = now + AGAIN_SECONDS  # some lies in another process's spool, or nobody was told
        return True

    async def _renew(self) -> list[Takedown]:
        revision, now = await self._store.revision(), self._clock.monotonic()
        if revision != self._revision or now - self._read_at > WHOLE_LOOK_SECONDS:
            found = list(await self._store.all())
            self._revision, self._read_at = revision, now
            if found != self._all:
                self._all = found
                self._in_force.put_all(found)
            present = {one.id for one in found}
            self._removed = {name: one for name, one in self._removed.items() if name in present}
            self._again = {name: at for name, at in self._again.items() if name in present}
        return self._all

    async def _note(self) -> None:
        is_noted = self._followed.at > 0 and self._followed.revision == self.revision
        if self._file is None or self._again or is_noted:
            return
        self._followed = Followed(self.revision, self._clock.now())
        await asyncio.to_thread(self._write, self._followed)

    def _read(self) -> Followed:
        if self._file is None:
            return Followed()
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Followed)
        except FileNotFoundError:
            return Followed()
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read, all that was taken down is looked for again: %s", self._file, error)
            return Followed()

    def _write(self, followed: Followed) -> None:
        """A lost file costs another look at everything."""
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(followed))
            os.replace(fresh, self._file)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._file, error)
