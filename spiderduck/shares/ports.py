"""Where shares are kept. Each adapter passes `tests/contract/test_share_log.py`."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from schedulers.shares import Shares
from spiderduck.shares.model import Item, Share
from spiderduck.shares.trends import Peak, Tally, Window

SoFar = Callable[[int], None]
"""Is told now and then how many are done."""


class Asked(NamedTuple):
    """A URL whose page's shares are asked for: its dedup key, and the page as far as its record tells."""

    key: str
    page: str


class Counted(NamedTuple):
    """One share, as counting by time needs it: when, and who."""

    at: float
    who: bytes


class ShareLog(Protocol):
    """The log, and what is counted from it. Every method raises `StoreUnavailable`."""

    async def add(self, shares: Sequence[Share]) -> Sequence[Share]:
        """Durable when this returns. One that is there already changes nothing, also where it is told with another time
        or page. Where a URL is known by now to lead to another page, all its shares count for that one. Returns those
        that were new, as they count: with the page that their URL was known to lead to."""

    async def counts(self, asked: Sequence[Asked], now: float) -> Sequence[Shares | None]:
        """What counts for each page, in the order asked; None where it was never shared."""

    async def of_item(self, item: Item, since: float, until: float) -> Sequence[Counted]:
        """The shares of an item behind `since` up to `until`, in the order of time."""

    async def per_hour(self, item: Item, hours: int, until: float) -> Sequence[int]:
        """How many different people shared the item in each of the last `hours` before `until`, the oldest first."""

    async def items(self, after: Item | None, most: int) -> Sequence[Item]:
        """Everything that was ever shared, in an order of the adapter's own, at most `most`, behind `after`. What comes
        or goes meanwhile may be missed."""

    async def forget(self, keys: Sequence[str]) -> None:
        """Remove every share of URLs with these keys and of the pages with these, who shared them, and what trends of
        them. What else counts for their domains stays. May be repeated."""

    async def recount(self, so_far: SoFar = lambda count: None) -> int:
        """Count everything again from the log, where counts are kept beside it. Returns how many pages there are."""


class TrendLog(Protocol):
    """What is trending, and what says so."""

    async def tally(self, item: Item, window: Window, until: float) -> Tally:
        """Who shared the item in the window that ends at `until`, and in the one before it."""

    async def count_of(self, item: Item, since: float, until: float) -> int:
        """How many shares `of_item` would give."""

    async def raise_peak(self, peak: Peak) -> None:
        """Remember it in place of the item's peak in that window, where that is lower or from before
        `Peak.counts_since`, but never in place of one from after `Peak.counts_until`. Of two at one moment the lower
        may stay."""

    async def peaks(self, kind: str, window: str, since: float, most: int) -> Sequence[Peak]:
        """Peaks from `since` on, the most that are trending first, at most `most`."""

    async def forget_peaks(self) -> None:
        """All of them: they are to be made again."""

    async def language_of(self, item: Item) -> str:
        """Of the page, or of the domain's page that was shared most; empty where it says none."""

    async def events_of(self, item: Item, since: float, most: int) -> Sequence[str]:
        """The addresses of events that shared the item last, the newest first."""


class ShareStore(ShareLog, TrendLog, Protocol):
    """Both."""
