"""Taking events in: reads a body in pieces between which the loop serves others, names the events that have no id, and
puts them into the queue.

A request that shares much goes into the queue's bulk lane, which small requests pass.
"""

import asyncio
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple

from groundwork.spans import first, is_recording, of_event
from schedulers.errors import EventTooLarge, UnreadableEvent
from schedulers.events import (
    INLINE_BYTES,
    EventLimits,
    Item,
    PassedOver,
    items_of,
    passed_over,
    read_item,
    redact_body,
)
from schedulers.identity import sent_id
from schedulers.model import Message, Status, UrlState
from spiderduck.api.services import Services
from spiderduck.api.sharing.accepted import MOST_TOLD, SharedEvent, links_found
from spiderduck.api.sharing.idempotency import Claim

BULK = 100
"""A request with more events or URLs than that is for the bulk lane."""
MARKS_AT_ONCE = 64
SLICE_SECONDS = 0.004
"""So long an event loop is held before others get their turn."""
LARGE_BODY = 1024 * 1024
"""What is read of a larger body takes several times its size in memory, so that one is read at a time."""


@dataclass(frozen=True, slots=True)
class AcceptedEvents:
    """The ids of a request's events as sent and in that order, how many of them the queue did not know, and what was
    found in each, where they are few (`MOST_TOLD`)."""

    ids: list[str]
    accepted: int
    events: list[SharedEvent] | None


class _Read(NamedTuple):
    """Of an event: its identity ("" where it has no id), its links as they were written, what only looked like links,
    and how it is queued."""

    identity: str
    urls: tuple[str, ...]
    others: Sequence[PassedOver]
    queued: bytes


class Intake:
    """For all requests of a process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._limits = EventLimits.of(services.config.schedulers)
        self._sharers = services.sharers
        self._most_events = services.config.api.most_events
        self._large = asyncio.Lock()
        self._pause = Pause()

    async def take(self, body: bytes, content_type: str | None, claim: Claim | None = None) -> AcceptedEvents:
        """All of them or none. `claim` names the events without an id, so that a repeat names them alike.

        Raises `UnreadableEvent` or a kind of it, and what the queue raises.
        """
        if len(body) < LARGE_BODY:
            return await self._take(body, content_type, claim)
        async with self._large:
            return await self._take(body, content_type, claim)

    async def _take(self, body: bytes, content_type: str | None, claim: Claim | None) -> AcceptedEvents:
        messages: list[Message] = []
        found: list[_Read] = []
        pause = Pause()
        base = claim.name if claim is not None else secrets.token_hex(16)
        for item in await _split(body, content_type):
            if len(messages) == self._most_events:
                raise EventTooLarge(
                    f"the body holds more than {self._most_events:,} events (api.most_events); send them in several "
                    "requests; nothing was accepted"
                )
            if len(item.body) <= INLINE_BYTES:
                read = self._read(item)
                await pause()
            else:
                read = await asyncio.to_thread(self._read, item)
            messages.append(Message(read.queued, read.identity or f"share:{base}.{len(messages)}"))
            found.append(read)
        if not messages:
            raise UnreadableEvent('the body holds no event; send, for example, {"text": "look: https://example.com/"}')
        if claim is not None:
            await claim.remember()
        return await self._put(messages, found)

    def _read(self, item: Item) -> _Read:
        """What is never stored of URLs and sharers is not queued either."""
        event, hidden = read_item(item, self._limits), self._sharers.hide(item.body)
        if event.sharer is not None:
            event = replace(event, sharer=self._sharers.hash_of(event.sharer))
        bare = redact_body(hidden, event.urls)
        others = passed_over(event.text, event.urls)
        if bare is not hidden:
            event = read_item(Item(item.place, bare), self._limits)
        return _Read(event.identity, event.urls, others, bare)

    async def _put(self, messages: Sequence[Message], found: Sequence[_Read]) -> AcceptedEvents:
        bulk = max(len(messages), sum(len(one.urls) for one in found)) > BULK
        began = time.time_ns()
        accepted = await self._services.queue.publish(messages, bulk=bulk)
        # After the queue has said which events are new, for nobody would ever work on the URLs of the others; and
        # before the answer. A mark never replaces an ending that was faster.
        ids = [sent_id(message.event_id) for message in messages]
        if is_recording():
            for identity, is_new in zip(ids, accepted, strict=True):
                if is_new:
                    first(of_event(identity), "event", began, event_id=identity)
        events, unmarked = list[SharedEvent](), list[UrlState]()
        for identity, read, is_new in zip(ids, found, accepted, strict=True):
            event, pending = await self._told(identity, read)
            if len(ids) <= MOST_TOLD:
                events.append(event)
            unmarked += pending if is_new else ()
            if len(unmarked) >= MARKS_AT_ONCE:
                await self._mark(unmarked)
                unmarked = []
        await self._mark(unmarked)
        return AcceptedEvents(ids, sum(accepted), events or None)

    async def _told(self, identity: str, read: _Read) -> tuple[SharedEvent, list[UrlState]]:
        """What is answered of an event, and the marks of its URLs."""
        if sum(map(len, read.urls)) <= INLINE_BYTES:
            event, links = links_found(identity, read.urls, read.others)
        else:
            event, links = await asyncio.to_thread(links_found, identity, read.urls, read.others)
        return event, [UrlState(link.key, link.url, Status.PENDING) for link in links]

    async def _mark(self, states: Sequence[UrlState]) -> None:
        """A look-up right after the answer must not say that nobody shared the URL. Side by side, since each is a round
        trip of the cluster."""
        await asyncio.gather(*map(self._services.marks.mark, states))
        await self._pause()


async def _split(body: bytes, content_type: str | None) -> Iterable[Item]:
    if len(body) <= INLINE_BYTES:
        return items_of(body, content_type)
    return await asyncio.to_thread(lambda: list(items_of(body, content_type)))


class Pause:
    """Gives way to the loop whenever it was held for a slice."""

    def __init__(self) -> None:
        self._began = perf_counter()

    async def __call__(self) -> None:
        if perf_counter() - self._began > SLICE_SECONDS:
            await asyncio.sleep(0)
            self._began = perf_counter()
