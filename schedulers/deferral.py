"""Defers a URL until its domain's turn, durably, so that nobody holds a place in flight for only waiting.

Used by `in_flight.py` and the stages `fetch` and `picture`. It also remembers which URLs are deferred, so that whoever
shares one of them meanwhile waits for the same turn instead of taking another one of its domain.
"""

import logging
from dataclasses import replace

import msgspec
from cachetools import TLRUCache

from groundwork.clock import Clock
from schedulers.context import Deferred, Shared
from schedulers.model import Event, Message, Status, UrlState
from schedulers.ports import EventQueue, MetadataStore

MOST_REMEMBERED = 100_000
FOLLOWING_SECONDS = 1.0
"""So long after the first one of equal URLs the others come, and find its answer."""
log = logging.getLogger(__name__)

LONGEST_BODY = 4096
"""Bytes of an event that are written down again for each of its URLs as they are."""


class Deferral:
    """One for all who handle URLs in this process."""

    def __init__(self, queue: EventQueue, store: MetadataStore, clock: Clock) -> None:
        self._queue = queue
        self._store = store
        self._clock = clock
        # By the monotonic clock, since the wall clock may be set meanwhile.
        monotonic = clock.monotonic
        self._until: TLRUCache[str, float, float] = TLRUCache(MOST_REMEMBERED, lambda _, until, __: until, monotonic)

    def until(self, key: str) -> float:
        """When the URL of that dedup key comes back that was deferred; a moment that is past where none was."""
        until = self._until.get(key)
        return 0.0 if until is None else until - self._clock.monotonic() + self._clock.now()

    async def defer(self, shared: Shared, until: float, reason: str, *, counted: bool = False) -> Deferred:
        """Durable when this returns. `counted`: its server asked for the pause."""
        link = shared.link
        self._until[link.key] = until - self._clock.now() + self._clock.monotonic()
        await self._write_down(shared, until, counted)
        await self._store.mark(UrlState(link.key, link.url, Status.DEFERRED, reason, until=until))
        fields = {"url": link.url, "seconds": round(until - self._clock.now(), 1), "reason": reason}
        log.info("share deferred: %s", reason, extra=fields)
        return Deferred()

    async def follow(self, shared: Shared, until: float) -> Deferred:
        """Defer one that is equal to another, which comes to its end at about `until`."""
        await self._write_down(shared, until + FOLLOWING_SECONDS, False)
        return Deferred()

    async def defer_picture(self, message: Message, url: str, until: float) -> None:
        """The same for the message of a picture."""
        await self._queue.defer(replace(message, url=url), until)

    async def _write_down(self, shared: Shared, until: float, counted: bool) -> None:
        url, deferrals = shared.link.url, shared.message.deferrals + counted
        message = replace(shared.message, url=url, deferrals=deferrals)
        if len(message.body) > LONGEST_BODY:
            message = replace(message, body=_short_body(shared.event, url), event_id=shared.event.identity)
        await self._queue.defer(message, until)


def _short_body(event: Event, url: str) -> bytes:
    """The event as far as one of its URLs needs it: a thousand URLs must not be a thousand copies of all of them.
    It has no id, which would be one of another kind; the message names it."""
    plain: dict[str, object] = {"urls": [url], "refresh": event.refresh}
    if event.created_at is not None:
        plain["created_at"] = event.created_at
    return msgspec.json.encode(plain)
