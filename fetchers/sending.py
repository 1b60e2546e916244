"""The turns that one request uses: one for each time that it is written to a socket.

Made by `fetcher.py`, told and asked by `exchange.py` and the transport. A request that is written a second time (the
connection from the pool was dead) waits for a second turn of its domain, since the far end may see both.
"""

from fetchers.politeness.queue import FRONT, DomainQueue, Turn
from fetchers.politeness.ready_heap import RequestQueues


class Sending:
    """`may_write`, `written` and `again` as the transport's extensions of these names; `over` when all is done."""

    __slots__ = ("_deadline", "_queue", "_queues", "_turn")

    def __init__(self, queues: RequestQueues, queue: DomainQueue, turn: Turn, deadline: float) -> None:
        self._queues = queues
        self._queue = queue
        self._turn: Turn | None = turn
        self._deadline = deadline

    def may_write(self) -> bool:
        return self._turn is not None and self._turn.may_write()

    def written(self) -> None:
        if self._turn is not None:
            self._turn.written()

    async def again(self) -> bool:
        """Wait for another turn, in front of the others. False where none comes before the deadline."""
        self.over()
        turn = await self._queues.turn(self._queue, rank=FRONT, start_by=self._deadline, deadline=self._deadline)
        if not isinstance(turn, Turn):
            return False
        self._turn = turn
        return True

    def over(self, waited: float = 0.0) -> None:
        """The request is over, however it ended; for `waited` seconds of it the domain was not to blame. May be called
        twice."""
        if self._turn is not None:
            self._turn.over(waited)
            self._turn = None
