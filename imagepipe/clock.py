"""The machine's own time, behind the `Clock` port."""

import asyncio
import time


class SystemClock:
    """Wall clock and monotonic clock of this machine."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
