"""Takes a URL down, and lifts that: what an admin calls."""

from collections.abc import Sequence

from groundwork.clock import Clock
from schedulers.links import Link, key_of
from spiderduck.takedowns.following import Following
from spiderduck.takedowns.model import Covered, Takedown, id_of
from spiderduck.takedowns.ports import Records, TakedownStore

MOST_COVERED = 1_000
"""URLs that lead to one page, beside it."""


class Takedowns:
    """Over the list of takedowns and the store of records."""

    def __init__(self, store: TakedownStore, records: Records, following: Following, clock: Clock) -> None:
        self._store = store
        self._records = records
        self._following = following
        self._clock = clock

    async def take(self, link: Link, *, by: str | None, reason: str | None, destination: bool) -> Takedown:
        """In force and removed wherever this process reaches when this returns; other processes follow within seconds.
        With `destination`, the page that the URL leads to goes as well. Raises `StoreUnavailable`; may be repeated."""
        covered = await self._covered(link, destination)
        before = await self._find(id_of(link.key))
        if before is not None:
            covered = tuple({one.key: one for one in (*covered, *before.covered)}.values())
        takedown = Takedown(
            covered=covered,
            at=self._clock.now(),
            by=by,
            reason=reason,
            pages=() if before is None else before.pages,
            pictures=() if before is None else before.pictures,
            archived=() if before is None else before.archived,
        )
        await self._store.put(takedown)
        await self._following.look()
        return await self._find(takedown.id) or takedown

    async def lift(self, link: Link) -> Takedown | None:
        """From now on it may be shared again, and is then fetched anew. None where it was not taken down by that
        URL."""
        found = await self._find(id_of(link.key))
        if found is None:
            return None
        await self._records.remove_urls([one.key for one in found.covered], ())  # before anything can be fetched anew
        await self._store.remove(found.id)
        await self._following.look()
        return found

    async def revision(self) -> str:
        """Another one after every change that is in force in this process."""
        return self._following.revision

    async def all(self) -> Sequence[Takedown]:
        """The newest first."""
        return sorted(await self._store.all(), key=lambda one: one.at, reverse=True)

    async def _find(self, identity: str) -> Takedown | None:
        return next((one for one in await self._store.all() if one.id == identity), None)

    async def _covered(self, link: Link, destination: bool) -> tuple[Covered, ...]:
        """The URL, the page that it leads to, and what is known to lead there."""
        found = {link.key: Covered(link.key, link.url)}
        (known,) = await self._records.known([link.key])
        if destination and known.page is not None:
            found.setdefault(known.page.key, Covered(known.page.key, known.page.url))
            resolved = None if known.state is None else known.state.resolved_url
            if resolved is not None and (key := key_of(resolved)) is not None:
                found.setdefault(key, Covered(key, resolved))
        waiting = list(found)
        while waiting and len(found) <= MOST_COVERED:
            leading = [one for one in await self._records.redirects_to(waiting.pop(), MOST_COVERED) if one not in found]
            for key, one in zip(leading, await self._records.known(leading), strict=True):
                if len(found) <= MOST_COVERED:
                    found[key] = Covered(key, key if one.state is None else one.state.url)
                    waiting.append(key)
        return tuple(found.values())
