"""Stage 1: the message's bytes become an `Event`, whatever shape it came in (`schedulers.events`)."""

import asyncio
from dataclasses import replace

from msgspec import structs

from schedulers.events import EventLimits, read_event
from schedulers.model import Context, Event, Message
from schedulers.stages.stage import Next

INLINE_BYTES = 8 * 1024
"""Searching a text costs up to 1.4 microseconds a byte; what is longer is read beside the loop."""


class EventReader:
    """Raises `UnreadableEvent`, which the scheduler answers by burying the message."""

    def __init__(self, limits: EventLimits) -> None:
        self._limits = limits

    async def __call__(self, ctx: Context, next: Next) -> None:
        await next(structs.replace(ctx, event=await self.read(ctx.message)))

    async def read(self, message: Message) -> Event:
        """The event of a message; one whose sender gave no id has the message's."""
        if len(message.body) <= INLINE_BYTES:
            event = read_event(message.body, self._limits)
        else:
            event = await asyncio.to_thread(read_event, message.body, self._limits)
        return event if event.id else replace(event, id=message.event_id)
