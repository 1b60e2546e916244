"""A write-behind buffer of marks that say `pending`: most URLs come to their end before one need be written.

Used by the stores of the flow, `sqlite.py` and `announcing.py`, whose look-ups see them. A mark is lost only together
with the process, and then the event comes again and sets it anew.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice

from schedulers.model import UrlState

YOUNG_SECONDS = 0.5
MOST_AT_ONCE = 500
"""Marks written in one go, which takes about three milliseconds of the loop."""
NEXT_SECONDS = 0.02


class WriteBehindMarks:
    """`write` gets those that grew old, all at once. They are seen here until it is done."""

    def __init__(self, write: Callable[[Sequence[UrlState]], "asyncio.Future[object]"]) -> None:
        self._write = write
        self._writing: dict[str, UrlState] = {}
        self._marks: dict[str, UrlState] = {}
        self._timer: asyncio.TimerHandle | None = None

    def get(self, key: str) -> UrlState | None:
        return self._marks.get(key) or self._writing.get(key)

    def put(self, state: UrlState) -> None:
        self._marks[state.key] = state
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(YOUNG_SECONDS, self._grow_old)

    def drop(self, key: str) -> None:
        """The URL has a state of its own by now."""
        self._marks.pop(key, None)
        self._writing.pop(key, None)

    def _grow_old(self) -> None:
        self._timer = None
        keys = list(islice(self._marks, MOST_AT_ONCE))
        if keys:
            states = [self._marks.pop(key) for key in keys]
            self._writing.update(zip(keys, states, strict=True))
            self._write(states).add_done_callback(lambda _: self._written(states))
        if self._marks:
            self._timer = asyncio.get_running_loop().call_later(NEXT_SECONDS, self._grow_old)

    def _written(self, states: Sequence[UrlState]) -> None:
        for state in states:
            if self._writing.get(state.key) is state:
                del self._writing[state.key]
