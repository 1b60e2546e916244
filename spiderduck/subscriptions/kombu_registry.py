"""The list of the durable queues on a broker, for AMQP cannot list queues.

It is the one message of a queue of its own. Who reads or changes it holds an exclusive queue as a lock, and a change is
one transaction on the broker. All but `change` runs in the link's thread.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec
from amqp.exceptions import ResourceLocked  # type: ignore[import-untyped]

from spiderduck.errors import StoreUnavailable
from spiderduck.queues.kombu_link import BrokerLink
from spiderduck.queues.topology import Topology

TRIES = 100
PAUSE_SECONDS = 0.05

Result = TypeVar("Result")


class Listed(msgspec.Struct):
    """A durable queue's times, in epoch seconds."""

    created_at: float
    used_at: float


Names = dict[str, Listed]


class QueueRegistry:
    """`change` is for the loop."""

    def __init__(self, link: BrokerLink, topology: Topology) -> None:
        self._link = link
        self._topology = topology

    async def change(self, edit: Callable[[Names, Any], Result]) -> Result:
        """What `edit` returns, which gets the list, to change it in place, and a connection. Raises what `edit` raises
        (and then nothing is changed), or `StoreUnavailable`."""
        for _ in range(TRIES):
            done, result = await self._link.ask(partial(self._locked, edit))
            if isinstance(result, Exception):
                raise result
            if done:
                return result  # type: ignore[no-any-return]
            await asyncio.sleep(PAUSE_SECONDS)  # another process is at it
        raise StoreUnavailable("the list of durable queues is in use; ask again later")

    def _locked(self, edit: Callable[[Names, Any], Any], connection: Any) -> tuple[bool, Any]:
        channel = connection.channel()
        lock = self._topology.registry_lock(channel)
        try:
            lock.queue_declare()
        except ResourceLocked:
            return False, None  # the broker closed the channel
        try:
            return True, self._edit(edit, connection, channel)
        except Exception as error:
            if isinstance(error, connection.connection_errors):
                raise
            return True, error  # the link would take it for a fault of the connection
        finally:
            if channel.is_open:
                lock.delete()
                channel.close()

    def _edit(self, edit: Callable[[Names, Any], Any], connection: Any, channel: Any) -> Any:
        registry = self._topology.registry(channel)
        registry.queue_declare()
        channel.tx_select()
        message = channel.basic_get(registry.name)
        before = b"{}" if message is None else _bytes(message.body)
        names = msgspec.json.decode(before, type=Names)
        result = edit(names, connection)
        after = msgspec.json.encode(names)
        if after != before:
            channel.basic_publish(
                channel.prepare_message(after, content_type="application/json", properties={"delivery_mode": 2}),
                exchange="",
                routing_key=registry.name,
            )
            if message is not None:
                channel.basic_ack(message.delivery_tag)
            channel.tx_commit()
        elif message is not None:
            channel.basic_recover(requeue=True)
        return result


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else bytes(body, "utf-8")
