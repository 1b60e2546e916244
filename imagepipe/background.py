"""Work that nobody waits for but somebody must own: started here, awaited at shutdown, failures told and not lost."""

import asyncio
from collections.abc import Awaitable

from imagepipe.errors import ImageError
from imagepipe.events import Events


class Background:
    """The background tasks of one pipeline."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, identifier: str, work: Awaitable[object]) -> None:
        """Begin. An `ImageError` becomes a problem on the list."""
        task = asyncio.get_running_loop().create_task(self._run(identifier, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until all of it is done."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, identifier: str, work: Awaitable[object]) -> None:
        try:
            await work
        except ImageError as error:
            self._events.problem(identifier, f"{error.code}: {error}")
