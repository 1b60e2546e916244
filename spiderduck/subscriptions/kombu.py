"""Fanout queues on a broker: a durable queue per named subscriber, a temporary one for whoever just listens.

Receives what `kombu_announcer.py` publishes. A named queue stays attached for a while after its subscriber left, so
that one who pulls and acknowledges in separate calls finds what it was given. Its one rule: what is not acknowledged
comes again.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from amqp.exceptions import NotFound  # type: ignore[import-untyped]

from schedulers.ports import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.queues.kombu_link import BrokerLink
from spiderduck.queues.topology import Topology
from spiderduck.settings.broker import BrokerConfig
from spiderduck.subscriptions.kombu_line import SubscriptionLine
from spiderduck.subscriptions.ports import Filter, Received

HOLD_SECONDS = 60.0
"""So long what a subscriber took and did not acknowledge is kept for it after it left; then it goes back to the queue.
"""


class KombuSubscription:
    """One subscriber's view of a line."""

    def __init__(self, owner: "KombuSubscriptions", name: str | None, line: SubscriptionLine, wanted: Filter) -> None:
        self._owner = owner
        self._name = name
        self._line = line
        self._wanted = wanted
        self._position = 0

    async def receive(self, most: int) -> Sequence[Received]:
        while True:
            taken = await self._line.after(self._position, most)
            self._position = taken[-1].position
            wanted = [one for one in taken if self._wanted.takes(one.host, one.type, one.status, one.outcome)]
            if wanted:
                return [Received(one.position, one.body) for one in wanted]
            await self._line.ack(self._position)

    async def ack(self, position: int) -> None:
        await self._line.ack(position)

    async def close(self) -> None:
        await self._owner.left(self._name, self._line)


class KombuSubscriptions:
    """Opens queues over one connection. Who asks waits for the broker for `patience_seconds`."""

    def __init__(self, config: BrokerConfig, clock: Clock) -> None:
        self._clock = clock
        self._patience = config.patience_seconds
        self._topology = Topology(config)
        self._link = BrokerLink(config, "notices", self._topology.declare)
        self._named: dict[str, SubscriptionLine] = {}
        self._users: dict[str, int] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}

    @property
    def trouble(self) -> str | None:
        """Why no notices come at the moment."""
        return self._link.trouble

    async def open(self, name: str | None, wanted: Filter, *, after: int | None = None) -> KombuSubscription:
        """A broker keeps no past: a temporary queue begins now, whatever `after` says."""
        if name is None:
            line = SubscriptionLine(self._link, self._topology, self._temporary(), wanted.domains)
            await self._ready(name, line)
            return KombuSubscription(self, None, line, wanted)
        if (leaving := self._leaving.pop(name, None)) is not None:
            leaving.cancel()
        if name not in self._named:
            self._named[name] = SubscriptionLine(self._link, self._topology, self._topology.subscriber(name))
        self._users[name] = self._users.get(name, 0) + 1
        line = self._named[name]
        await self._ready(name, line)
        return KombuSubscription(self, name, line, wanted)

    async def remove(self, name: str) -> bool:
        if (line := self._named.pop(name, None)) is not None:
            self._users.pop(name, None)
            await self._link.ask(line.end)
        return await self._link.ask(partial(_delete, self._topology.subscriber(name)))

    async def left(self, name: str | None, line: SubscriptionLine) -> None:
        """A subscriber closed its view."""
        if name is None:
            await self._link.call(line.end)
        elif self._named.get(name) is line:
            self._users[name] -= 1
            if self._users[name] == 0:
                self._leaving[name] = asyncio.create_task(self._let_go(name, line))

    async def close(self) -> None:
        for task in self._leaving.values():
            task.cancel()
        await asyncio.gather(*self._leaving.values(), return_exceptions=True)
        await self._link.close()

    async def _let_go(self, name: str, line: SubscriptionLine) -> None:
        await self._clock.sleep(HOLD_SECONDS)
        del self._leaving[name], self._named[name], self._users[name]
        await self._link.call(line.end)

    async def _ready(self, name: str | None, line: SubscriptionLine) -> None:
        """Until the queue is there. Raises `StoreUnavailable` where the broker is not, and then nothing was opened."""
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.shield(line.ready)
        except TimeoutError as error:
            if name is None:
                self._link.call(line.end)  # when there is a connection again
            else:
                await self.left(name, line)
            raise StoreUnavailable(f"{self.trouble or 'the broker is slow'}; ask again later") from error

    def _temporary(self) -> Any:
        return self._topology.temporary(uuid4().hex)


def _delete(queue: Any, connection: Any) -> bool:
    """Deleting tells no difference, so ask first. Asking for what is not there ends the channel, hence its own."""
    channel = connection.channel()
    try:
        queue(channel).queue_declare(passive=True)
        queue(channel).delete()
    except NotFound:
        return False
    channel.close()
    return True
