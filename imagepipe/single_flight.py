"""One call for many who ask for the same thing at the same moment.

A waiter that leaves does not disturb the others; when the last one leaves, the call is cancelled (it keeps what it has:
that is the callee's part).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 0


class SingleFlight(Generic[T]):
    """Calls in flight by key."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._flights

    def __len__(self) -> int:
        return len(self._flights)

    def keys(self) -> list[str]:
        return list(self._flights)

    async def run(self, key: str, call: Callable[[], Awaitable[T]]) -> T:
        """The result of the call in flight for `key`, or of a new one. Its exception goes to every waiter."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = self._start(key, call)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters:
                self._land(key, flight)

    def _start(self, key: str, call: Callable[[], Awaitable[T]]) -> _Flight[T]:
        async def fly() -> T:
            return await call()

        flight = _Flight(asyncio.get_running_loop().create_task(fly()))
        flight.task.add_done_callback(lambda task: self._done(key, flight, task))
        return flight

    def _done(self, key: str, flight: _Flight[T], task: asyncio.Task[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # looked at, so that the loop does not report what no waiter was left to hear

    def _land(self, key: str, flight: _Flight[T]) -> None:
        """Nobody waits any more: whoever comes next starts afresh."""
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.done():
            flight.task.cancel()
