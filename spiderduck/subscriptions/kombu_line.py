"""One subscriber's queue on the broker, and what came from it and is not acknowledged yet.

A `Line` of the link in `kombu.py`. Positions begin with the time at which the line was made, so that those of an
earlier line (before a restart, say) are all lower, and acknowledge nothing here.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import kombu
from amqp.exceptions import AccessRefused, NotFound  # type: ignore[import-untyped]

from spiderduck.errors import HandedOutElsewhere, ReadElsewhere, SpiderDuckError, UnknownQueue
from spiderduck.queues.kombu_link import BrokerLink, plain
from spiderduck.queues.topology import Topology, topic_pattern
from spiderduck.subscriptions.ports import BATCH_BYTES

_kombu: Any = kombu  # most of it is not annotated

PREFETCH = 500
COUNTER_BITS = 11
"""With the 41 bits of the milliseconds since 1970, 52 bits, which a JavaScript number still holds exactly. A line that
takes fewer than 2048 notices in every millisecond of its life never reaches the positions of a later one."""


@dataclass(frozen=True, slots=True)
class HeldNotice:
    """A notice from the broker; what filters ask for comes from its headers."""

    position: int
    body: bytes
    host: str
    type: str
    status: str
    outcome: str


class SubscriptionLine:
    """`after` and `ack` are for the loop; `opened`, `work`, `lost` and `end` for the link's thread."""

    def __init__(
        self,
        link: BrokerLink,
        topology: Topology,
        queue: Any,
        now: float,
        name: str | None = None,
        domains: frozenset[str] = frozenset(),
    ) -> None:
        """`name` is that of a durable queue, which has to be there."""
        self._link = link
        self._name = name
        self._queue = queue
        self._sources = [(topology.topics, topic_pattern(domain)) for domain in sorted(domains)] or [
            (topology.fanout, "")
        ]
        self._next = int(now * 1000) << COUNTER_BITS
        self._began = self._void = self.handed = self.acknowledged = self._next
        self._out: set[int] = set()
        self._over: SpiderDuckError | None = None
        self._tags: dict[int, int] = {}
        self._channel: Any = None
        self._taken: dict[int, HeldNotice] = {}
        self._more = asyncio.Event()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        link.attach(self)

    async def after(self, position: int, most: int) -> Sequence[HeldNotice]:
        """The next ones behind a position (0: from the first that is not acknowledged), as many as fit a batch, waiting
        for at least one. Raises `UnknownQueue`, `ReadElsewhere`."""
        while not (found := _batch((one for one in self._taken.values() if one.position > position), most)):
            if self._over is not None:
                raise self._over
            self._more.clear()
            await self._more.wait()
        return found

    def hand_out(self, positions: Sequence[int]) -> None:
        """A reader gets these, and may acknowledge them from now on."""
        self._out.update(positions)
        self.handed = max(self.handed, *positions)

    def is_stalled(self, position: int) -> bool:
        """Whether the broker gives no more until something is acknowledged, and a reader at `position` has it all."""
        return len(self._taken) >= PREFETCH and position >= next(reversed(self._taken))

    @property
    def waiting(self) -> int:
        """How many notices the broker gave us that are not acknowledged."""
        return len(self._taken)

    async def ack(self, position: int) -> None:
        """All up to there. Raises `HandedOutElsewhere` for what this line did not hand out, or has lost since."""
        if position > self.handed or 0 < position < self._began or self.acknowledged < position <= self._void:
            raise HandedOutElsewhere(self._name or "", position)
        await self._done(position)

    async def resume(self, position: int) -> None:
        """A reader that comes back has all up to there. What another line handed out acknowledges nothing here, and
        comes again."""
        if self._void < position <= self.handed:
            await self._done(position)

    async def skip(self, position: int) -> None:
        """Nobody wants what lies before `position`, but for what is handed out and not acknowledged."""
        await self._done(min(self._out) - 1 if self._out else position)

    async def _done(self, position: int) -> None:
        if position <= self.acknowledged:
            return
        self.acknowledged = position
        self._out = {one for one in self._out if one > position}
        for done in [one for one in self._taken if one <= position]:
            del self._taken[done]
        await self._link.call(partial(self._ack, position))

    def opened(self, connection: Any) -> None:
        self._channel = plain(connection.channel())
        self._channel.basic_qos(0, PREFETCH, False)
        queue = self._queue(self._channel)
        try:
            queue.queue_declare(passive=self._name is not None)
        except NotFound:
            self._closed_for(UnknownQueue(self._name or ""))
            return
        for exchange, key in self._sources:
            queue.bind_to(exchange.name, routing_key=key)
        self._consume()

    def _consume(self) -> None:
        _kombu.Consumer(self._channel, [self._queue], on_message=self._take, auto_declare=False).consume()
        self._link.tell(self._is_ready)

    def _closed_for(self, over: SpiderDuckError) -> None:
        """The broker closed the channel."""
        self._channel = None
        self._link.tell(partial(self._end_with, over))

    def work(self) -> None:
        """Nothing waits here: acknowledging is a call."""

    def lost(self) -> None:
        """What was not acknowledged comes again, with new positions."""
        self._channel = None
        self._tags.clear()
        self._link.tell(partial(self._forget, self._next))

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

    def _keep(self, taken: HeldNotice) -> None:
        self._taken[taken.position] = taken
        self._more.set()

    def _forget(self, last: int) -> None:
        """All up to `last` is with the broker again."""
        self._void = last
        self._taken.clear()
        self._out.clear()

    @property
    def is_gone(self) -> bool:
        """Whether nothing comes any more."""
        return self._over is not None

    def gone(self) -> None:
        """Nobody made the queue, or it was deleted, or has expired."""
        self._end_with(UnknownQueue(self._name or ""))

    def _end_with(self, over: SpiderDuckError) -> None:
        self._over = over
        self._more.set()
        if not self.ready.done():
            self.ready.set_exception(over)

    def _is_ready(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)


class SoleLine(SubscriptionLine):
    """The only reader of its queue: the broker refuses a second one (AMQP's exclusive consumer), in whichever process.
    Brokers of kombu that know no such thing refuse nobody."""

    def _consume(self) -> None:
        self._channel.basic_consume = partial(self._channel.basic_consume, exclusive=True)  # kombu passes no such word
        try:
            super()._consume()
        except AccessRefused:
            self._closed_for(ReadElsewhere(self._name or ""))


def _batch(notices: Iterable[HeldNotice], most: int) -> list[HeldNotice]:
    found, size = [], 0
    for one in notices:
        found.append(one)
        size += len(one.body)
        if len(found) >= most or size >= BATCH_BYTES:
            break
    return found


def _taken(position: int, body: bytes, headers: Mapping[str, Any]) -> HeldNotice:
    fields = (str(headers.get(name, "")) for name in ("host", "type", "status", "outcome"))
    return HeldNotice(position, body, *fields)
