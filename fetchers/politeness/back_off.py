"""What a domain's slot learns from an answer: all is well, its limit is used up, or its server is in trouble.

Told by `fetcher.py` after every request. A server in trouble is left alone, and that outlives its queue.
"""

import logging
from random import Random

from fetchers.counters import Counters
from fetchers.model import Ended, HopResult, NotNow, Response
from fetchers.politeness.pause_headers import parse_retry_after, pause_asked
from fetchers.politeness.queue import DomainQueue
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import BACKOFF_LONGEST
from fetchers.ports import HostStateStore
from groundwork.clock import Clock

log = logging.getLogger(__name__)

PAUSE_STATUSES = frozenset({429, 503})


class BackOff:
    """For all domains of one fetcher."""

    def __init__(
        self, queues: RequestQueues, states: HostStateStore, clock: Clock, random: Random, counters: Counters
    ) -> None:
        self._queues = queues
        self._states = states
        self._clock = clock
        self._random = random
        self._counters = counters

    async def learn(self, queue: DomainQueue, result: HopResult) -> HopResult:
        """What came of a request: as it is, or with the moment from which the domain may be asked again."""
        now = self._queues.now()
        if isinstance(result, Ended):
            if result.unreached:
                return await self._back_off(queue, result, None)
        elif isinstance(result, NotNow):
            pass  # it did answer; the trouble was ours
        elif result.status_code in PAUSE_STATUSES:
            asked = parse_retry_after(result.header("retry-after"), now) or pause_asked(result.headers, now)
            return await self._back_off(queue, result, asked or None)
        elif pause := pause_asked(result.headers, now):
            await self._pause(queue, now + min(pause, BACKOFF_LONGEST))
        queue.slot.success(now)
        return result

    async def _pause(self, queue: DomainQueue, until: float) -> None:
        """The domain says that its limit is used up: not trouble, so no back-off, only a rest."""
        queue.slot.pause_until(until)
        self._counters.limits_told += 1
        self._queues.pause(queue)
        await self._states.save(queue.domain, queue.slot.snapshot())

    async def _back_off(self, queue: DomainQueue, result: Response | Ended, retry_after: float | None) -> HopResult:
        queue.slot.trouble(self._queues.now(), self._random, retry_after)
        self._counters.back_offs += 1
        self._queues.pause(queue)
        await self._states.save(queue.domain, queue.slot.snapshot())
        until = queue.slot.backoff_until
        log.info("%s is paused for %.0f s", queue.domain, until - self._queues.now())
        if isinstance(result, Response):
            return result.with_retry_at(until)
        return result
