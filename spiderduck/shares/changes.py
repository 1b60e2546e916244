"""Announces what changed of a page after it was shared: its title, its text, or where a link leads."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from groundwork.clock import Clock
from schedulers import notice
from schedulers.links import key_of
from schedulers.model import Page
from schedulers.notice import Notice, WhatChanged
from schedulers.ports import Judge
from spiderduck.shares.model import PROCESSED, Share
from spiderduck.shares.ports import Asked, ShareLog
from spiderduck.stores.ports import Lookups

FETCHED = b'"outcome":"fetched"'
"""Stands in every notice of a fetched page: the others need not be read."""
PAGES_AT_ONCE = 16


class Tells(Protocol):
    """Where notices go out."""

    async def tell(self, notices: Sequence[Notice]) -> None:
        """With the outbox or the broker when this returns. Raises `StoreUnavailable`."""


class _Record(msgspec.Struct):
    url: str
    page_id: str | None = None
    resolved_url: str | None = None
    dedup_key: str | None = None


class _Told(msgspec.Struct):
    type: str
    data: _Record
    outcome: str = ""


class _Metadata(msgspec.Struct):
    title: str | None = None
    content_hash: str | None = None


_decode = msgspec.json.Decoder(_Told).decode
_metadata = msgspec.json.Decoder(_Metadata).decode


class Changes:
    """`changes_total` counts what this process announced."""

    def __init__(self, shares: ShareLog, lookups: Lookups, tells: Tells, judge: Judge, clock: Clock) -> None:
        self._shares = shares
        self._lookups = lookups
        self._tells = tells
        self._judge = judge
        self._clock = clock
        self.changes_total = 0

    async def told(self, bodies: Sequence[bytes], added: Sequence[Share]) -> None:
        """These notices came, and these shares were logged. A repeat announces the same with the same ids."""
        pages = {key: page_id for body in bodies if FETCHED in body for key, page_id in _fetched(body)}
        found, fetched = list[Notice](), list(pages.items())
        for start in range(0, len(fetched), PAGES_AT_ONCE):  # one after the other would wake a reader for each
            some = fetched[start : start + PAGES_AT_ONCE]
            looked = await asyncio.gather(*(self._page(key, page_id) for key, page_id in some))
            found += [one for one in looked if one is not None]
        moved = {share.key: share for share in added if share.moved_from not in ("", share.key)}
        for share in moved.values():
            changed = WhatChanged(destination=notice.Before(share.moved_from, share.page))
            if (one := await self._notice(share.key, changed)) is not None:
                found.append(one)
        if found:
            await self._tells.tell(found)
            self.changes_total += len(found)

    async def _page(self, key: str, page_id: int) -> Notice | None:
        """What its newest version says otherwise than the one before, if anybody shared it."""
        versions = await self._lookups.history(key, 2)
        if len(versions) < 2 or versions[0].id != page_id:
            return None
        changed = _differences(versions[1], versions[0])
        if changed is None:
            return None
        (shares,) = await self._shares.counts([Asked(key, key)], self._clock.now())
        return None if shares is None else await self._notice(key, changed)

    async def _notice(self, key: str, changed: WhatChanged) -> Notice | None:
        (known,) = await self._lookups.known([key])
        if known.state is None:
            return None
        verdict = self._judge(known.state.url, known)
        return notice.changed(known, changed, verdict, self._clock.now())


def _fetched(body: bytes) -> list[tuple[str, int]]:
    """The page of a notice and its version; empty where it tells of none."""
    try:
        told = _decode(body)
    except msgspec.DecodeError:
        return []
    record = told.data
    if told.type != PROCESSED or told.outcome != "fetched" or record.page_id is None:
        return []
    key = key_of(record.resolved_url or record.url) or record.dedup_key or record.url
    return [(key, int(record.page_id))]


def _differences(before: Page, after: Page) -> WhatChanged | None:
    old, new = _metadata(before.metadata), _metadata(after.metadata)
    title = None if old.title == new.title else notice.Before(old.title, new.title)
    text = None if old.content_hash == new.content_hash else notice.Before(old.content_hash, new.content_hash)
    return None if title is None and text is None else WhatChanged(title=title, content_hash=text)
