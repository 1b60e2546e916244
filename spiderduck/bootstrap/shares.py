"""Counting shares beside the API, and what follows from them, as the settings say."""

from collections.abc import Mapping
from dataclasses import dataclass

from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.storage import ForApi, Work
from spiderduck.config import DAY
from spiderduck.lists.judging import Judge
from spiderduck.lists.watching import Lists
from spiderduck.shares.changes import Changes
from spiderduck.shares.counting import Followers, ShareCounter
from spiderduck.shares.ports import ShareStore
from spiderduck.shares.rechecking import Limits, Rechecking
from spiderduck.shares.trending import Trending
from spiderduck.takedowns.notices import RedactedSubscriptions


@dataclass(frozen=True, slots=True)
class ShareParts:
    """`store` is None where nothing is counted."""

    store: ShareStore | None = None
    work: tuple[Work, ...] = ()
    counter: ShareCounter | None = None
    followers: Followers | None = None

    async def gauges(self) -> Mapping[str, tuple[str, float]]:
        """For `/metrics`."""
        if self.counter is None or self.followers is None:
            return {}
        return {
            "shares_logged_total": ("Shares that this process logged.", self.counter.shares_total),
            "rechecks_sent_total": (
                "Pages sent in again because many share them.",
                self.followers.rechecking.rechecks_total,
            ),
            "changes_announced_total": (
                "Changes of shared pages that were announced.",
                self.followers.changes.changes_total,
            ),
        }


def open_shares(given: Composition, api: ForApi | None, lists: Lists) -> ShareParts:
    """Nothing is opened where no API runs, or `shares.count` is false."""
    config, clock = given.config, given.clock
    if api is None or not config.shares.count:
        return ShareParts()
    limits = Limits(config.schedulers.freshness.success, config.fetchers.rate_limit)
    rechecking = Rechecking(api.shares, api.store, api.queue, clock, config.rechecks, limits)
    changes = Changes(api.shares, api.store, api.announcing, Judge(lists, clock).verdict, clock)
    followers = Followers(Trending(api.shares, clock, config.trends.threshold), rechecking, changes)
    keep = config.retention.shares_days * DAY
    subscriptions = RedactedSubscriptions(api.subscriptions, lists.takedowns)
    counter = ShareCounter(subscriptions, api.shares, followers, clock, keep)
    work = (("shares", counter.run), ("trends", followers.trending.run), ("rechecks", rechecking.run))
    return ShareParts(api.shares, work, counter, followers)
