"""Which URLs of a domain asked for a pause lately: is it a page that is in trouble, or its whole site? Pure.

Kept by `queue.py`, asked by `back_off.py`. One page that fails while others are answered is paused alone.
"""

from collections import OrderedDict

REMEMBERED_SECONDS = 600.0
MOST_URLS = 32
IN_A_ROW = 2
"""So many different URLs without an answer of another one between them are the site's trouble."""
AT_ALL = 5
"""So many lately are, too, whatever comes between."""
FIRST_PAUSE = 60.0
LONGEST_PAUSE = 3_600.0


class Troubles:
    """Of one domain. Moments are epoch seconds."""

    __slots__ = ("_failing", "_in_a_row")

    def __init__(self) -> None:
        self._failing: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._in_a_row: set[str] = set()

    def note(self, url: str, now: float) -> float:
        """It asked for a pause. Returns for how many seconds it is left alone if it is the only one: a minute, and
        twice as long each time."""
        _, times = self._failing.pop(url, (now, 0))
        self._failing[url] = (now, times + 1)
        self._in_a_row.add(url)
        while self._failing and (
            len(self._failing) > MOST_URLS or next(iter(self._failing.values()))[0] < now - REMEMBERED_SECONDS
        ):
            self._in_a_row.discard(self._failing.popitem(last=False)[0])
        return min(FIRST_PAUSE * 2.0**times, LONGEST_PAUSE)

    def answered(self, url: str) -> None:
        """It was answered well."""
        self._failing.pop(url, None)
        self._in_a_row.clear()

    @property
    def is_of_the_site(self) -> bool:
        """Whether the domain is in trouble."""
        return len(self._in_a_row) >= IN_A_ROW or len(self._failing) >= AT_ALL
