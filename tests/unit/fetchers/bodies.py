"""Hops that a test gives: whole answers, or heads with their pieces."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from fetchers.body.chunks import NO_CHUNKS, BodyEnd, Chunks, OpenHop
from fetchers.coalescing import WholeBody
from fetchers.model import Ended, HopRequest, HopResult, NotMine, Response


class GivenChunks(Chunks):
    """Those pieces, and then that end."""

    def __init__(self, head: Response, pieces: Sequence[bytes], end: BodyEnd | Ended | None = None) -> None:
        super().__init__(head)
        self._left = list(pieces)
        self._end = end or BodyEnd()

    async def _pull(self) -> bytes:
        if self._left:
            return self._left.pop(0)
        if isinstance(self._end, Ended):
            raise self._broken_off(self._end)
        self.end = self._end
        raise StopAsyncIteration


def opening(perform: Callable[[HopRequest], Awaitable[HopResult]]) -> OpenHop:
    """An `open_hop` of whole answers."""

    @asynccontextmanager
    async def open_hop(request: HopRequest) -> AsyncIterator[tuple[HopResult, Chunks]]:
        answer = await perform(request)
        if not isinstance(answer, Response):
            yield answer, NO_CHUNKS
            return
        body = WholeBody(answer)
        yield body.head, body
        body.close()

    return open_hop


Given = HopResult | NotMine | tuple[Response, list[bytes]] | tuple[Response, list[bytes], BodyEnd | Ended]


def hops(*answers: Given) -> tuple[OpenHop, list[HopRequest]]:
    """An `open_hop` that gives those answers in their order, and what it was asked."""
    asked: list[HopRequest] = []
    left = list(answers)

    @asynccontextmanager
    async def open_hop(request: HopRequest) -> AsyncIterator[tuple[HopResult, Chunks]]:
        asked.append(request)
        answer = left.pop(0)
        if isinstance(answer, tuple):
            yield answer[0], GivenChunks(*answer)
        elif isinstance(answer, Response):
            yield answer, GivenChunks(answer, [])
        else:
            assert not isinstance(answer, NotMine)
            yield answer, NO_CHUNKS

    return open_hop, asked
