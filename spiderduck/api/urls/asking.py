"""URLs that callers ask for: what is known of them, sharing them, and waiting until they are known.

Used by the look-ups, by `unfurl` and by `resolve`; each decides what to share and when it has waited enough.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Final

import msgspec

from fetchers.urls import registrable_domain, split
from schedulers.errors import InvalidUrl
from schedulers.links import identify, unsupported
from schedulers.model import Known, Message, Status, UrlState
from schedulers.record import Record, record_of, unknown_record
from spiderduck.api.parameters import BadParameter
from spiderduck.api.services import Services
from spiderduck.api.sharing.intake import Pause
from spiderduck.lists.judging import Judge
from spiderduck.shares.model import page_of
from spiderduck.shares.ports import Asked as SharesAsked
from spiderduck.subscriptions.ports import Filter

ON_THEIR_WAY: Final = frozenset({Status.PENDING, Status.UNKNOWN})
MOST_IN_BATCH: Final = 1000
"""URLs of one request."""
STALE_SECONDS: Final = 300
"""A URL that has been pending for longer is shared again where somebody asks to have it fetched."""


class Asked:
    """One URL of a request: as it is stored, and its key. `problem` says why a text is no URL; `ending` is how one ends
    that nobody would fetch, a text that is no URL included."""

    __slots__ = ("ending", "key", "problem", "url")

    def __init__(self, text: str) -> None:
        link = identify(text)
        self.url, self.key = link.url, link.key
        self.problem = None if link.invalid is None else link.invalid.reason
        self.ending = link.invalid or unsupported(link.url)

    def record(self, known: Known) -> Record:
        """What is known, under the URL that was asked for."""
        if known.state is not None:
            return record_of(replace(known.state, url=self.url), known.page)
        if self.ending is not None:
            return record_of(UrlState(self.key, self.url, self.ending.status, reason=self.ending.reason), None)
        return unknown_record(self.url, self.key)


def valid(text: str, name: str = "url") -> Asked:
    """The URL in the parameter `name` of a call. Raises `BadParameter` (a 400 problem) for what is none."""
    asked = Asked(text)
    if asked.problem is not None:
        raise BadParameter(f"{name}: {asked.problem}")
    return asked


async def read_all(texts: Sequence[str]) -> list[Asked]:
    """Each of them. A long URL takes milliseconds, and there may be a thousand: others get their turn in between."""
    asked, pause = [], Pause()
    for text in texts:
        asked.append(Asked(text))
        await pause()
    return asked


Done = Callable[[Sequence[Record]], bool]


def are_settled(records: Sequence[Record]) -> bool:
    """Whether none is on its way."""
    return not any(record.status in ON_THEIR_WAY for record in records)


class UrlLookup:
    """Over the services of the API."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._judge = Judge(services.lists, services.clock)

    async def known(self, asked: Sequence[Asked]) -> Sequence[Known]:
        """What the store holds of each."""
        return await self._services.lookups.known([one.key for one in asked])

    async def records(self, asked: Sequence[Asked]) -> list[Record]:
        """What is known of each, in the order asked."""
        found = zip(asked, await self.known(asked), strict=True)
        return await self.with_shares([self.record(one, known) for one, known in found])

    async def with_shares(self, records: Sequence[Record]) -> list[Record]:
        """The records with how often their pages were shared."""
        shares = self._services.shares
        if shares is None:
            return list(records)
        wanted = [_shared_page(record) for record in records]
        counts = await shares.counts(wanted, self._services.clock.now())
        return [
            record if count is None else msgspec.structs.replace(record, shares=count)
            for record, count in zip(records, counts, strict=True)
        ]

    def record(self, one: Asked, known: Known) -> Record:
        """What is known of one, with the verdict of the lists as they are now."""
        return msgspec.structs.replace(one.record(known), verdict=self._judge.verdict(one.url, known))

    async def wait(self, asked: Sequence[Asked], wait_ms: int, done: Done = are_settled) -> list[Record]:
        """As `records`, once they are `done`, after `wait_ms` milliseconds at the latest (`api.most_wait_ms`); at once
        where that is 0."""
        if not wait_ms:
            return await self.records(asked)
        subscription = await self._services.subscriptions.open(None, Filter(_domains(asked)))
        try:
            found = await self.records(asked)
            async with asyncio.timeout(min(wait_ms, self._services.config.api.most_wait_ms) / 1000):
                while not done(found):
                    await subscription.receive(500)
                    found = await self.records(asked)
        except TimeoutError:
            found = await self.records(asked)
        finally:
            await subscription.close()
        return found

    def is_unknown(self, one: Asked, known: Known) -> bool:
        """Whether nobody is at work on the URL: it was never shared, or was said to be on its way so long ago that its
        event may be lost. Where somebody is, one more share costs a look-up, and the mark is young again."""
        if one.ending is not None:
            return False
        state = known.state
        if state is None:
            return True
        stale = self._services.clock.now() - STALE_SECONDS
        return state.status is Status.PENDING and state.page_id is None and (state.marked_at or 0.0) < stale

    async def share_unknown(self, asked: Sequence[Asked]) -> None:
        """Have those fetched that nobody is at work on. Durable when this returns."""
        known = await self.known(asked)
        await self.share([one for one, found in zip(asked, known, strict=True) if self.is_unknown(one, found)])

    async def share(self, asked: Sequence[Asked]) -> None:
        """Have these fetched, as if somebody had shared them. Durable when this returns."""
        most = self._services.config.schedulers.most_urls
        urls = [one.url for one in asked]
        if urls:
            await self._services.queue.publish(
                [
                    Message(msgspec.json.encode({"urls": urls[start : start + most]}), f"lookup:{token_hex(16)}")
                    for start in range(0, len(urls), most)
                ]
            )
        for one in asked:
            await self._services.marks.mark(UrlState(one.key, one.url, Status.PENDING))  # after, as for events

    async def refresh(self, one: Asked, name: str) -> None:
        """Have a known URL fetched again; the same `name` twice is one share."""
        body = msgspec.json.encode({"urls": [one.url], "refresh": True})
        await self._services.queue.publish([Message(body, name)])


def _shared_page(record: Record) -> SharesAsked:
    key = record.dedup_key or record.url
    is_known = record.page_id is not None
    return SharesAsked(key, page_of(record.url, key, record.resolved_url, record.canonical_url, is_known=is_known).key)


def _domains(asked: Sequence[Asked]) -> frozenset[str]:
    """The registrable domains whose notices may tell of them; nothing, for all notices, where there are many."""
    if len(asked) > 20:
        return frozenset()
    try:
        return frozenset(registrable_domain(split(one.url).host) for one in asked if one.problem is None)
    except InvalidUrl:
        return frozenset()
