"""Fanout queues on a broker: a durable queue per named subscriber, a temporary one for whoever just listens.

Receives what `kombu_announcer.py` publishes. A named queue stays attached for a while after its subscriber left, so
that one who pulls and acknowledges in separate calls finds what it was given. What is not acknowledged
comes again.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from amqp.exceptions import NotFound  # type: ignore[import-untyped]

from groundwork.clock import Clock
from spiderduck.errors import NoPast, ReadElsewhere, StoreUnavailable, TooManyQueues, UnknownQueue
from spiderduck.queues.kombu_link import BrokerLink
from spiderduck.queues.topology import Topology
from spiderduck.settings.broker import BrokerConfig, QueuesConfig
from spiderduck.subscriptions.kombu_line import SoleLine, SubscriptionLine
from spiderduck.subscriptions.kombu_registry import Listed, Names, QueueRegistry
from spiderduck.subscriptions.ports import Filter, QueueState, Received, is_own

DAY = 86_400.0
POLL_SECONDS = 0.25
"""So long a broker is given to hand over what it holds."""
TOUCH_SECONDS = 3600.0
"""So often at most it is written down that a queue is used."""
HOLD_SECONDS = 60.0
"""So long what a subscriber took and did not acknowledge is kept for it after it left; then it goes back to the queue.
"""


class KombuSubscription:
    """One subscriber's view of a line."""

    def __init__(
        self,
        owner: "KombuSubscriptions",
        name: str | None,
        line: SubscriptionLine,
        wanted: Filter,
        reset: int | None = None,
    ) -> None:
        self._owner = owner
        self._name = name
        self._line = line
        self._wanted = wanted
        self._position = 0
        self.reset = reset

    @property
    def stalled(self) -> bool:
        return self._line.is_stalled(self._position)

    async def receive(self, most: int) -> Sequence[Received]:
        while True:
            taken = await self._line.after(self._position, most)
            self._position = taken[-1].position
            wanted = [one for one in taken if self._wanted.takes(one.host, one.type, one.status, one.outcome, one.body)]
            if wanted:
                self._line.hand_out([one.position for one in wanted])
                return [Received(one.position, one.body) for one in wanted]
            await self._line.skip(self._position)

    async def poll(self, most: int) -> Sequence[Received]:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                return await self.receive(most)
        except TimeoutError:
            return ()

    async def ack(self, position: int) -> None:
        await self._line.ack(position)

    async def close(self) -> None:
        await self._owner.left(self._name, self._line)


