"""Publishing with confirms, many at once: a message is the broker's when the broker said so.

A `Line` of the publishing link. What was not confirmed when a connection ended is sent again on the next, unless
whoever published it has given up.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from groundwork.histogram import Histogram
from spiderduck.errors import StoreUnavailable
from spiderduck.queues.kombu_link import BrokerLink

MOST_UNCONFIRMED = 2_000
MOST_WAITING = 10_000
"""Without a broker, memory must not fill with what callers have given up. The flow is bounded by itself."""
PERSISTENT = 2


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message. `must_arrive`: a queue is there to take it; a notice may have no subscriber."""

    routing_key: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    exchange: str = ""
    must_arrive: bool = True


class Batch:
    """Messages that are confirmed together."""

    __slots__ = ("abandoned", "done", "missing")

    def __init__(self, missing: int, done: "asyncio.Future[bool]") -> None:
        self.missing = missing
        self.done = done
        self.abandoned = False


class Publisher:
    """`publish` is for the loop, everything else for the link's thread."""

    def __init__(self, link: BrokerLink) -> None:
        self._link = link
        self._waiting: deque[tuple[Outgoing, Batch]] = deque()
        self._unconfirmed: dict[int, tuple[Outgoing, Batch]] = {}
        self._channel: Any = None
        self._sequence = 0
        self._confirms = False
        self.seconds = Histogram()
        link.attach(self)

    async def publish(self, messages: Sequence[Outgoing], patience: float | None = None) -> None:
        """All of them are the broker's when this returns. Raises `StoreUnavailable` where that took longer than
        `patience` seconds, or the broker refused one: some may have arrived then. Without patience it waits for ever.
        """
        if not messages:
            return
        if patience is not None and len(self._waiting) >= MOST_WAITING:
            raise StoreUnavailable(f"{self._link.trouble or 'the broker is slow'}; send it again later")
        batch = Batch(len(messages), asyncio.get_running_loop().create_future())
        self._waiting.extend((message, batch) for message in messages)
        self._link.poke()
        began = time.perf_counter()
        try:
            async with asyncio.timeout(patience):
                taken = await batch.done
        except TimeoutError as error:
            raise StoreUnavailable(f"{self._link.trouble or 'the broker is slow'}; send it again") from error
        finally:
            batch.abandoned = True
            self.seconds.observe(time.perf_counter() - began)
        if not taken:
            raise StoreUnavailable("the broker refused the message (is a queue full?); send it again")

    def opened(self, connection: Any) -> None:
        self._channel = connection.channel()
        self._sequence = 0
        self._confirms = hasattr(self._channel, "confirm_select")
        if self._confirms:
            self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._acknowledged)
            self._channel.events["basic_nack"].add(self._refused)
            self._channel.events["basic_return"].add(_returned)

    def work(self) -> None:
        while self._waiting and not self._link.blocked and len(self._unconfirmed) < MOST_UNCONFIRMED:
            entry = self._waiting.popleft()
            if not entry[1].abandoned:
                self._send(entry)

    def lost(self) -> None:
        self._channel = None
        again = [entry for entry in self._unconfirmed.values() if not entry[1].abandoned]
        self._unconfirmed.clear()
        self._waiting.extendleft(reversed(again))

    def _send(self, entry: tuple[Outgoing, Batch]) -> None:
        self._sequence += 1
        sequence, message = self._sequence, entry[0]
        self._unconfirmed[sequence] = entry  # before sending, which may raise
        prepared = self._channel.prepare_message(
            message.body,
            content_type="application/json",
            content_encoding="binary",
            headers=dict(message.headers),
            properties={"delivery_mode": PERSISTENT},
        )
        options = {"mandatory": message.must_arrive} if self._confirms else {}
        self._channel.basic_publish(prepared, exchange=message.exchange, routing_key=message.routing_key, **options)
        if not self._confirms:
            self._acknowledged(sequence, False)

    def _acknowledged(self, tag: int, multiple: bool) -> None:
        for batch in self._taken_out(tag, multiple):
            batch.missing -= 1
            if batch.missing == 0:
                self._answer(batch, True)

    def _refused(self, tag: int, multiple: bool) -> None:
        for batch in self._taken_out(tag, multiple):
            self._answer(batch, False)

    def _taken_out(self, tag: int, multiple: bool) -> list[Batch]:
        """Tags are given in order, and a dict keeps it."""
        tags = [tag]
        if multiple:
            tags = []
            for one in self._unconfirmed:
                if one > tag:
                    break
                tags.append(one)
        entries = [self._unconfirmed.pop(one, None) for one in tags]
        return [entry[1] for entry in entries if entry is not None]

    def _answer(self, batch: Batch, taken: bool) -> None:
        self._link.tell(partial(_resolve, batch.done, taken))


def _resolve(done: "asyncio.Future[bool]", taken: bool) -> None:
    if not done.done():
        done.set_result(taken)


def _returned(error: Exception, *_: object) -> None:
    """A queue is gone that was there when we connected. Connecting again declares it, and sends again what is
    unconfirmed."""
    raise error
