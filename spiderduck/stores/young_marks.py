"""Marks that say `pending`, kept in memory for their first moment: most URLs come to their end before one need be
written.

Used by `sqlite.py`, whose look-ups see them. Its one rule: a mark is lost only together with the process, and then the
event comes again and sets it anew.
"""

import asyncio
from collections.abc import Callable, Sequence

from schedulers.model import UrlState

YOUNG_SECONDS = 0.5


class YoungMarks:
    """`write` gets those that grew old, all at once."""

    def __init__(self, write: Callable[[Sequence[UrlState]], None]) -> None:
        self._write = write
        self._marks: dict[str, UrlState] = {}
        self._timer: asyncio.TimerHandle | None = None

    def get(self, key: str) -> UrlState | None:
        return self._marks.get(key)

    def put(self, state: UrlState) -> None:
        self._marks[state.key] = state
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(YOUNG_SECONDS, self._grow_old)

    def drop(self, key: str) -> None:
        """The URL has a state of its own by now."""
        self._marks.pop(key, None)

    def _grow_old(self) -> None:
        self._timer = None
        if self._marks:
            self._write(list(self._marks.values()))
            self._marks.clear()
