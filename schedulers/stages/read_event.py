"""The first two stages: a message's bytes become an `Event`, whatever shape it came in, and the event its shares.

A URL that was shared twice in one event is one share.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from schedulers.context import Shared
from schedulers.events import INLINE_BYTES, EventLimits, is_hash, read_event
from schedulers.identity import sent_id
from schedulers.links import Link, identify
from schedulers.model import Event, Message

AT_ONCE = 100
"""URLs of one event that are worked on side by side: an event of a thousand must not fill the process."""


class ReadEvent:
    """Raises `UnreadableEvent`, which the scheduler answers by burying the message."""

    def __init__(self, limits: EventLimits) -> None:
        self._limits = limits

    async def __call__(self, message: Message) -> Event:
        """The event of a message; one whose sender gave no id is known by the message's."""
        if len(message.body) <= INLINE_BYTES:
            event = read_event(message.body, self._limits)
        else:
            event = await asyncio.to_thread(read_event, message.body, self._limits)
        if event.sharer is not None and not is_hash(event.sharer):  # of a queue that an earlier version filled
            event = replace(event, sharer=None)
        if event.id:
            return event
        return replace(event, id=sent_id(message.event_id), identity=message.event_id)


async def shares_of(message: Message, event: Event) -> list[Shared]:
    """One for each different URL of the event, or for the one that the message is about."""
    if len(message.body) <= INLINE_BYTES:
        return _shares(message, event)
    return await asyncio.to_thread(_shares, message, event)  # a thousand long URLs take seconds


def _shares(message: Message, event: Event) -> list[Shared]:
    texts = event.urls if message.url is None else (message.url,)
    links: dict[str, Link] = {}
    for text in texts:
        link = identify(text)
        links.setdefault(link.key, link)
    return [Shared(message, event, link) for link in links.values()]


async def side_by_side(shares: Sequence[Shared], handle: Callable[[Shared], Awaitable[None]]) -> None:
    """All to their end, even where one raises: what is finished need not be done again when the message returns."""
    if len(shares) == 1:
        await handle(shares[0])
        return
    remaining = iter(shares)
    errors: list[Exception] = []

    async def work() -> None:
        for one in remaining:
            try:
                await handle(one)
            except Exception as error:  # noqa: BLE001 -- raised below, when the others came to their end
                errors.append(error)

    await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(shares)))))
    if errors:
        raise errors[0]
