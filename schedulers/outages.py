"""Waits out outages of what the flow stands on (store, archive, queue, ids), in the middle of handling a URL.

Without it, each try would fetch the page anew. Every package's errors say whether the same call may succeed later
(`retryable`).
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from groundwork.clock import Clock

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds between two tries."""


def is_outage(error: Exception) -> bool:
    """Whether the same work may succeed later: something that we need is away."""
    return bool(getattr(error, "retryable", False))


class Outages:
    """One line in the log for all who wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._in_outage = False

    def waited_out(self, work: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        """`work`, tried until nothing is away. Surprises are raised."""

        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            pause = FIRST_PAUSE
            while True:
                try:
                    result = await work(*args, **kwargs)
                except Exception as error:
                    if not is_outage(error):
                        raise
                    self._began(error)
                else:
                    self._over()
                    return result
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

        return run

    def _began(self, error: Exception) -> None:
        if not self._in_outage:
            log.warning("what is in flight waits for the end of an outage: %s", error)
        self._in_outage = True

    def _over(self) -> None:
        if self._in_outage:
            log.warning("the outage is over")
        self._in_outage = False
