"""One subscriber's queue on the broker, and what came from it and is not acknowledged yet.

A `Line` of the link in `kombu.py`. Its one rule: positions carry the mark of this process, so that one that was given
by another process (or before a restart) acknowledges nothing here.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import kombu

from spiderduck.queues.kombu_link import BrokerLink
from spiderduck.queues.topology import Topology, topic_pattern

_kombu: Any = kombu  # most of it is not annotated

PREFETCH = 500
COUNTER_BITS = 32
MARK_BITS = 20
"""Together 52 bits, which a JavaScript number still holds exactly."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A notice from the broker; what filters ask for comes from its headers."""

    position: int
    body: bytes
    host: str
    type: str
    status: str
    outcome: str


class SubscriptionLine:
    """`after` and `ack` are for the loop; `opened`, `work`, `lost` and `end` for the link's thread."""

    def __init__(self, link: BrokerLink, topology: Topology, queue: Any, domains: frozenset[str] = frozenset()) -> None:
        self._link = link
        self._queue = queue
        self._sources = [(topology.topics, topic_pattern(domain)) for domain in sorted(domains)] or [
            (topology.fanout, "")
        ]
        self._next = secrets.randbits(MARK_BITS) << COUNTER_BITS
        self._first = self._next
        self._tags: dict[int, int] = {}
        self._channel: Any = None
        self._taken: dict[int, Taken] = {}
        self._more = asyncio.Event()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        link.attach(self)

    async def after(self, position: int, most: int) -> Sequence[Taken]:
        """The next ones behind a position (0: from the first that is not acknowledged), waiting for at least one."""
        while not (found := list(islice((one for one in self._taken.values() if one.position > position), most))):
            self._more.clear()
            await self._more.wait()
        return found

    async def ack(self, position: int) -> None:
        """All up to there."""
        if not self._first < position <= self._next:
            return
        for done in [one for one in self._taken if one <= position]:
            del self._taken[done]
        await self._link.call(partial(self._ack, position))

    def opened(self, connection: Any) -> None:
        self._channel = connection.channel()
        self._channel.basic_qos(0, PREFETCH, False)
        queue = self._queue(self._channel)
        queue.queue_declare()
        for exchange, key in self._sources:
            queue.bind_to(exchange.name, routing_key=key)
        _kombu.Consumer(self._channel, [self._queue], on_message=self._take, auto_declare=False).consume()
        self._link.tell(self._is_ready)

    def work(self) -> None:
        """Nothing waits here: acknowledging is a call."""

    def lost(self) -> None:
        """What was not acknowledged comes again, with new positions."""
        self._channel = None
        self._tags.clear()
        self._link.tell(self._taken.clear)

    def end(self, connection: Any) -> None:
        """Leave the queue: what was not acknowledged goes back into it, and a temporary one is gone."""
        self._link.detach(self)
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _ack(self, position: int, connection: Any) -> None:
        done = [one for one in self._tags if one <= position]
        if done and self._channel is not None:
            self._channel.basic_ack(self._tags[done[-1]], multiple=True)
            for one in done:
                del self._tags[one]

    def _take(self, message: Any) -> None:
        self._next += 1
        self._tags[self._next] = message.delivery_tag
        body = message.body if isinstance(message.body, bytes) else bytes(message.body, "utf-8")
        self._link.tell(partial(self._keep, _taken(self._next, body, message.headers or {})))

    def _keep(self, taken: Taken) -> None:
        self._taken[taken.position] = taken
        self._more.set()

    def _is_ready(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)


def _taken(position: int, body: bytes, headers: Mapping[str, Any]) -> Taken:
    fields = (str(headers.get(name, "")) for name in ("host", "type", "status", "outcome"))
    return Taken(position, body, *fields)
