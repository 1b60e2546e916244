"""The events queue on a broker, through kombu: confirmed publishing, deferral in steps, dead letters with their reason.

Around `kombu_publisher.py` and `kombu_consumer.py`, which run in the threads of their links. A message is acknowledged
only after its successor (deferred, counted, buried) is the broker's, so a crash in between leaves two and never none.
The broker cannot know event ids: the store knows which of an event's URLs are finished.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from groundwork.clock import Clock
from schedulers.model import Delivery, Message
from spiderduck.errors import StoreUnavailable
from spiderduck.queues.kombu_consumer import EventConsumer, Incoming
from spiderduck.queues.kombu_dead_letters import KombuDeadLetters, burial
from spiderduck.queues.kombu_headers import Envelope, from_headers, to_headers
from spiderduck.queues.kombu_link import BrokerLink
from spiderduck.queues.kombu_publisher import Outgoing, Publisher
from spiderduck.queues.ports import DeadLetter, QueueLengths
from spiderduck.queues.topology import Topology, step_for
from spiderduck.settings.broker import BrokerConfig

log = logging.getLogger(__name__)

LONGEST_RETRY_SECONDS = 60.0
MOST_AT_ONCE = 1_000
BULK_SHARE = 4
"""Of the messages that a process holds at once, one in so many comes from large requests; the broker keeps the rest."""
PAUSE_SECONDS = 1.0
MOST_DELAY = 8 * 86_400.0
"""Seconds. None of ours puts off so far, and what another program wrote must not be put off for ever."""
RESTING_SHARE = 4
"""At most one in so many of the messages handed to this process waits for the last second of its delay."""


class KombuQueue:
    """`publisher` may be shared with the notices. Messages are taken from the first `receive` on. `publish` waits for
    the broker for `patience` seconds: for ever in the flow, where None is given, and `config.patience_seconds` in the
    API. `hide` takes out of the events of other programs what is not kept of any event.
    """

    def __init__(
        self,
        config: BrokerConfig,
        publisher: Publisher,
        clock: Clock,
        patience: float | None = None,
        hide: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._patience = patience
        self._hide = hide
        self._config = config
        self._publisher = publisher
        self._clock = clock
        self._topology = Topology(config)
        self._dead = KombuDeadLetters(config, self._topology)
        self._consuming: BrokerLink | None = None
        self._consumer: EventConsumer | None = None
        self._ready: deque[Delivery] = deque()
        self._receivers: deque[asyncio.Future[None]] = deque()
        self._passing_on: set[asyncio.Task[None]] = set()
        self._resting = 0
        self._queued_at: dict[int, float] = {}
        self.seconds = {"publish": publisher.seconds, "ask": self._dead.seconds}

    async def publish(self, messages: Sequence[Message], *, bulk: bool = False) -> Sequence[bool]:
        """Raises `StoreUnavailable` when the broker took nothing for so long, or refuses: some may be queued then."""
        for start in range(0, len(messages), MOST_AT_ONCE):
            some = messages[start : start + MOST_AT_ONCE]
            await self._publisher.publish(
                [self._outgoing(Envelope(message), bulk=bulk) for message in some], self._patience
            )
        return [True] * len(messages)

    async def receive(self) -> Delivery:
        self._start()
        while not self._ready:
            receiver: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._receivers.append(receiver)
            try:
                await receiver
            except asyncio.CancelledError:
                self._wake()  # the waking that was ours goes to another
                raise
        return self._ready.popleft()

    async def ack(self, delivery: Delivery) -> None:
        await self._let_go(delivery)

    async def retry(self, delivery: Delivery, reason: str) -> int:
        errors = delivery.errors + 1
        due = self._clock.now() + min(2.0**errors / 2, LONGEST_RETRY_SECONDS)
        await self._publisher.publish([self._outgoing(Envelope(delivery.message, errors, delivery.deliveries, due))])
        await self._let_go(delivery)
        return errors

    async def bury(self, delivery: Delivery, reason: str) -> None:
        letter = burial(self._topology, delivery.message, reason, self._clock.now())
        await self._publisher.publish([letter])
        await self._let_go(delivery)

    async def defer(self, message: Message, until: float) -> None:
        await self._publisher.publish([self._outgoing(Envelope(message, due=until))])

    async def dead(self, most: int, before: int | None = None) -> Sequence[DeadLetter]:
        return await self._dead.dead(most, before)

    async def replay(self, ids: Sequence[int] | None) -> int:
        return await self._dead.replay(ids)

    @property
    def oldest_at(self) -> float | None:
        """Since when the oldest message that this process holds lies in its queue; None where it holds none."""
        return min(self._queued_at.values(), default=None)

    async def lengths(self) -> QueueLengths:
        """`ready` counts what waits on the broker and what this process holds; not what others hold. The oldest are
        those that a process holds: the broker hands out the oldest first, and tells no age of what it has."""
        lengths = await self._dead.lengths()
        held = 0 if self._consumer is None else self._consumer.held
        return replace(lengths, ready=lengths.ready + held, oldest_at=self.oldest_at)

    @property
    def trouble(self) -> str | None:
        """Why no messages come at the moment; None where they do, or none were asked for."""
        return None if self._consuming is None else self._consuming.trouble

    async def close(self) -> None:
        """Give back what was not acknowledged."""
        for task in self._passing_on:
            task.cancel()
        await asyncio.gather(*self._passing_on, return_exceptions=True)
        await self._dead.close()
        if self._consuming is not None:
            await self._consuming.close()

    def _start(self) -> None:
        if self._consumer is None:
            self._consuming = BrokerLink(self._config, "events", self._topology.declare)
            self._consumer = EventConsumer(
                self._consuming,
                [
                    (self._topology.events, self._config.prefetch),
                    (self._topology.bulk, max(1, self._config.prefetch // BULK_SHARE)),
                ],
                self._arrived,
                self._gone,
            )

    async def _let_go(self, delivery: Delivery) -> None:
        assert self._consumer is not None, "only what was received is acknowledged"
        self._queued_at.pop(delivery.tag, None)
        await self._consumer.ack(delivery.tag)

    def _arrived(self, incoming: Incoming) -> None:
        envelope = from_headers(incoming.body, incoming.headers, incoming.message_id)
        queued_at = envelope.queued_at
        delivery = Delivery(envelope.message, incoming.tag, envelope.errors, envelope.deliveries, queued_at)
        self._queued_at[incoming.tag] = queued_at or self._clock.now()
        if envelope.is_foreign:
            self._later(self._adopt(delivery, envelope))
        elif 0 < envelope.due - self._clock.now() < MOST_DELAY:
            self._later(self._wait_or_defer(delivery, envelope))
        elif incoming.redelivered and self._config.queue_type == "classic":
            again = replace(envelope, deliveries=envelope.deliveries + 1)
            self._later(self._pass_on(delivery, again))
        else:
            self._hand_out(delivery)

    def _hand_out(self, delivery: Delivery) -> None:
        self._ready.append(delivery)
        self._wake()

    def _gone(self, tags: set[int]) -> None:
        """The connection ended: what waits here comes again on the next one."""
        self._ready = deque(delivery for delivery in self._ready if delivery.tag not in tags)
        for tag in tags:
            self._queued_at.pop(tag, None)

    def _wake(self) -> None:
        messages = len(self._ready)
        while messages and self._receivers:
            receiver = self._receivers.popleft()
            if not receiver.done():
                receiver.set_result(None)
                messages -= 1

    async def _adopt(self, delivery: Delivery, envelope: Envelope) -> None:
        """Named durably before it is handled: two equal ones are two shares, and one that comes again is one."""
        message = envelope.message
        body = await asyncio.to_thread(self._hide, message.body)
        name = message.event_id or f"share:{secrets.token_hex(16)}"
        await self._pass_on(delivery, replace(envelope, message=replace(message, body=body, event_id=name)))

    async def _wait_or_defer(self, delivery: Delivery, envelope: Envelope) -> None:
        """A step of its delay is over; the last second is waited here, so that it comes in time. Where many do that, it
        comes a little early: a message that waits here is one less that the broker hands to this process."""
        rest = envelope.due - self._clock.now()
        if step_for(rest) is not None:
            await self._pass_on(delivery, envelope)
            return
        if self._resting < self._config.prefetch // RESTING_SHARE:
            self._resting += 1
            try:
                await self._clock.sleep(rest)
            finally:
                self._resting -= 1
        self._hand_out(delivery)

    async def _pass_on(self, delivery: Delivery, envelope: Envelope) -> None:
        """Put a changed copy into its queue, then let go of this one."""
        while True:
            try:
                await self._publisher.publish([self._outgoing(envelope)])
                break
            except StoreUnavailable as error:
                log.warning("%s cannot be put back yet: %s", envelope.message.event_id, error)
                await self._clock.sleep(PAUSE_SECONDS)
        await self._let_go(delivery)

    def _outgoing(self, envelope: Envelope, *, bulk: bool = False) -> Outgoing:
        step = step_for(envelope.due - self._clock.now())
        line = self._topology.bulk if bulk else self._topology.events
        queue = line if step is None else self._topology.deferred[step]
        stamped = replace(envelope, queued_at=envelope.queued_at or self._clock.now())
        return Outgoing(queue.name, envelope.message.body, to_headers(stamped))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._passing_on.add(task)
        task.add_done_callback(self._passing_on.discard)
