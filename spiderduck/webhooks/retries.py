"""The deliveries of one webhook that wait for their next attempt, the next one first. Pure."""

import heapq

from spiderduck.webhooks.ports import Pending


class Retries:
    """Each delivery waits once: what is pushed again has a new moment."""

    def __init__(self) -> None:
        self._heap: list[Pending] = []
        self._ids: set[str] = set()

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_due(self) -> float | None:
        """When the next one is due (epoch seconds); None where none waits."""
        return self._heap[0].due if self._heap else None

    def push(self, one: Pending) -> None:
        """It waits from now on, until the moment that it names."""
        if one.id in self._ids:
            self._heap = [other for other in self._heap if other.id != one.id]
            heapq.heapify(self._heap)
        self._ids.add(one.id)
        heapq.heappush(self._heap, one)

    def pop(self) -> str:
        """The id of the one that is due next; it waits no more."""
        identity = heapq.heappop(self._heap).id
        self._ids.discard(identity)
        return identity
