"""Keeps the peaks of what is trending: whatever was shared is scored again soon after, in the background."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import islice
from time import perf_counter

from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.shares.crowds import Crowds
from spiderduck.shares.model import Item, Share
from spiderduck.shares.ports import ShareStore, SoFar
from spiderduck.shares.trends import COOLDOWN, HOUR, LONGEST, WINDOWS, Peak, Tally, Window, peak_of, score

log = logging.getLogger(__name__)

REST = 3.0
"""Times as long as the work it rests: a quarter of the store's time at most."""
RETRY_SECONDS = 5.0
MOST_WAITING = 100_000
"""Items that wait to be scored. Beyond that new ones are left out until their next share: far from a trend."""
ITEMS_AT_ONCE = 500
SCORED_AT_ONCE = 8
"""Asked of the store together, which wakes a reader once for all of them. More would keep its other callers waiting."""
CROWD, PARTS, MOST_LATELY = 1_000, 200, 10_000
"""What so many people share is scored again only after such a part of the window: it does not change much meanwhile."""


class Trending:
    """`threshold`: fewer sharers are no trend."""

    def __init__(self, store: ShareStore, clock: Clock, threshold: int) -> None:
        self._store = store
        self._clock = clock
        self._threshold = threshold
        self._waiting: dict[Item, float] = {}
        self._due = asyncio.Event()
        self._crowds = Crowds(store)
        self._lately: dict[tuple[Item, str], float] = {}

    def shared(self, shares: Sequence[Share]) -> None:
        """These were logged. Several of one item at once are scored as of the latest."""
        for share in shares:
            for item in share.items:
                self._crowds.shared(item, share.at)
                if item in self._waiting or len(self._waiting) < MOST_WAITING:
                    self._waiting[item] = max(self._waiting.get(item, share.at), share.at)
        if self._waiting:
            self._due.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._due.wait()
            try:
                await self.score_waiting()
            except StoreUnavailable as error:
                log.warning("trends are scored later: %s", error)
                await self._clock.sleep(RETRY_SECONDS)

    async def score_waiting(self) -> None:
        """All that was shared since."""
        while self._waiting:
            some = list(islice(self._waiting.items(), SCORED_AT_ONCE))
            began = perf_counter()
            await asyncio.gather(*(self._score(item, at) for item, at in some))
            for item, at in some:
                if self._waiting.get(item) == at:
                    del self._waiting[item]
            await self._clock.sleep((perf_counter() - began) * REST)
        self._due.clear()

    async def rebuild(self, so_far: SoFar = lambda count: None) -> int:
        """All peaks from the log alone. Returns how many items trend."""
        await self._store.forget_peaks()
        now, after, looked, count = self._clock.now(), None, 0, 0
        while items := await self._store.items(after, ITEMS_AT_ONCE):
            for item in items:
                shares = await self._store.of_item(item, now - 2 * LONGEST - COOLDOWN, now)
                peaks = [peak_of(item, window, shares, self._threshold) for window in WINDOWS.values()]
                reached = [peak for peak in peaks if peak is not None]
                if reached:
                    language, count = await self._store.language_of(item), count + 1
                    for peak in reached:
                        await self._store.raise_peak(peak._replace(language=language))
            after, looked = items[-1], looked + len(items)
            so_far(looked)
        return count

    async def _score(self, item: Item, at: float) -> None:
        """The longest window first: who is not in it is in no other."""
        for window in reversed(WINDOWS.values()):
            if at < self._lately.get((item, window.name), 0.0):
                continue
            found = await self._tally(item, window, at)
            if found.observed < self._threshold:
                return
            if found.observed >= CROWD:
                self._crowds.hold(item)
                self._lately[item, window.name] = at + window.seconds / PARTS
                if len(self._lately) > MOST_LATELY:
                    del self._lately[next(iter(self._lately))]
            if reached := score(found, self._threshold):
                language = await self._store.language_of(item)
                await self._store.raise_peak(Peak(item, window.name, reached, at, language))

    async def _tally(self, item: Item, window: Window, at: float) -> Tally:
        """An hour is read quickly, whatever it holds."""
        found = await self._crowds.tally(item, window, at) if window.seconds > HOUR else None
        return await self._store.tally(item, window, at) if found is None else found
