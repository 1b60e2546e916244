"""The tee: one exchange whose body is wanted while it comes, its pieces given to all who asked. Used by
`coalescing.py`.

Whoever comes while the beginning is still here has a part in it, whoever leaves takes nothing from the others, and the
last to leave ends the exchange. The slowest of those who share sets the pace.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from fetchers.body.chunks import BodyEnd, Chunks, OpenOwnHop
from fetchers.errors import BrokenOff
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotMine, Response

AHEAD = 256 * 1024
"""Bytes that may lie between the exchange and a reader: some round trips' worth."""

TOO_LATE = Ended(Ending.TIMED_OUT, "its deadline passed while an equal request was under way")


class Tee:
    """One exchange under way. It has a task of its own, so that no reader's cancellation ends it for the others."""

    def __init__(self, request: HopRequest, open_alone: OpenOwnHop) -> None:
        self.request = request
        self.joinable = True
        self.head: asyncio.Future[HopResult | NotMine] = asyncio.get_running_loop().create_future()
        self._begun: list[bytes] = []
        self._size = 0
        self._readers: set[TeeReader] = set()
        self._gone_on = asyncio.Event()
        self._task = asyncio.create_task(self._run(open_alone), name=f"stream of {request.url}")
        self._task.add_done_callback(self._ended)

    def join(self, seconds: float) -> "TeeReader":
        """One more reader, from the first byte, for so long at the most; it must `leave`."""
        reader = TeeReader(self, self._begun, asyncio.get_running_loop().time() + seconds)
        self._readers.add(reader)
        return reader

    def leave(self, reader: "TeeReader") -> None:
        self._readers.discard(reader)
        self._gone_on.set()
        if not self._readers:
            self.joinable = False
            self._task.cancel()

    def went_on(self) -> None:
        """A reader has come closer."""
        self._gone_on.set()

    async def _run(self, open_alone: OpenOwnHop) -> BodyEnd | Ended:
        try:
            async with open_alone(self.request) as (head, chunks):
                self.head.set_result(head)
                async for piece in chunks:
                    await self._hand_out(piece)
                return chunks.end or BodyEnd()
        except BrokenOff as error:
            return error.ended

    def _ended(self, task: "asyncio.Task[BodyEnd | Ended]") -> None:
        self.joinable = False
        error = None if task.cancelled() else task.exception()
        if error is not None and not self.head.done():
            self.head.set_exception(error)
        self.head.cancel()
        if not task.cancelled():
            for reader in self._readers:
                reader.close(error or task.result())

    async def _hand_out(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= AHEAD:
            self._begun.append(piece)
        else:
            self.joinable = False
            self._begun.clear()
        for reader in self._readers:
            reader.put(piece)
        while any(reader.is_behind for reader in self._readers):
            self._gone_on.clear()
            await self._gone_on.wait()


class TeeReader(Chunks):
    """What one of those who share reads, until the moment `latest` of the event loop's time."""

    def __init__(self, tee: Tee, begun: Iterable[bytes], latest: float) -> None:
        self.end = None
        self._ahead = deque()
        self._tee = tee
        self._pieces = deque(begun)
        self._size = sum(map(len, self._pieces))
        self._latest = latest
        self._came = asyncio.Event()
        self._last: BodyEnd | Ended | BaseException | None = None

    async def opened(self) -> HopResult | NotMine:
        """The head, or how it ended instead."""
        try:
            async with asyncio.timeout_at(self._latest):
                head = await asyncio.shield(self._tee.head)
        except TimeoutError:
            return TOO_LATE
        if isinstance(head, Response):
            self.head = head
        return head

    @property
    def is_behind(self) -> bool:
        return self._size > AHEAD

    def put(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        self._came.set()

    def close(self, last: "BodyEnd | Ended | BaseException") -> None:
        """No more will be put; `last` says why."""
        self._last = last
        self._came.set()

    async def _pull(self) -> bytes:
        while not self._pieces:
            if isinstance(self._last, Ended):
                raise self._broken_off(self._last)
            if isinstance(self._last, BaseException):
                raise self._last
            if self._last is not None:
                self.end = self._last
                raise StopAsyncIteration
            await self._wait()
        piece = self._pieces.popleft()
        self._size -= len(piece)
        self.size += len(piece)
        self._tee.went_on()
        return piece

    async def _wait(self) -> None:
        self._came.clear()
        try:
            async with asyncio.timeout_at(self._latest):
                await self._came.wait()
        except TimeoutError:
            raise self._broken_off(TOO_LATE) from None
