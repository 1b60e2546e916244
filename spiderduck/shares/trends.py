"""What is trending: Mastodon's score. Pure.

As `app/models/trends/links.rb` of Mastodon has it: those who shared a thing in a window are compared with those who
shared it in the window before, as the chi-squared statistic does, `(observed - expected)² / expected`. The highest
score counts, and halves every eight hours; after two days it is forgotten. Fewer than five sharers are no trend. Two
things differ: a window ends now, not at midnight, so that there are hours and weeks beside days; and sharers are
counted, not estimated.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from spiderduck.shares.model import Item

HOUR = 3600.0
HALF_LIFE = 8 * HOUR
COOLDOWN = 48 * HOUR
LEAST_SCORE = 1.0
MIDDLE = 100.0
"""The score that ranks 50."""

WindowName = Literal["hour", "day", "week"]


class Window(NamedTuple):
    """A window by name, and its length in seconds."""

    name: WindowName
    seconds: float


WINDOWS = {one.name: one for one in (Window("hour", HOUR), Window("day", 24 * HOUR), Window("week", 168 * HOUR))}
LONGEST = WINDOWS["week"].seconds


class Tally(NamedTuple):
    """Different sharers in a window, and in the one before."""

    observed: int
    expected: int


class Peak(NamedTuple):
    """The highest score of an item in a window, and when it was reached. `language` is that of the page then."""

    item: Item
    window: WindowName
    score: float
    at: float
    language: str = ""

    @property
    def counts_since(self) -> float:
        """A peak of before that moment is forgotten when this one comes."""
        return self.at - COOLDOWN

    @property
    def counts_until(self) -> float:
        """A peak of after that moment stays, however late this one is told: it would be forgotten by then."""
        return self.at + COOLDOWN

    @property
    def order(self) -> float:
        """The higher, the more it trends, at every moment: the logarithm of `now`, less the moment's part."""
        return math.log2(self.score) + self.at / HALF_LIFE

    def now(self, now: float) -> float:
        """What is left of the score."""
        if now - self.at > COOLDOWN:
            return 0.0
        return float(self.score * 0.5 ** (max(0.0, now - self.at) / HALF_LIFE))


def score(tally: Tally, threshold: int) -> float:
    """Fewer than `threshold` sharers are none."""
    expected = max(1, tally.expected)
    if tally.observed < threshold or tally.observed < expected:
        return 0.0
    return (tally.observed - expected) ** 2 / expected


def rank(score: float) -> int:
    """What a `score` ranks: 1 to 100, the same everywhere, so that the answers of several servers can be merged (the
    fediverse's auxiliary services ask for that)."""
    return max(1, min(100, round(100 * score / (score + MIDDLE))))


def per_hour(shares: Iterable[tuple[float, bytes]], hours: int, until: float) -> list[int]:
    """How many different people shared in each of the last `hours`, the oldest first."""
    found: list[set[bytes]] = [set() for _ in range(hours)]
    for at, who in shares:
        if 0 <= until - at < hours * HOUR:
            found[hours - 1 - int((until - at) // HOUR)].add(who)
    return [len(one) for one in found]


def distribution(counts: Sequence[int]) -> list[int]:
    """The same, as parts of the best hour, which is 100."""
    most = max(counts, default=0) or 1
    return [round(100 * count / most) for count in counts]


class Sliding:
    """The two windows of one item while time goes on, over its shares in the order of time."""

    def __init__(self, window: Window, shares: Sequence[tuple[float, bytes]]) -> None:
        self._seconds = window.seconds
        self._shares = shares
        self._observed: Counter[bytes] = Counter()
        self._expected: Counter[bytes] = Counter()
        self._begin = self._middle = self._end = 0

    def until(self, moment: float) -> Tally:
        """Who shared in the window that ends then, and in the one before. Moments must not go back."""
        self._end = self._move(self._end, moment, None, self._observed)
        self._middle = self._move(self._middle, moment - self._seconds, self._observed, self._expected)
        self._begin = self._move(self._begin, moment - 2 * self._seconds, self._expected, None)
        return Tally(len(self._observed), len(self._expected))

    def _move(self, place: int, until: float, out_of: Counter[bytes] | None, into: Counter[bytes] | None) -> int:
        while place < len(self._shares) and self._shares[place][0] <= until:
            who = self._shares[place][1]
            if into is not None:
                into[who] += 1
            if out_of is not None:
                out_of[who] -= 1
                if not out_of[who]:
                    del out_of[who]
            place += 1
        return place


def tally(shares: Sequence[tuple[float, bytes]], window: Window, until: float) -> Tally:
    """Of the shares of one item, each with its time and who shared, in the order of time."""
    return Sliding(window, shares).until(until)


def peak_of(item: Item, window: Window, shares: Sequence[tuple[float, bytes]], threshold: int) -> Peak | None:
    """The peak as it was reached share by share, from the whole log of one item in the order of time. None where it
    never trended."""
    peak: Peak | None = None
    sliding = Sliding(window, shares)
    for at, _ in shares:
        reached = score(sliding.until(at), threshold)
        if reached and (peak is None or peak.at < at - COOLDOWN or reached > peak.score):
            peak = Peak(item, window.name, reached, at)
    return peak
