"""The event loop's time, shared by all bodies that are being decoded. One per fetcher; used by `reading.py`.

A step of a decoder takes some milliseconds at the worst. Without turns, as many bodies as there are connections could
each do one before the loop comes to anything else.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

STEPS_A_ROUND = 4
"""So many steps, of whichever bodies, between two looks at everything else that is ready."""


class DecodeTurns:
    """First come, first served."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._taken = 0

    async def each(self, steps: Iterator[bytes]) -> AsyncIterator[bytes]:
        """What `steps` gives, each one in its turn."""
        while True:
            async with self._lock:
                if self._taken >= STEPS_A_ROUND:
                    await asyncio.sleep(0)
                piece = next(steps, None)
                if piece is None:
                    return
                self._note()
            yield piece

    def _note(self) -> None:
        if not self._taken:
            asyncio.get_running_loop().call_soon(self._begin_round)
        self._taken += 1

    def _begin_round(self) -> None:
        self._taken = 0
