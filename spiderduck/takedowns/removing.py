"""Removes everything that is kept of a takedown from the places that this process reaches. May be repeated.

Several processes remove the same one side by side. What each finds is added to the takedown in one step, and nothing of
one that was lifted meanwhile comes back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import Protocol

from groundwork.clock import Clock
from schedulers import notice
from schedulers.model import Known
from schedulers.verdict import Verdict
from spiderduck.database.picture_index import picture_key
from spiderduck.takedowns.in_force import InForce, pictures_of
from spiderduck.takedowns.model import Takedown, with_erasure, with_pages, with_removal, with_teller, with_word
from spiderduck.takedowns.notices import redacted
from spiderduck.takedowns.ports import (
    Announcing,
    Caches,
    ErasableArchive,
    KeptNotices,
    Records,
    Rows,
    SharesOf,
    TakedownStore,
)

PAGES_AT_ONCE = 200
TELLING_SECONDS = 60.0
"""Whoever began to tell subscribers so long ago will not end any more."""


class Judges(Protocol):
    """As `spiderduck.lists.judging.Judge`."""

    def verdict(self, url: str, known: Known) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Announcer:
    """Tells subscribers, from one process of several."""

    store: Announcing
    judge: Judges


@dataclass(frozen=True, slots=True)
class Places:
    """Where this process reaches something; None where it does not. `caches` and `rows` are its own, all else is
    shared."""

    records: Records | None = None
    notices: KeptNotices | None = None
    archive: ErasableArchive | None = None
    caches: Caches | None = None
    announcer: Announcer | None = None
    shares: SharesOf | None = None
    rows: Rows | None = None


class Removing:
    """Over the places of this process."""

    def __init__(self, store: TakedownStore, places: Places, in_force: InForce, clock: Clock) -> None:
        self._store = store
        self._places = places
        self._in_force = in_force
        self._clock = clock
        self._own = token_hex(8)

    async def __call__(self, takedown: Takedown) -> Takedown | None:
        """As it is kept afterwards; None where it was lifted meanwhile. It must be in force before, or what is removed
        may come again."""
        places, found = self._places, takedown
        if places.records is not None:
            kept = await self._from_records(places.records, takedown)
            if kept is None:
                return None
            found = kept
        if places.shares is not None:
            await places.shares.forget(found.keys)
        if places.notices is not None:
            await places.notices.redact(found.hosts, lambda body: redacted(body, self._in_force))
        await self.own([found])
        if places.announcer is not None:
            await self._announce(places.announcer, found)
        if places.records is None:
            return found
        return await self._ended(places.records, found)

    async def own(self, takedowns: Sequence[Takedown]) -> None:
        """From what this process alone has: the caches of pictures, and files of rows."""
        if self._places.caches is not None:
            await self._places.caches.purge([url for one in takedowns for url in pictures_of(one)])
        await self._from_rows(takedowns)

    async def own_of_all(self, takedowns: Sequence[Takedown]) -> None:
        """The same for all that are in force, which may be many: by what is there."""
        if self._places.caches is not None and takedowns:
            await self._places.caches.purge_keys(self._in_force.pictures)
        await self._from_rows(takedowns)

    async def _from_rows(self, takedowns: Sequence[Takedown]) -> None:
        """Pictures go by what these takedowns name: what is in force may not know of them yet."""
        if self._places.rows is None or not self._in_force:
            return
        pictures = {key for one in takedowns for url in pictures_of(one) if (key := picture_key(url)) is not None}

        def is_gone(url: str) -> bool:
            return self._in_force.of(url) is not None or picture_key(url) in pictures

        await self._places.rows.forget(is_gone, frozenset(page for one in takedowns for page in one.pages))

    async def _from_records(self, records: Records, takedown: Takedown) -> Takedown | None:
        """The places of their bytes are written down before the pages go, so that a crash in between forgets none."""
        found: Takedown | None = takedown
        for key in takedown.keys:
            while pages := await records.history(key, PAGES_AT_ONCE):
                found = await self._store.change(takedown.id, partial(with_pages, pages=pages))
                if found is None:
                    return None
                await records.remove_pages(pages)
        await records.remove_urls(takedown.keys, takedown.remains())
        return found

    async def _ended(self, records: Records, takedown: Takedown) -> Takedown | None:
        kept = await self._changed(takedown, partial(with_removal, now=self._clock.now()))
        if kept is None:
            await records.remove_urls(takedown.keys, ())  # what says that it is taken down must not stay
            return None
        archive = self._places.archive
        if archive is None or kept.erased_at is not None or not await archive.erase(kept.archived):
            return kept
        return await self._changed(kept, partial(with_erasure, erased=kept.archived, now=self._clock.now()))

    async def _announce(self, to: Announcer, takedown: Takedown) -> None:
        """At least once: by another process, where the one that began does not end."""
        claim = partial(with_teller, teller=self._own, now=self._clock.now(), seconds=TELLING_SECONDS)
        kept = await self._changed(takedown, claim)
        if kept is None or kept.told_at is not None or kept.teller != self._own:
            return
        now, told = self._clock.now(), []
        for state in kept.remains():
            known = Known(state=state)
            told.append(notice.judged(known, to.judge.verdict(state.url, known), now))
        await to.store.tell(told)
        await self._changed(kept, partial(with_word, at=kept.at, now=self._clock.now()))

    async def _changed(
        self, takedown: Takedown, change: Callable[[Takedown | None], Takedown | None]
    ) -> Takedown | None:
        return await self._store.change(takedown.id, change)
