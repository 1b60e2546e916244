"""How many originals may be fetched, or pictures rendered, at a time: in all, from one host, for one client. Who must
wait, waits in a bounded queue.

A host that hangs, or a client that asks for much, fills its own part and leaves the rest to others: of those who wait,
the client that was served longest ago comes next, and where no more may wait, the one that waits for most gives way.
"""

import asyncio
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from imagepipe.errors import Busy


@dataclass(frozen=True, slots=True)
class FairLimits:
    """Pieces at a time, and how many may wait, holding how many bytes together. One client has at most one in
    `waiting_share` of these places and bytes."""

    total: int
    per_host: int
    per_client: int
    waiting: int
    waiting_share: int = 4
    waiting_bytes: int = sys.maxsize


@dataclass(slots=True)
class _Waiter:
    host: str
    client: str
    size: int
    turn: "asyncio.Future[None]"


class FairLimiter:
    """Over all pipelines. The client "" stands for our own work and has no limit of its own."""

    def __init__(self, limits: FairLimits) -> None:
        self._limits = limits
        self._taken = 0
        self._waiting = 0
        self._hosts: Counter[str] = Counter()
        self._clients: Counter[str] = Counter()
        self._queues: OrderedDict[str, deque[_Waiter]] = OrderedDict()
        self._held: Counter[str] = Counter()
        self._held_bytes = 0

    @property
    def taken(self) -> int:
        """Pieces under way."""
        return self._taken

    @property
    def waiting(self) -> int:
        """Pieces that wait for their place."""
        return self._waiting

    @asynccontextmanager
    async def one(self, host: str, client: str, size: int = 0) -> AsyncIterator[None]:
        """A place, as soon as there is one. Raises `Busy` where no more may wait. `size`: bytes held meanwhile."""
        await self._take(host, client, size)
        try:
            yield
        finally:
            self._give_back(host, client)

    async def _take(self, host: str, client: str, size: int) -> None:
        if self._fits(host, client) and client not in self._queues:
            self._count(host, client, 1)
            return
        queue = self._queues.get(client)
        own = 0 if queue is None else len(queue)
        if client and not self._has_share(client, own, size):
            raise self._busy()
        while self._waiting and not self._has_room(size):
            self._make_room(own)
        waiter = _Waiter(host, client, size, asyncio.get_running_loop().create_future())
        self._queues.setdefault(client, deque()).append(waiter)
        self._hold(waiter, 1)
        self._wake()
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is not None:
                pass  # it had to give way, and has left the queue
            elif not waiter.turn.cancelled():
                self._give_back(host, client)  # it was given a place in the very moment
            else:
                self._leave(waiter)
            raise

    def _has_room(self, size: int) -> bool:
        limits = self._limits
        return self._waiting < limits.waiting and self._held_bytes + size <= limits.waiting_bytes

    def _has_share(self, client: str, own: int, size: int) -> bool:
        """Whether one more of this client may wait; the first one always, however large it is."""
        places = max(1, self._limits.waiting // self._limits.waiting_share)
        most = self._limits.waiting_bytes // self._limits.waiting_share
        return own < places and (not own or self._held[client] + size <= most)

    def _hold(self, waiter: _Waiter, change: int) -> None:
        self._waiting += change
        self._held_bytes += change * waiter.size
        self._held[waiter.client] += change * waiter.size
        if not self._held[waiter.client]:
            del self._held[waiter.client]

    def _make_room(self, own: int) -> None:
        """The newest of the client that waits for most gives way to one that waits for `own`. Our own work stays."""
        longest = max((queue for client, queue in self._queues.items() if client), key=len, default=deque())
        if len(longest) <= own + 1:
            raise self._busy()
        last = longest[-1]
        self._leave(last)
        if not last.turn.done():
            last.turn.set_exception(self._busy())

    def _busy(self) -> Busy:
        return Busy(f"{self._waiting} pictures wait for their turn", retry_after=1.0)

    def _give_back(self, host: str, client: str) -> None:
        self._count(host, client, -1)
        self._wake()

    def _wake(self) -> None:
        """Give free places away, one a client and round."""
        given = True
        while given and self._taken < self._limits.total:
            given = False
            for client in list(self._queues):
                waiter = self._next_of(client)
                if waiter is not None:
                    self._leave(waiter)
                    if client in self._queues:
                        self._queues.move_to_end(client)
                    self._count(waiter.host, client, 1)
                    waiter.turn.set_result(None)
                    given = True

    def _next_of(self, client: str) -> _Waiter | None:
        """The first of the client's whose host has a place; those of a host without one do not hold up the others."""
        if self._taken >= self._limits.total or (client and self._clients[client] >= self._limits.per_client):
            return None
        most = self._limits.per_host
        waiting = (one for one in self._queues[client] if not one.turn.done())  # done: it has given up just now
        return next((one for one in waiting if self._hosts[one.host] < most), None)

    def _leave(self, waiter: _Waiter) -> None:
        queue = self._queues[waiter.client]
        queue.remove(waiter)
        self._hold(waiter, -1)
        if not queue:
            del self._queues[waiter.client]

    def _fits(self, host: str, client: str) -> bool:
        return (
            self._taken < self._limits.total
            and self._hosts[host] < self._limits.per_host
            and (not client or self._clients[client] < self._limits.per_client)
        )

    def _count(self, host: str, client: str, change: int) -> None:
        self._taken += change
        for counter, key in ((self._hosts, host), (self._clients, client)):
            counter[key] += change
            if not counter[key]:
                del counter[key]
