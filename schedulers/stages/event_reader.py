"""Stage 1: the message's bytes become an `Event`, whatever shape it came in (`schedulers.events`)."""

from msgspec import structs

from schedulers.events import read_event
from schedulers.model import Context
from schedulers.stages.stage import Next


async def event_reader(ctx: Context, next: Next) -> None:
    """Raises `UnreadableEvent`, which the scheduler answers by burying the message."""
    await next(structs.replace(ctx, event=read_event(ctx.message.body)))
