"""Lets a purge win over the work that was under way when it was said. Pure.

Whoever begins to make something takes a moment from here, and keeps the result only if `holds` still says so.
"""

from collections import OrderedDict

_MOST = 10_000


class Purges:
    """Of one pipeline. Moments are counted, not timed."""

    def __init__(self) -> None:
        self._count = 0
        self._all = 0
        self._one: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._all_at = 0.0

    def moment(self) -> int:
        """To be taken before work begins."""
        return self._count

    def purge(self, url: str, now: float) -> None:
        """What is being made of this picture is of yesterday."""
        self._count += 1
        self._one[url] = (self._count, now)
        self._one.move_to_end(url)
        if len(self._one) > _MOST:
            _, (count, at) = self._one.popitem(last=False)
            self._all, self._all_at = max(self._all, count), max(self._all_at, at)

    def purge_all(self, now: float) -> None:
        """So is what is being made of any."""
        self._count += 1
        self._all, self._all_at = self._count, now
        self._one.clear()

    def holds(self, url: str, moment: int) -> bool:
        """Whether nothing was purged since."""
        return max(self._all, self._one.get(url, (0, 0.0))[0]) <= moment

    def takes(self, url: str, stored_at: float) -> bool:
        """Whether what somebody else stored then is newer than the last purge."""
        return stored_at > max(self._all_at, self._one.get(url, (0, 0.0))[1])
