"""Since when does the oldest entry of a table lie there? Told by its number, for numbers are given in order.

Looking now and then at the newest number says what was there at which moment. After a start, what was there before it
counts from the start, so that an age is never too long.
"""

from collections import deque

MOST = 720
"""Looks that are remembered. Beyond that, every second one is forgotten, and of what is old less is known exactly."""


class Ages:
    """Of the entries of one table whose numbers only grow."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, now: float, newest: int) -> None:
        """The newest number that was given until `now`."""
        if self._looks and self._looks[-1][1] == newest:
            return
        self._looks.append((now, newest))
        if len(self._looks) > MOST:
            self._looks = deque(one for index, one in enumerate(self._looks) if index % 2 or index == MOST)

    def since(self, oldest: int | None, now: float) -> float | None:
        """The moment of the look that saw the entry `oldest` first; None where there is none. What lies before that is
        forgotten."""
        if oldest is None:
            return None
        while len(self._looks) > 1 and self._looks[0][1] < oldest:
            self._looks.popleft()
        return self._looks[0][0] if self._looks and self._looks[0][1] >= oldest else now
