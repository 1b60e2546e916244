"""Equal requests whose answers are wanted while they come: one exchange, its pieces told to all who asked.

Used by `fetcher.py` for the requests that bring a `Take`. Whoever comes while the beginning is still here has a part in
it, whoever leaves takes nothing from the others, and the last to leave ends the exchange. The slowest of those who
share sets the pace.
"""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import structs

from fetchers.body.pipe import AHEAD, BodyPipe
from fetchers.model import HopRequest, HopResult, NotMine, Response
from fetchers.ports import Take

Perform = Callable[[HopRequest, Take], Awaitable[HopResult | NotMine]]


class SharedStream:
    """One exchange under way."""

    def __init__(self, request: HopRequest, perform: Perform) -> None:
        self.request = request
        self.joinable = True
        self._head: Response | None = None
        self._begun: list[bytes] = []
        self._size = 0
        self._pipes: set[BodyPipe] = set()
        self._task = asyncio.create_task(self._run(perform), name=f"stream of {request.url}")

    async def pass_on(self, take: Take) -> tuple[HopResult | NotMine, bool]:
        """Everything to `take`, from the first byte. How it ended, and whether anything was passed on.

        Where `take` has enough, it ends there, truncated.
        """
        pipe, passed = BodyPipe(self._begun), False
        self._pipes.add(pipe)
        try:
            async for piece in pipe:
                assert self._head is not None, "a piece came before its head"
                passed = True
                if not await take(self._head, piece):
                    return structs.replace(self._head, truncated=True), True
            return await asyncio.shield(self._task), passed
        finally:
            pipe.close()
            self._pipes.discard(pipe)
            if not self._pipes:
                self.joinable = False
                self._task.cancel()

    async def _run(self, perform: Perform) -> HopResult | NotMine:
        try:
            return await perform(self.request, self._take)
        finally:
            self.joinable = False
            for pipe in self._pipes:
                pipe.close()

    async def _take(self, head: Response, piece: bytes) -> bool:
        self._head = head
        self._size += len(piece)
        if self._size <= AHEAD:
            self._begun.append(piece)
        else:
            self.joinable = False
            self._begun.clear()
        for pipe in self._pipes:
            pipe.put(piece)
        for pipe in tuple(self._pipes):
            await pipe.room()
        return True


class SharedStreams:
    """All that are under way in this fetcher."""

    def __init__(self, perform: Perform) -> None:
        """`perform` does the exchange of one of them."""
        self._perform = perform
        self._open: dict[tuple[object, ...], SharedStream] = {}

    async def join(self, request: HopRequest, take: Take) -> tuple[HopResult | NotMine, HopRequest, bool]:
        """What came of `request` or of an equal one; of which; and whether anything was passed on to `take`."""
        key = request.coalescing_key
        stream = self._open.get(key)
        if stream is None or not stream.joinable:
            stream = self._open[key] = SharedStream(request, self._perform)
        try:
            answer, passed = await stream.pass_on(take)
            return answer, stream.request, passed
        finally:
            if not stream.joinable and self._open.get(key) is stream:
                del self._open[key]
