"""The pieces of a body on their way from one task to another, a few of them between the two at any time.

Between whoever reads an answer and whoever wants it while it comes: `shared_streams.py`, `client/streaming.py`,
`client/http.py`. Who writes waits for who reads, so that a body of any length takes little memory.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable

AHEAD = 256 * 1024
"""Bytes that may lie between the two: some round trips' worth, and one slice of the service (`service/connection`)."""


class BodyPipe:
    """One writer, one reader."""

    def __init__(self, begun: Iterable[bytes] = ()) -> None:
        """`begun`: what was written before there was a reader."""
        self._pieces = deque(begun)
        self._size = sum(map(len, self._pieces))
        self._closed = False
        self._came = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return self._size > AHEAD and not self._closed

    def put(self, piece: bytes) -> None:
        """At once; ask `room` first where that is possible."""
        self._pieces.append(piece)
        self._size += len(piece)
        self._came.set()

    async def room(self) -> None:
        """Returns when the reader has come closer, or has gone."""
        while self.is_full:
            self._room.clear()
            await self._room.wait()

    def close(self) -> None:
        """No more will be written, or read. May be called by either, and twice."""
        self._closed = True
        self._came.set()
        self._room.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """All pieces, until `close` was called and nothing is left."""
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                self._size -= len(piece)
                self._room.set()
                yield piece
            if self._closed:
                return
            self._came.clear()
            await self._came.wait()
