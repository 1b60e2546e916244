"""The dead letters and the lengths of the queues on a broker, looked at over a connection of its own.

Used by `kombu.py`, seldom and by people. Who looks takes nothing out; what was only looked at goes back to its place
when the channel closes.
"""

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from groundwork.histogram import Histogram
from schedulers.model import Message
from spiderduck.queues.kombu_headers import Envelope, from_headers, to_headers
from spiderduck.queues.kombu_link import BrokerLink, plain
from spiderduck.queues.kombu_publisher import PERSISTENT, Outgoing
from spiderduck.queues.ports import DeadLetter, QueueLengths
from spiderduck.queues.topology import Topology
from spiderduck.settings.broker import BrokerConfig

MOST_LOOKED_AT = 10_000


def burial(topology: Topology, message: Message, reason: str, now: float) -> Outgoing:
    """A message on its way to the dead letters. Its id sorts by time and ends in ten random bits."""
    identity = (int(now * 1_000_000) << 10 | secrets.randbits(10)) & (2**63 - 1)
    headers = {**to_headers(Envelope(message)), "dead_id": identity, "dead_at": now, "reason": reason}
    return Outgoing(topology.dead.name, message.body, headers)


class KombuDeadLetters:
    """Connects when it is first asked."""

    def __init__(self, config: BrokerConfig, topology: Topology) -> None:
        self._config = config
        self._topology = topology
        self._link: BrokerLink | None = None
        self.seconds = Histogram()

    async def dead(self, most: int, before: int | None = None) -> Sequence[DeadLetter]:
        return await self._opened().ask(partial(_newest, self._topology.dead, most, before))

    async def replay(self, ids: Sequence[int] | None) -> int:
        wanted = None if ids is None else set(ids)
        return await self._opened().ask(partial(_replay, self._topology, wanted))

    async def lengths(self) -> QueueLengths:
        began = time.perf_counter()
        try:
            return await self._opened().ask(self._count)
        finally:
            self.seconds.observe(time.perf_counter() - began)

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()

    def _opened(self) -> BrokerLink:
        if self._link is None:
            self._link = BrokerLink(self._config, "dead letters", self._topology.declare)
        return self._link

    def _count(self, connection: Any) -> QueueLengths:
        channel = connection.channel()
        deferred = sum(_length(queue, channel) for queue in self._topology.deferred.values())
        ready = _length(self._topology.events, channel) + _length(self._topology.bulk, channel)
        lengths = QueueLengths(ready, deferred, _length(self._topology.dead, channel))
        channel.close()
        return lengths


def _length(queue: Any, channel: Any) -> int:
    return int(queue(channel).queue_declare(passive=True).message_count)


def _newest(queue: Any, most: int, before: int | None, connection: Any) -> list[DeadLetter]:
    """By id: several processes bury, and the queue has their letters as they came."""
    channel = plain(connection.channel())
    letters = [_letter(message) for message in _each(queue, channel)]
    channel.close()
    older = [one for one in letters if before is None or one.id < before]
    return sorted(older, key=lambda one: one.id, reverse=True)[:most]


def _replay(topology: Topology, wanted: set[int] | None, connection: Any) -> int:
    """One by one: in the events queue, confirmed, before it leaves the dead letters."""
    channel = plain(connection.channel())
    count = 0
    for message in _each(topology.dead, channel):
        letter = _letter(message)
        if wanted is None or letter.id in wanted:
            again = channel.prepare_message(
                letter.message.body,
                content_type="application/json",
                content_encoding="binary",
                headers=to_headers(Envelope(replace(letter.message, deferrals=0))),
                properties={"delivery_mode": PERSISTENT},
            )
            publish = getattr(channel, "basic_publish_confirm", channel.basic_publish)
            publish(again, exchange="", routing_key=topology.events.name)
            channel.basic_ack(message.delivery_tag)
            count += 1
    channel.close()
    return count


def _each(queue: Any, channel: Any) -> Iterator[Any]:
    """The oldest first; those that are replayed meanwhile do not come twice, for they are in another queue."""
    for _ in range(MOST_LOOKED_AT):
        message = queue(channel).get(no_ack=False)
        if message is None:
            return
        yield message


def _letter(message: Any) -> DeadLetter:
    body = message.body if isinstance(message.body, bytes) else bytes(message.body, "utf-8")
    headers = message.headers or {}
    found = from_headers(body, headers).message
    reason = str(headers.get("reason", "unknown"))
    return DeadLetter(int(_figure(headers.get("dead_id"))), float(_figure(headers.get("dead_at"))), reason, found)


def _figure(value: object) -> int | float:
    """0 for what another program put there instead."""
    return value if isinstance(value, int | float) and 0 <= value < 2**63 else 0
