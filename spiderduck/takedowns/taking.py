"""Takes a URL down, and lifts that: what an admin calls."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from groundwork.clock import Clock
from schedulers.links import Link, key_of
from schedulers.model import Known, Status, UrlState
from schedulers.notice import host_of
from spiderduck.errors import StoreUnavailable
from spiderduck.takedowns.following import Following
from spiderduck.takedowns.model import UNTOLD, Covered, Takedown, id_of, renewed, twin
from spiderduck.takedowns.ports import Records, TakedownStore

log = logging.getLogger(__name__)

MOST_COVERED = 1_000
"""URLs that lead to one page, beside it."""


class Reach(NamedTuple):
    """What a takedown holds for, and the hosts of URLs that led there once."""

    covered: tuple[Covered, ...]
    former: tuple[str, ...]


class Takedowns:
    """Over the list of takedowns and the store of records."""

    def __init__(self, store: TakedownStore, records: Records, following: Following, clock: Clock) -> None:
        self._store = store
        self._records = records
        self._following = following
        self._clock = clock

    async def order(self, link: Link, *, by: str | None, reason: str | None, destination: bool) -> Takedown:
        """Kept when this returns, and carried out by every process within seconds. With `destination`, the page that
        the URL leads to goes as well. Raises `StoreUnavailable`; may be repeated."""
        reach = await self._reach(link, destination)
        now = self._clock.now()
        order = Takedown(covered=reach.covered, former=reach.former, at=now, by=by, reason=reason, telling_at=UNTOLD)
        return await self._store.change(order.id, partial(renewed, order=order)) or order

    async def carry_out(self, takedown: Takedown) -> Takedown:
        """In force and removed wherever this process reaches when this returns. Raises `StoreUnavailable`: then it is
        tried again in the background."""
        await self._following.look()
        return await self._find(takedown.id) or takedown

    async def lift(self, link: Link) -> Takedown | None:
        """From now on it may be shared again, and is then fetched anew. None where it was not taken down by that
        URL."""
        async with self._following.still():
            found = await self._find(id_of(link.key))
            if found is None:
                return None
            others = [one for one in await self._store.all() if one.id != found.id]
            # Before anything can be fetched anew. What another takedown holds for stays as that one left it.
            await self._records.remove_urls(found.keys, _remains(others, found.keys))
            await self._store.change(found.id, lambda _: None)
        try:
            await self._following.look()
        except StoreUnavailable as error:  # it is lifted, and is known here with the next look
            log.warning("what was lifted is refused here for a moment: %s", error)
        return found

    async def revision(self) -> str:
        """Another one after every change that is in force in this process."""
        return self._following.revision

    async def all(self) -> Sequence[Takedown]:
        """The newest first."""
        return sorted(await self._store.all(), key=lambda one: one.at, reverse=True)

    async def _find(self, identity: str) -> Takedown | None:
        return next((one for one in await self._store.all() if one.id == identity), None)

    async def _reach(self, link: Link, destination: bool) -> Reach:
        """The URL, the page that it leads to, and what is known to lead there, each under both schemes if it is known
        so."""
        found, former = {link.key: Covered(link.key, link.url)}, dict[str, None]()
        if destination:
            for known in await self._records.known([link.key, twin(link.key)]):
                found |= {one.key: one for one in _ends(known) if one.key not in found}
        waiting = list(found)
        while waiting and len(found) <= MOST_COVERED:
            target = waiting.pop()
            for one in await self._beside(target):
                if one.state is None or one.state.key in found or len(found) > MOST_COVERED:
                    continue
                if _leads_to(one.state, target):
                    found[one.state.key] = Covered(one.state.key, one.state.url)
                    waiting.append(one.state.key)
                else:
                    former[host_of(one.state.url)] = None
        return Reach(tuple(found.values()), tuple(former))

    async def _beside(self, target: str) -> Sequence[Known]:
        """What is known of the same address under the other scheme, and of all that ever redirected to it."""
        leading = await self._records.redirects_to(target, MOST_COVERED)
        keys = [twin(target), *leading]
        known = await self._records.known(keys)
        return [*known[:1], *map(_at_least, leading, known[1:])]


def _ends(known: Known) -> Sequence[Covered]:
    """Where a URL leads: its page, and the address at which that was found."""
    if known.page is None:
        return ()
    resolved = None if known.state is None else known.state.resolved_url
    key = None if resolved is None else key_of(resolved)
    own = Covered(known.page.key, known.page.url)
    return (own,) if key is None or resolved is None else (own, Covered(key, resolved))


def _at_least(key: str, known: Known) -> Known:
    """A URL of which only its redirect is known is known by that."""
    return known if known.state is not None else Known(state=UrlState(key, key, Status.UNKNOWN))


def _leads_to(state: UrlState, target: str) -> bool:
    """Now, as far as is known: what was followed to somewhere else leads there no more."""
    if state.resolved_url is None:
        return True
    steps = {step.key for step in state.redirects} | {state.key, key_of(state.resolved_url)}
    return target in steps or twin(target) in steps


def _remains(others: Sequence[Takedown], keys: Sequence[str]) -> Sequence[UrlState]:
    wanted = set(keys)
    return [state for one in others for state in one.remains() if state.key in wanted]
