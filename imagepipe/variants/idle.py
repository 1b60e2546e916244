"""Work that can wait until nobody waits: the slow AVIF of a picture that was answered as WebP, the progressive JPEG.

Bounded, the newest wish for a key counts, and nothing runs while renders are running.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from groundwork.clock import Clock
from imagepipe.errors import ImageError

_log = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds without a render before one piece is begun: longer than a page takes to ask for all its pictures."""

Work = Callable[[], Awaitable[object]]


class IdleWork:
    """A queue that is worked off one by one in quiet moments. `busy` says that it is not one."""

    def __init__(self, clock: Clock, busy: Callable[[], bool], room: int = 256) -> None:
        self._clock = clock
        self._busy = busy
        self._room = room
        self._waiting: OrderedDict[str, Work] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: str, work: Work) -> None:
        """Do it some time. Where too much waits the oldest is forgotten: it will be asked for again."""
        self._waiting[key] = work
        self._waiting.move_to_end(key)
        if len(self._waiting) > self._room:
            self._waiting.popitem(last=False)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            await self._clock.sleep(PAUSE)
            if self._busy() or not self._waiting:
                continue
            key, work = self._waiting.popitem(last=False)
            try:
                await work()
            except ImageError as error:
                _log.info("idle work on %s: %s", key, error)
