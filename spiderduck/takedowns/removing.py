"""Removes everything that is kept of a takedown from the stores that this process reaches. May be repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Protocol

import msgspec

from groundwork.clock import Clock
from schedulers import notice
from schedulers.metadata import decode_metadata
from schedulers.model import Known, Page
from schedulers.verdict import Verdict
from spiderduck.takedowns.in_force import InForce
from spiderduck.takedowns.model import Takedown
from spiderduck.takedowns.notices import redacted
from spiderduck.takedowns.ports import Announcing, Caches, ErasableArchive, KeptNotices, Records, TakedownStore

PAGES_AT_ONCE = 200


class Claims(Protocol):
    """As `spiderduck.api.services.Marks.claim`."""

    async def claim(self, name: str, fingerprint: str) -> bool: ...


class Judges(Protocol):
    """As `spiderduck.lists.judging.Judge`."""

    def verdict(self, url: str, known: Known) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Announcer:
    """Tells subscribers, from one process of several."""

    store: Announcing
    claims: Claims
    judge: Judges


@dataclass(frozen=True, slots=True)
class Places:
    """Where this process reaches something; None where it does not."""

    records: Records | None = None
    notices: KeptNotices | None = None
    archive: ErasableArchive | None = None
    caches: Caches | None = None
    announcer: Announcer | None = None


class Removing:
    """Over the places of this process."""

    def __init__(self, store: TakedownStore, places: Places, in_force: InForce, clock: Clock) -> None:
        self._store = store
        self._places = places
        self._in_force = in_force
        self._clock = clock

    async def __call__(self, takedown: Takedown) -> Takedown:
        """As it is kept afterwards. It must be in force before, or what is removed may come again."""
        if self._places.records is not None:
            takedown = await self._from_records(self._places.records, takedown)
        if self._places.notices is not None:
            hosts = {notice.host_of(one.url) for one in takedown.covered}
            await self._places.notices.redact(sorted(hosts), lambda body: redacted(body, self._in_force))
        if self._places.caches is not None:
            await self._places.caches.purge((*takedown.pictures, *(one.url for one in takedown.covered)))
        if self._places.announcer is not None:
            await self._announce(self._places.announcer, takedown)
        if self._places.records is not None and takedown.removed_at is None:
            takedown = msgspec.structs.replace(takedown, removed_at=self._clock.now())
            await self._store.put(takedown)
        return await self._from_archive(takedown)

    async def _from_records(self, records: Records, takedown: Takedown) -> Takedown:
        """The places of their bytes are written down before the pages go, so that a crash in between forgets none."""
        for covered in takedown.covered:
            while pages := await records.history(covered.key, PAGES_AT_ONCE):
                takedown = _with_pages(takedown, pages)
                await self._store.put(takedown)
                await records.remove_pages(pages)
        await records.remove_urls([one.key for one in takedown.covered], takedown.remains())
        return takedown

    async def _from_archive(self, takedown: Takedown) -> Takedown:
        archive = self._places.archive
        if archive is None or takedown.erased_at is not None or takedown.removed_at is None:
            return takedown
        if not await archive.erase(takedown.archived):
            return takedown
        takedown = msgspec.structs.replace(takedown, erased_at=self._clock.now())
        await self._store.put(takedown)
        return takedown

    async def _announce(self, to: Announcer, takedown: Takedown) -> None:
        if not await to.claims.claim(f"takedown {takedown.id} {takedown.at}", token_hex(16)):
            return
        now, told = self._clock.now(), []
        for state in takedown.remains():
            known = Known(state=state)
            told.append(notice.judged(known, to.judge.verdict(state.url, known), now))
        await to.store.tell(told)


def _with_pages(takedown: Takedown, pages: Sequence[Page]) -> Takedown:
    found = [decode_metadata(page.metadata) for page in pages]
    shown = (one.url for said in found for one in (said.image, said.icon, said.touch_icon) if one is not None)
    return msgspec.structs.replace(
        takedown,
        pages=tuple(dict.fromkeys((*takedown.pages, *(page.id for page in pages)))),
        pictures=tuple(dict.fromkeys((*takedown.pictures, *shown))),
        archived=tuple(
            dict.fromkeys((*takedown.archived, *(page.archived for page in pages if page.archived is not None)))
        ),
        erased_at=None,
    )
