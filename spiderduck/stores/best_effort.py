"""Marks that may be missing: the intake needs the queue alone, so that a store which is away refuses no event.

What is lost with a mark is small: until the flow has begun with a URL, a look-up says `unknown` instead of `pending`,
and a repeated `Idempotency-Key` with another body is not found out. The events are named by the key all the same, so
that a repeat makes nothing twice.
"""

import asyncio
import logging

from groundwork.clock import Clock
from schedulers.model import UrlState
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.ports import Marks

log = logging.getLogger(__name__)

MARK_SECONDS, CLAIM_SECONDS = 0.5, 2.0
"""As long as a caller who shares a link is kept waiting. A claim takes four round trips of the cluster."""
PAUSE_SECONDS = 2.0
"""After a failure nothing is asked for as long: a request of a thousand URLs waits once."""


class BestEffortMarks:
    """`Marks` over a store that may be away."""

    def __init__(self, marks: Marks, clock: Clock) -> None:
        self._marks = marks
        self._clock = clock
        self._not_before = 0.0
        self._away = False

    async def mark(self, state: UrlState) -> None:
        """Set the mark, or do without it."""
        if self._clock.monotonic() < self._not_before:
            return
        try:
            async with asyncio.timeout(MARK_SECONDS):
                await self._marks.mark(state)
        except (StoreUnavailable, TimeoutError) as error:
            self._do_without(error)
        else:
            self._back()

    async def claim(self, name: str, fingerprint: str) -> bool:
        """As the store says; True where it does not answer."""
        if self._clock.monotonic() < self._not_before:
            return True
        try:
            async with asyncio.timeout(CLAIM_SECONDS):
                claimed = await self._marks.claim(name, fingerprint)
        except (StoreUnavailable, TimeoutError) as error:
            self._do_without(error)
            return True
        self._back()
        return claimed

    def _do_without(self, error: Exception) -> None:
        self._not_before = self._clock.monotonic() + PAUSE_SECONDS
        if not self._away:
            log.warning("the store does not answer (%s); events are taken in without it", error or "too slow")
        self._away = True

    def _back(self) -> None:
        if self._away:
            log.warning("the store answers again; events are marked as pending again")
        self._away = False
