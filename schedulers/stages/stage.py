"""What a stage is: one callable that may call `next` never (stop), once, or many times (one event, several URLs).

Stages never import one another; `pipeline.compose` wires them, and puts timing around each once.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from schedulers.model import Context

Next = Callable[[Context], Awaitable[None]]


class Stage(Protocol):
    """`async (ctx, next)`. Raises only what is a surprise; the scheduler counts it and tries the message again."""

    async def __call__(self, ctx: Context, next: Next, /) -> None: ...
