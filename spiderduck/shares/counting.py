"""Listens to the notices, logs each share, and says what may be trending. Runs beside the API for as long as it does.

Its durable queue of notices is hidden from callers, so that nobody takes it away. What is not logged yet comes again
after a crash; what is logged twice counts once.
"""

import logging
from dataclasses import dataclass

from groundwork.clock import Clock
from spiderduck.errors import HandedOutElsewhere, NoPast, StoreUnavailable, UnknownQueue
from spiderduck.shares.changes import Changes
from spiderduck.shares.model import PROCESSED, share_in
from spiderduck.shares.ports import ShareLog
from spiderduck.shares.rechecking import Rechecking
from spiderduck.shares.trending import Trending
from spiderduck.subscriptions.ports import Filter, Subscription, Subscriptions

log = logging.getLogger(__name__)

QUEUE = "@shares"
MOST = 500
GATHER_SECONDS = 0.5
"""So long the first share of a batch waits for others: each batch is three writes to the disk."""
RETRY_SECONDS = 5.0
WANTED = Filter(types=frozenset({PROCESSED}))


@dataclass(frozen=True, slots=True)
class Followers:
    """Who is told of what was logged."""

    trending: Trending
    rechecking: Rechecking
    changes: Changes


class ShareCounter:
    """`shares_total` counts what this process logged. `keep` is for how many seconds a share counts (0: for ever):
    what is older is not logged, nor what is told again after it was forgotten."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        shares: ShareLog,
        followers: Followers,
        clock: Clock,
        keep: float = 0.0,
    ) -> None:
        self._subscriptions = subscriptions
        self._shares = shares
        self._followers = followers
        self._clock = clock
        self._keep = keep
        self.shares_total = 0

    async def run(self) -> None:
        """Until cancelled; an engine that is away is waited for, and what went back to the broker meanwhile comes
        again."""
        while True:
            try:
                subscription = await self._opened()
                try:
                    while True:
                        await self.take(subscription)
                finally:
                    await subscription.close()
            except (StoreUnavailable, UnknownQueue, HandedOutElsewhere) as error:
                log.warning("shares are counted later: %s", error)
            await self._clock.sleep(RETRY_SECONDS)

    async def take(self, subscription: Subscription) -> None:
        """The next batch, waiting for one."""
        received = list(await subscription.receive(MOST))
        if len(received) < MOST:
            await self._clock.sleep(GATHER_SECONDS)
            received += await subscription.poll(MOST - len(received))
        since = self._clock.now() - self._keep if self._keep else float("-inf")
        shares = [share for one in received if (share := share_in(one.body)) is not None and share.at >= since]
        added = await self._shares.add(shares) if shares else ()
        self.shares_total += len(added)
        await self._followers.changes.told([one.body for one in received], added)
        self._followers.trending.shared([*shares, *added])  # what a crash left unscored is told again
        self._followers.rechecking.shared(added)
        await subscription.ack(received[-1].position)

    async def _opened(self) -> Subscription:
        try:
            await self._subscriptions.create(QUEUE, after=0)
        except NoPast:
            await self._subscriptions.create(QUEUE)
        return await self._subscriptions.open(QUEUE, WANTED)
