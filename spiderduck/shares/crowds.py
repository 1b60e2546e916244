"""The shares of what very many people share, held in memory, so that a score reads what came since the last one alone.

A copy of the log that is checked each time: where it holds another number of shares than the log (late ones came, a
link leads elsewhere, something was taken down), it is read anew. People are told apart by 64 bits of a hash that
nobody outside can know; of a million, two are taken for one in one of 37 million cases.
"""

import asyncio
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from spiderduck.shares.model import Item
from spiderduck.shares.ports import Counted, ShareStore
from spiderduck.shares.trends import HOUR, LONGEST, Tally, Window

MOST_HELD = 2_000_000
"""Shares of all items together, 16 bytes each. What is scored least often goes first."""
PIECE_SECONDS = 6 * HOUR
"""Read at once: a reader has others to serve."""
LATE_SECONDS = HOUR
"""Shares that come so late are read with the next ones."""
COUNTED_AT_ONCE = 50_000


class Crowd:
    """When one item was shared and by whom, in the order of time: all that the log has up to `until`."""

    def __init__(self) -> None:
        self.until = float("-inf")
        self._times = array("d")
        self._people = array("q")

    def __len__(self) -> int:
        return len(self._times)

    def renew(self, since: float, until: float, shares: Sequence[Counted]) -> None:
        """These are all the shares behind `since` up to `until`, and none after that is known."""
        keep = bisect_right(self._times, since)
        del self._times[keep:], self._people[keep:]
        self._times.extend(one.at for one in shares)
        self._people.extend(hash(one.who) for one in shares)
        self.until = until

    def forget(self, until: float) -> None:
        """What was shared up to then is not asked for again."""
        gone = bisect_right(self._times, until)
        del self._times[:gone], self._people[:gone]

    def count(self, since: float, until: float) -> int:
        """Shares behind `since` up to `until`."""
        return bisect_right(self._times, until) - bisect_right(self._times, since)

    async def tally(self, window: Window, until: float) -> Tally:
        """As `spiderduck.shares.trends.tally` says."""
        moments = (until, until - window.seconds, until - 2 * window.seconds)
        end, middle, begin = (bisect_right(self._times, moment) for moment in moments)
        return Tally(await self._different(middle, end), await self._different(begin, middle))

    async def _different(self, begin: int, end: int) -> int:
        """How many people stand there. The loop goes on meanwhile."""
        people: set[int] = set()
        for start in range(begin, end, COUNTED_AT_ONCE):
            people.update(self._people[start : min(start + COUNTED_AT_ONCE, end)])
            await asyncio.sleep(0)
        return len(people)


class Crowds:
    """Read for one caller at a time, so that what is being read takes no more than what is held; others wait."""

    def __init__(self, store: ShareStore, most: int = MOST_HELD) -> None:
        self._store = store
        self._most = most
        self._held: dict[Item, Crowd] = {}
        self._reading = asyncio.Lock()

    def hold(self, item: Item) -> None:
        """From the next tally on."""
        self._held.setdefault(item, Crowd())

    def shared(self, item: Item, at: float) -> None:
        """The log has one more of that moment. One that came too late to be read with the next ones is read with all:
        where as many were taken away meanwhile, their number alone would not tell."""
        if (crowd := self._held.get(item)) is not None and at <= crowd.until - LATE_SECONDS:
            self._held[item] = Crowd()

    async def tally(self, item: Item, window: Window, until: float) -> Tally | None:
        """None for what is not held, or was read beyond that moment. Raises `StoreUnavailable`."""
        if item not in self._held:
            return None
        async with self._reading:
            return await self._tally(item, window, until)

    async def _tally(self, item: Item, window: Window, until: float) -> Tally | None:
        crowd = self._held.pop(item, None)
        if crowd is None:
            return None
        await self._renew(crowd, item, until)
        if len(crowd) > self._most:
            return None  # never again: `hold` begins anew
        self._held[item] = crowd  # the last one: it was used just now
        while sum(map(len, self._held.values())) > self._most:
            del self._held[next(iter(self._held))]
        return await crowd.tally(window, until) if until >= crowd.until else None

    async def _renew(self, crowd: Crowd, item: Item, until: float) -> None:
        if until < crowd.until:
            return
        begin = until - 2 * LONGEST
        await self._read(crowd, item, max(begin, crowd.until - LATE_SECONDS), until)
        crowd.forget(begin)
        if crowd.count(begin, until) != await self._store.count_of(item, begin, until):
            await self._read(crowd, item, begin, until)

    async def _read(self, crowd: Crowd, item: Item, since: float, until: float) -> None:
        pieces = max(1, round((until - since) / PIECE_SECONDS))
        ends = [since + (until - since) * number / pieces for number in range(pieces)] + [until]
        for low, high in pairwise(ends):
            crowd.renew(low, high, await self._store.of_item(item, low, high))
            if len(crowd) > self._most:
                return
