"""Work on pictures within the memory budget: what a picture needs is read from its header where it would be decoded.

A small picture is done at once. One that needs more than was granted comes back undone with the figure, and is sent
again when there is room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from imagepipe.ports import Workers
from imagepipe.rendering.footprint import COPIES
from imagepipe.rendering.placeholder import describe, describe_bytes
from imagepipe.rendering.render import render_bytes, render_variant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Needs:
    """The work was not begun: it takes that many bytes."""

    memory: int


@dataclass(frozen=True, slots=True)
class Measured(Generic[T]):
    """Work on a picture, and a function that tells from the same arguments how many bytes it takes at most."""

    work: Callable[..., T]
    memory: Callable[..., int]

    def within(self, granted: int, body: bytes, *args: Any, **options: Any) -> T | Needs:
        """What the work gives, or `Needs` where it takes more than is granted."""
        needed = self.memory(body, *args, **options)
        return Needs(needed) if needed > granted else self.work(body, *args, **options)


async def run_measured(workers: Workers, measured: Measured[T], body: bytes, *args: Any, **options: Any) -> T:
    """The work's result. Raises what the work raises, and what `Workers.run` does."""
    granted = max(workers.small, COPIES * len(body))
    result = await workers.run(partial(measured.within, granted, body, *args, **options), memory=granted)
    if isinstance(result, Needs):
        return await workers.run(partial(measured.work, body, *args, **options), memory=result.memory)
    return result


RENDER = Measured(render_variant, render_bytes)
PLACEHOLDER = Measured(describe, describe_bytes)
