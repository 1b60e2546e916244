"""Which pictures must not be served: those that lists block, and those that only blocked pages show."""

from cachetools import TTLCache

from groundwork.clock import Clock
from schedulers.links import identify
from schedulers.model import Known, Page
from schedulers.record import page_state
from schedulers.verdict import Verdict
from spiderduck.lists.judging import Judge
from spiderduck.lists.loaded import LoadedList
from spiderduck.lists.watching import Lists
from spiderduck.stores.ports import Lookups

REMEMBERED_SECONDS = 10.0
MOST_REMEMBERED = 10_000
MOST_PAGES = 20
"""Of those that show one picture. Where so many are blocked, the others are no reason to serve it."""


class WithheldPictures:
    """Asks the lists in force and the store; remembers for a moment, for a gallery asks for one picture in many
    sizes."""

    def __init__(self, lookups: Lookups, lists: Lists, clock: Clock) -> None:
        self._lookups = lookups
        self._lists = lists
        self._judge = Judge(lists, clock)
        self._known: TTLCache[str, str | None] = TTLCache(MOST_REMEMBERED, REMEMBERED_SECONDS, clock.monotonic)
        self._known_by: tuple[tuple[LoadedList, ...], int] = ((), 0)

    async def because(self, src: str) -> str | None:
        """Why nobody gets the picture `src`; None where they may. Raises `StoreUnavailable`."""
        if not may_withhold(self._lists, src):
            return None
        lists = self._lists.current, self._lists.takedowns.revision
        if lists != self._known_by:
            self._known.clear()
            self._known_by = lists
        if src not in self._known:
            reason = await self._reason(src)
            if lists != (self._lists.current, self._lists.takedowns.revision):
                return reason  # by lists that changed meanwhile: not worth remembering
            self._known[src] = reason
            return reason
        return self._known[src]

    async def _reason(self, src: str) -> str | None:
        if self._lists.takedowns.of(src) is not None:
            return "the picture was taken down"
        (itself,) = await self._lookups.known([identify(src).key])
        if (by := _blocking_list(self._judge.verdict(src, itself))) is not None:
            return f"the list {by} blocks the picture"
        by = None
        for page_id in await self._lookups.picture_pages(src, MOST_PAGES):
            page = await self._lookups.page(page_id)
            if page is None:
                continue
            by = _blocking_list(self._judge.verdict(page.url, known_page(page)))
            if by is None:
                return None
        if by is None and self._lists.takedowns.showed(src):
            return "the page that showed the picture was taken down"
        return None if by is None else f"the list {by} blocks the page that shows the picture"


def may_withhold(lists: Lists, src: str) -> bool:
    """Whether anything is a reason to ask further: a list that blocks, or a takedown of a page that showed it."""
    return any(one.config.action == "block" for one in lists.current) or lists.takedowns.showed(src)


def known_page(page: Page) -> Known:
    """A page by itself, as what is known of its own address."""
    return Known(state=page_state(page), page=page)


def _blocking_list(verdict: Verdict) -> str | None:
    return verdict.matched.list if verdict.verdict == "block" and verdict.matched is not None else None
