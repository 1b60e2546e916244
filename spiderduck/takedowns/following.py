"""Keeps this process at the takedowns of all: looks every two seconds, puts what is new in force, then removes it here.

What was being written when a takedown came is removed by a second look a minute later.
"""

import asyncio
import logging

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


class Following:
    """Call `load` before anything is fetched or shown, and `run` for as long as something is."""

    def __init__(self, store: TakedownStore, in_force: InForce, removing: Removing, clock: Clock) -> None:
        self._store = store
        self._in_force = in_force
        self._removing = removing
        self._clock = clock
        self._revision: str | None = None
        self._all: list[Takedown] = []
        self._removed: dict[str, Takedown] = {}
        self._again: dict[str, float] = {}
        self._looking = asyncio.Lock()

    @property
    def revision(self) -> str:
        """Of what is in force here."""
        return self._revision or ""

    async def load(self) -> None:
        """What is in force already. Raises `StoreUnavailable`."""
        for one in await self._renew():
            if one.removed_at is not None and one.erased_at is not None:
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
            for one in await self._renew():
                is_new = one.id not in self._removed
                if not is_new and not self._is_due(one, now):
                    continue
                self._removed[one.id] = await self._removing(one)
                if is_new:
                    self._again[one.id] = now + AGAIN_SECONDS
                    log.info("%s was taken down; nothing of it is kept here any more", one.url)
            await self._renew()  # its pictures are known by now

    def _is_due(self, one: Takedown, now: float) -> bool:
        """Whether there is more of it than was removed here, or its second look has come."""
        done = self._removed[one.id]
        if (one.covered, one.archived, one.pictures, one.at) != (done.covered, done.archived, done.pictures, done.at):
            return True
        if one.id not in self._again or now < self._again[one.id]:
            return False
        if one.erased_at is not None:
            del self._again[one.id]
        else:
            self._again[one.id] = now + AGAIN_SECONDS  # some lies in another process's spool
        return True

    async def _renew(self) -> list[Takedown]:
        revision = await self._store.revision()
        if revision != self._revision:
            self._all = list(await self._store.all())
            self._revision = revision
            self._in_force.put_all(self._all)
            present = {one.id for one in self._all}
            self._removed = {name: one for name, one in self._removed.items() if name in present}
            self._again = {name: at for name, at in self._again.items() if name in present}
        return self._all
