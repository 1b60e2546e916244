"""One call for many who ask for the same thing at the same moment. What it gave is not kept: that is the callee's part.

A waiter that leaves does not disturb the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(slots=True)
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 0


class SingleFlight(Generic[K, T]):
    """Calls in flight by key. When the last waiter leaves, the call is cancelled; with `goes_on` it ends by itself, and
    whoever comes meanwhile waits for it."""

    def __init__(self, *, goes_on: bool = False) -> None:
        self._goes_on = goes_on
        self._flights: dict[K, _Flight[T]] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._flights

    def __len__(self) -> int:
        return len(self._flights)

    def keys(self) -> list[K]:
        """Of the calls in flight, the oldest first."""
        return list(self._flights)

    async def run(self, key: K, call: Callable[[], Awaitable[T]]) -> T:
        """The result of the call in flight for `key`, or of a new one. Its exception goes to every waiter."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = self._start(key, call)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not self._goes_on:
                self._land(key, flight)

    def leave(self, which: Callable[[K], bool]) -> None:
        """Who asks from now on for one of these starts afresh; who waits already gets what is under way."""
        for key in [key for key in self._flights if which(key)]:
            del self._flights[key]

    async def close(self) -> None:
        """Cancel every call and wait for its end."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, key: K, call: Callable[[], Awaitable[T]]) -> _Flight[T]:
        async def fly() -> T:
            return await call()

        flight = _Flight(asyncio.get_running_loop().create_task(fly(), name=f"one call for {key}"))
        flight.task.add_done_callback(lambda task: self._done(key, flight, task))
        return flight

    def _done(self, key: K, flight: _Flight[T], task: asyncio.Task[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # looked at, so that the loop does not report what no waiter was left to hear

    def _land(self, key: K, flight: _Flight[T]) -> None:
        """Nobody waits any more: whoever comes next starts afresh."""
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.done():
            flight.task.cancel()
