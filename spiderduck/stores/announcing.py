"""The flow's `MetadataStore` where store and broker are two systems: store, then tell, then note that it is done.

Between a store without transactions and an `Announcer`. The notice goes out, confirmed, before the event's share is
noted as finished. After a crash in between the event comes again and is told again, with the same id.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from schedulers.model import Change, Known, Page, Status, UrlState
from schedulers.notice import Notice, notice_id
from schedulers.verdict import Judged
from spiderduck.stores.ports import Walked
from spiderduck.stores.write_behind import WriteBehindMarks

log = logging.getLogger(__name__)

REMEMBERED = 10_000


class Announcer(Protocol):
    """Where notices go out."""

    async def announce(self, notice: Notice) -> None:
        """With the broker, confirmed, when this returns; waits while there is no broker."""


class Records(Protocol):
    """The store itself, written step by step."""

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        """As `MetadataStore.look_up`."""

    async def mark(self, state: UrlState) -> None:
        """As `MetadataStore.mark`."""

    async def page(self, page_id: int) -> Page | None:
        """As `MetadataStore.page`."""

    async def saw_picture(self, site: str, picture: str, page: str) -> int:
        """As `MetadataStore.saw_picture`."""

    async def write(self, key: str, change: Change, event_id: str) -> None:
        """Durable when this returns; may be repeated, which makes no second version of the page for the same event. The
        record of the URL `key` is visible last."""

    async def finish(self, event_id: str, key: str) -> None:
        """From now on `look_up` has seen this event's share of the URL."""

    async def first_seen(self, domain: str) -> float:
        """As `DomainAges.first_seen`."""

    async def walk(self, after: str | None, most: int) -> Walked:
        """As `Judgements.walk`."""

    async def write_judged(self, before: UrlState, judged: Judged) -> bool:
        """As `Judgements.judge_again`, without the notice."""

    async def write_metadata(self, page: Page) -> bool:
        """Replace a page's metadata. False where it is no longer there."""


class AnnouncingStore:
    """A repeat is stopped by the decider, which reads what is finished; one of this process here, without a read. A URL
    that comes to its end within half a second is never written down as pending."""

    def __init__(self, records: Records, announcer: Announcer) -> None:
        self._records = records
        self._announcer = announcer
        self._finished: dict[str, None] = {}
        self._young = WriteBehindMarks(self._write_marks)
        self.page = records.page
        self.saw_picture = records.saw_picture
        self.walk = records.walk
        self.first_seen = records.first_seen

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        """As `MetadataStore.look_up`."""
        known = await self._records.look_up(key, event_id)
        young = self._young.get(key) if known.state is None else None
        return known if young is None else Known(known.seen, young)

    async def mark(self, state: UrlState) -> None:
        """As `MetadataStore.mark`; for others a URL is pending half a second later."""
        if state.status is Status.PENDING:
            self._young.put(state)
        else:
            self._young.drop(state.key)
            await self._records.mark(state)

    async def complete(self, event_id: str, key: str, change: Change, notice: Notice) -> None:
        identity = notice_id(event_id, key)
        if identity in self._finished:
            return
        if change.states or change.page is not None:
            await self._records.write(key, change, event_id)
        self._young.drop(key)
        await self._announcer.announce(notice)
        await self._records.finish(event_id, key)
        self._remember(identity)

    async def update_page(self, page: Page, notice: Notice) -> None:
        if await self._records.write_metadata(page):
            await self._announcer.announce(notice)

    async def judge_again(self, before: UrlState, judged: Judged, notice: Notice) -> bool:
        """Told first: after a crash in between it is told again, with the same id."""
        known = await self._records.look_up(before.key)
        if known.state is None or known.state.judged != before.judged:
            return False
        await self._announcer.announce(notice)
        return await self._records.write_judged(before, judged)

    async def tell(self, notices: Sequence[Notice]) -> None:
        """As `takedowns.ports.Announcing.tell`."""
        for told in notices:
            await self._announcer.announce(told)

    def _write_marks(self, states: Sequence[UrlState]) -> "asyncio.Future[object]":
        return asyncio.ensure_future(self._mark_all(states))

    async def _mark_all(self, states: Sequence[UrlState]) -> None:
        results = await asyncio.gather(*map(self._records.mark, states), return_exceptions=True)
        for state, result in zip(states, results, strict=True):
            if isinstance(result, BaseException):
                log.warning("%s is not shown as pending: %s", state.url, result)

    def _remember(self, identity: str) -> None:
        self._finished[identity] = None
        if len(self._finished) > REMEMBERED:
            del self._finished[next(iter(self._finished))]
