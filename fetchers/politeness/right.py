"""The right to send one request: waited for in the domain's queue, told to the transport, given back at the end.

    async with Right(queues, queue, request) as right: ...

A request that is written a second time (the connection from the pool was dead) waits for a second turn of its domain,
since the far end may see both.
"""

from fetchers.model import HopRequest, NotMine, NotNow
from fetchers.politeness.queue import BACK, FRONT, DomainQueue, Turn
from fetchers.politeness.ready_heap import RequestQueues


class Right:
    """The `RightToSend` port. `idle_seconds`: what of the time so far the domain was not to blame for.
    `waited`: seconds until the turn came."""

    __slots__ = ("_queue", "_queues", "_request", "_turn", "idle_seconds", "waited")

    def __init__(self, queues: RequestQueues, queue: DomainQueue, request: HopRequest) -> None:
        self.idle_seconds = self.waited = 0.0
        self._queues = queues
        self._queue = queue
        self._request = request
        self._turn: Turn | None = None

    async def __aenter__(self) -> "Right | NotNow | NotMine":
        """The right, once it is there, or why there is none."""
        request = self._request
        turn = await self._queues.turn(
            self._queue,
            rank=FRONT if request.purpose == "robots" else BACK + request.priority,
            start_by=request.start_by,
            deadline=request.deadline,
            promised=request.promised,
        )
        if not isinstance(turn, Turn):
            return turn
        self._turn = turn
        return self

    async def __aexit__(self, *_: object) -> None:
        self.give_back()

    def may_write(self) -> bool:
        return self._turn is not None and self._turn.may_write()

    def written(self) -> None:
        if self._turn is not None:
            self._turn.written()

    async def again(self) -> bool:
        """In front of the others."""
        self.give_back()
        by = self._request.deadline
        turn = await self._queues.turn(self._queue, rank=FRONT, start_by=by, deadline=by)
        if not isinstance(turn, Turn):
            return False
        self._turn = turn
        return True

    def give_back(self) -> None:
        """The request is over, however it ended. May be called twice."""
        if self._turn is not None:
            self._turn.over(self.idle_seconds)
            self._turn = None
