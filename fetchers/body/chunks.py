"""A body on its way, pulled piece by piece; and a body put together. Every level hands on one of these.

Whoever reads slowly slows down whoever it reads from: nothing is read ahead here but what `beginning` was asked for.
"""

import io
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import msgspec
from msgspec import structs

from fetchers.body.budget import BodyHold
from fetchers.errors import BrokenOff
from fetchers.model import CutBy, Ended, HopRequest, HopResult, NotMine, Response


class BodyEnd(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    """What is known when a body has ended: why it ends early, if it does; and the seconds that all of it took."""

    cut_by: CutBy | None = None
    elapsed: float = 0.0


class Chunks:
    """The decoded pieces of an answer's body, none of them empty. Subclasses say where the next one comes from.

    `head` is the answer, without its body. `end` is there once the last piece was given: an `Ended` where the body
    broke off behind it. `size` are the decoded bytes that came so far, where they are counted.
    """

    size: int = 0

    def __init__(self, head: Response) -> None:
        self.head = head
        self.end: BodyEnd | Ended | None = None
        self._ahead: deque[bytes] = deque()

    def __aiter__(self) -> "Chunks":
        return self

    async def __anext__(self) -> bytes:
        """Raises `BrokenOff` where the body ends before its end."""
        if self._ahead:
            return self._ahead.popleft()
        if self.end is None:
            return await self._pull()
        if isinstance(self.end, Ended):
            raise BrokenOff(self.end)
        raise StopAsyncIteration

    async def _pull(self) -> bytes:
        """The next piece. Says at the end what the `end` is."""
        raise NotImplementedError

    def _broken_off(self, ended: Ended) -> BrokenOff:
        self.end = ended
        return BrokenOff(ended)

    async def beginning(self, size: int) -> bytes:
        """The first pieces, with at least `size` bytes where there are as many; they still come first when it is read.

        Raises `BrokenOff` where it breaks off within them.
        """
        have = sum(map(len, self._ahead))
        try:
            while have < size and self.end is None:
                piece = await self._pull()
                self._ahead.append(piece)
                have += len(piece)
        except StopAsyncIteration:
            pass
        return self._ahead[0] if len(self._ahead) == 1 else b"".join(self._ahead)

    async def whole(self) -> Response | Ended:
        """The answer with its whole body, or how it ended instead."""
        return await collect(self)


async def collect(chunks: Chunks, hold: BodyHold | None = None) -> Response | Ended:
    """All of `chunks` in one answer, which has `hold`, the room for it, where it takes any.

    Raises TimeoutError where there was no room in time.
    """
    body = _Held()
    try:
        async for piece in chunks:
            if hold is not None:
                await hold.grow(body.size + len(piece))
            body.add(piece)
    except BrokenOff as error:
        return error.ended
    if hold is not None:
        hold.settle(body.size)
    end = chunks.end if isinstance(chunks.end, BodyEnd) else BodyEnd()
    held = hold if hold is not None and hold.taken else None
    return structs.replace(
        chunks.head,
        body=body.whole(),
        truncated=end.cut_by is not None,
        cut_by=end.cut_by,
        elapsed=end.elapsed,
        hold=held,
    )


class NoChunks(Chunks):
    """Where there is no answer, or its body is not wanted."""

    def __init__(self) -> None:
        self.end = BodyEnd()
        self._ahead = deque()


NO_CHUNKS = NoChunks()

OpenHop = Callable[[HopRequest], AbstractAsyncContextManager[tuple[HopResult, Chunks]]]
"""`async with open_hop(request) as (head, chunks)`: one hop, wherever its domain's queue lives. The head of its answer
with the body to be pulled, or how it ended instead. What is not read when the block ends is not fetched."""

OpenOwnHop = Callable[[HopRequest], AbstractAsyncContextManager[tuple[HopResult | NotMine, Chunks]]]
"""The same for one fetcher, which does not own every domain."""


class _Held:
    """Pieces put together. A list that is joined at the end would hold them twice, and most bodies are one piece."""

    __slots__ = ("_buffer", "_only", "size")

    def __init__(self) -> None:
        self.size = 0
        self._only = b""
        self._buffer: io.BytesIO | None = None

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self._buffer is not None:
            self._buffer.write(piece)
        elif not self._only:
            self._only = piece
        else:
            self._buffer = io.BytesIO()
            self._buffer.write(self._only)
            self._buffer.write(piece)

    def whole(self) -> bytes:
        return self._only if self._buffer is None else self._buffer.getvalue()