class KombuSubscriptions:
    """Opens queues over one connection. Who asks waits for the broker for `patience_seconds`."""

    def __init__(self, config: BrokerConfig, clock: Clock, queues: QueuesConfig | None = None) -> None:
        self._clock = clock
        self._config = queues or QueuesConfig()
        self._patience = config.patience_seconds
        self._topology = Topology(config)
        self._link = BrokerLink(config, "notices", self._topology.declare)
        self._registry = QueueRegistry(self._link, self._topology)
        self._named: dict[str, SubscriptionLine] = {}
        self._users: dict[str, int] = {}
        self._used: dict[str, float] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}

    @property
    def trouble(self) -> str | None:
        """Why no notices come at the moment."""
        return self._link.trouble

    async def create(self, name: str, *, after: int | None = None) -> bool:
        if after is not None:
            raise NoPast
        await self.expire()
        return await self._registry.change(partial(self._create, name, self._clock.now()))

    async def queues(self) -> Sequence[QueueState]:
        await self.expire()
        return await self._registry.change(self._states)

    async def open(
        self, name: str | None, wanted: Filter, *, after: int | None = None, alone: bool = False
    ) -> KombuSubscription:
        """A broker keeps no past: a temporary queue begins now, and says so where `after` asks for more."""
        now = self._clock.now()
        if name is None:
            line = SubscriptionLine(self._link, self._topology, self._temporary(), now, domains=wanted.domains)
            await self._ready(name, line)
            return KombuSubscription(self, None, line, wanted, None if after is None else line.acknowledged)
        if (leaving := self._leaving.pop(name, None)) is not None:
            leaving.cancel()
        if name in self._named and self._named[name].is_gone:
            await self._link.call(self._named.pop(name).end)
            self._users.pop(name, None)
        if name not in self._named:
            kind = SoleLine if alone else SubscriptionLine
            self._named[name] = kind(self._link, self._topology, self._queue(name), now, name)
        self._users[name] = self._users.get(name, 0) + 1
        line = self._named[name]
        await self._ready(name, line)
        await self._touch(name, now)
        if after is not None and after > line.handed:
            return KombuSubscription(self, name, line, wanted, line.acknowledged)
        if after is not None:
            await line.resume(after)
        return KombuSubscription(self, name, line, wanted)

    async def remove(self, name: str) -> bool:
        if (line := self._named.pop(name, None)) is not None:
            self._users.pop(name, None)
            await self._link.ask(line.end)
            line.gone()
        return await self._registry.change(partial(self._remove, name))

    async def expire(self) -> int:
        """One with a consumer is in use. `x-expires` does the same where no process of ours is there to do it."""
        if not self._config.unused_days:
            return 0
        return await self._registry.change(partial(self._expire, self._clock.now()))

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
        """Until the queue is there. Raises `StoreUnavailable` where the broker is not, `UnknownQueue`, `ReadElsewhere`;
        and then nothing was opened."""
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.shield(line.ready)
        except (UnknownQueue, ReadElsewhere):
            if name is not None and self._named.get(name) is line:
                del self._named[name], self._users[name]
                await self._link.call(line.end)
            raise
        except TimeoutError as error:
            if name is None:
                self._link.call(line.end)  # when there is a connection again
            else:
                await self.left(name, line)
            raise StoreUnavailable(f"{self.trouble or 'the broker is slow'}; ask again later") from error

    async def _touch(self, name: str, now: float) -> None:
        """Written down now and then; a queue of before the list was kept is put on it."""
        if now - self._used.get(name, -TOUCH_SECONDS) < TOUCH_SECONDS:
            return
        self._used[name] = now

        def edit(names: Names, _: Any) -> None:
            names.setdefault(name, Listed(now, now)).used_at = now

        await self._registry.change(edit)

    def _create(self, name: str, now: float, names: Names, connection: Any) -> bool:
        is_there = _length(self._queue(name), connection) is not None
        if not is_there and not is_own(name) and sum(not is_own(one) for one in {*names} - {name}) >= self._config.most:
            raise TooManyQueues(self._config.most)
        if not is_there:
            channel = connection.channel()
            self._queue(name)(channel).declare()
            channel.close()
            names.pop(name, None)
        names.setdefault(name, Listed(now, now))
        return not is_there

    def _states(self, names: Names, connection: Any) -> list[QueueState]:
        states = []
        for name, listed in sorted(names.items()):
            if is_own(name):
                continue
            if (length := _length(self._queue(name), connection)) is None:
                del names[name]
                continue
            line = self._named.get(name)
            states.append(
                QueueState(
                    name=name,
                    position=None if line is None else line.acknowledged,
                    lag=length[0] + (0 if line is None else line.waiting),
                    oldest_at=None,
                    created_at=listed.created_at,
                    used_at=listed.used_at,
                    expires_at=listed.used_at + self._config.unused_days * DAY if self._config.unused_days else None,
                )
            )
        return states

    def _remove(self, name: str, names: Names, connection: Any) -> bool:
        names.pop(name, None)
        return _delete(self._queue(name), connection)

    def _expire(self, now: float, names: Names, connection: Any) -> int:
        count = 0
        for name, listed in list(names.items()):
            if now - listed.used_at < self._config.unused_days * DAY:
                continue
            length = _length(self._queue(name), connection)
            if length is not None and length[1]:
                listed.used_at = now
                continue
            del names[name]
            count += _delete(self._queue(name), connection)
        return count

    def _queue(self, name: str) -> Any:
        return self._topology.subscriber(name, self._config)

    def _temporary(self) -> Any:
        return self._topology.temporary(uuid4().hex)


def _length(queue: Any, connection: Any) -> tuple[int, int] | None:
    """Notices and consumers of a queue; None where it is not there. Asking for that ends the channel, hence its own."""
    channel = connection.channel()
    try:
        found = queue(channel).queue_declare(passive=True)
    except NotFound:
        return None
    channel.close()
    return found.message_count, found.consumer_count


def _delete(queue: Any, connection: Any) -> bool:
    """Deleting tells no difference, so ask first."""
    if _length(queue, connection) is None:
        return False
    channel = connection.channel()
    queue(channel).delete()
    channel.close()
    return True
