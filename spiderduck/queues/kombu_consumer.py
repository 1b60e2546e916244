"""Taking messages from the events queue: as many at once as may be in flight, acknowledged one by one.

A `Line` of the consuming link. A tag is worth something only on the connection that gave it; what belonged to an
earlier one comes again by itself.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import kombu

from spiderduck.queues.kombu_link import BrokerLink, plain

_kombu: Any = kombu  # most of it is not annotated


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came. `redelivered`: it was handed out before, to a connection that ended. `message_id` is the
    sender's, where the sender is another program and gave one."""

    tag: int
    body: bytes
    headers: Mapping[str, Any]
    redelivered: bool
    message_id: str | None = None


class EventConsumer:
    """`queues` with the number of messages of each that may be held at once. `arrived` and `gone` are called on the
    loop: with each message, and with the tags that became void."""

    def __init__(
        self,
        link: BrokerLink,
        queues: Sequence[tuple[Any, int]],
        arrived: Callable[[Incoming], None],
        gone: Callable[[set[int]], None],
    ) -> None:
        self._link = link
        self._queues = queues
        self._arrived = arrived
        self._gone = gone
        self._channel: Any = None
        self._held: dict[int, int] = {}
        self._last = 0
        self._acks: deque[tuple[int, asyncio.Future[None]]] = deque()
        link.attach(self)

    @property
    def held(self) -> int:
        """Messages handed to this process and not acknowledged yet."""
        return len(self._held)

    def ack(self, tag: int) -> "asyncio.Future[None]":
        """Done when it was sent. A void tag is passed over: its message comes again."""
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._acks.append((tag, sent))
        self._link.poke()
        return sent

    def opened(self, connection: Any) -> None:
        self._channel = plain(connection.channel())
        for queue, prefetch in self._queues:
            self._channel.basic_qos(0, prefetch, False)  # holds for the consumers that are made afterwards
            _kombu.Consumer(self._channel, [queue], on_message=self._take, auto_declare=False).consume()

    def work(self) -> None:
        while self._acks:
            tag, sent = self._acks[0]
            if (delivery_tag := self._held.get(tag)) is not None:
                self._channel.basic_ack(delivery_tag)
                del self._held[tag]
            self._acks.popleft()
            self._link.tell(partial(_resolve, sent))

    def lost(self) -> None:
        self._channel = None
        void, self._held = set(self._held), {}
        self._link.tell(partial(self._gone, void))

    def _take(self, message: Any) -> None:
        self._last += 1
        self._held[self._last] = message.delivery_tag
        body = message.body if isinstance(message.body, bytes) else bytes(message.body, "utf-8")
        redelivered = bool(message.delivery_info.get("redelivered"))
        message_id = message.properties.get("message_id")
        named = str(message_id) if message_id else None
        self._link.tell(partial(self._arrived, Incoming(self._last, body, message.headers or {}, redelivered, named)))


def _resolve(sent: "asyncio.Future[None]") -> None:
    if not sent.done():
        sent.set_result(None)
