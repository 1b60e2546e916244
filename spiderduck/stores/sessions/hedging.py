"""Hedged reads: no statement is waited for beyond a deadline, and a slow read is asked a second time, so that one node
that collects its garbage holds nobody up.

Used by `acsylla.py`. The C++ driver could ask twice by itself, but then it loses for ever what is in flight on a
connection that breaks, and keeps no time-out (github.com/scylladb/cpp-driver/issues/110). What is asked twice stays a
small share of all, so that a cluster that is slow because it is full is not asked twice as much.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from spiderduck.errors import StoreUnavailable

Send = Callable[[], Coroutine[Any, Any, Any]]

SHARE = 0.1
"""Of the reads, as in gRPC's retry throttling (the example of its proposal A6: a tenth of a token for a success)."""
MOST_SAVED = 20.0


class Hedging:
    """Sends a read up to `most` further times, one every `after` seconds; the driver picks a replica for each anew."""

    def __init__(self, deadline: float, after: float, most: int) -> None:
        self.deadline = deadline
        self.after = after
        self.most = most
        self.credit = MOST_SAVED

    async def once(self, send: Send) -> Any:
        """The answer. Raises `StoreUnavailable` behind the deadline."""
        return await _HedgedCall(self, send, 0).answered()

    async def read(self, send: Send) -> Any:
        """The first answer. Where every copy failed, the error of the last; `StoreUnavailable` behind the deadline."""
        self.credit = min(MOST_SAVED, self.credit + SHARE)
        return await _HedgedCall(self, send, self.most).answered()


class _HedgedCall:
    """By callbacks, because a task and a timer cost a tenth of what `asyncio.wait` and `asyncio.timeout` do here."""

    __slots__ = ("_answer", "_copies", "_loop", "_owner", "_rest", "_send", "_timer", "_under_way")

    def __init__(self, owner: Hedging, send: Send, copies: int) -> None:
        self._owner = owner
        self._send = send
        self._copies = copies
        self._rest = owner.deadline
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Any] = self._loop.create_future()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._ask()
        self._timer = self._wait()

    async def answered(self) -> Any:
        try:
            return await self._answer
        finally:
            self._timer.cancel()
            for task in self._under_way:
                task.cancel()

    def _ask(self) -> None:
        task = self._loop.create_task(self._send())
        self._under_way.add(task)
        task.add_done_callback(self._came)

    def _wait(self) -> asyncio.TimerHandle:
        seconds = min(self._owner.after, self._rest) if self._copies else self._rest
        self._rest -= seconds
        return self._loop.call_later(seconds, self._is_late)

    def _is_late(self) -> None:
        if self._answer.done():
            return
        if self._rest <= 0:
            self._answer.set_exception(StoreUnavailable("Cassandra: no answer in time"))
            return
        self._copies -= 1
        if self._owner.credit >= 1:
            self._owner.credit -= 1
            self._ask()
        self._timer = self._wait()

    def _came(self, task: "asyncio.Task[Any]") -> None:
        self._under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if self._answer.done() or task.cancelled():
            return  # somebody else answered first, or nobody waits any more
        if error is None:
            self._answer.set_result(task.result())
        elif not self._under_way:
            self._answer.set_exception(error)
