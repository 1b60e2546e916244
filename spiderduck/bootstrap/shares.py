"""Counting shares beside the API, as the settings say."""

from collections.abc import Mapping
from dataclasses import dataclass

from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.storage import ForApi, Work
from spiderduck.shares.counting import ShareCounter
from spiderduck.shares.ports import ShareStore
from spiderduck.shares.trending import Trending


@dataclass(frozen=True, slots=True)
class ShareParts:
    """`store` is None where nothing is counted."""

    store: ShareStore | None = None
    work: tuple[Work, ...] = ()
    counter: ShareCounter | None = None

    async def gauges(self) -> Mapping[str, tuple[str, float]]:
        """For `/metrics`."""
        if self.counter is None:
            return {}
        return {"shares_logged": ("Shares that this process logged.", self.counter.shares_total)}


def open_shares(given: Composition, api: ForApi | None) -> ShareParts:
    """Nothing is opened where no API runs, or `shares.count` is false."""
    if api is None or not given.config.shares.count:
        return ShareParts()
    trending = Trending(api.shares, given.clock, given.config.trends.threshold)
    counter = ShareCounter(api.subscriptions, api.shares, trending, given.clock)
    return ShareParts(api.shares, (("shares", counter.run), ("trends", trending.run)), counter)
