"""Broker and store of a simulated cluster: what outlives a process, and how it is reached over links that can be cut.

The store is the one behind the real `AnnouncingStore`. Both keep what they have taken, and a confirmation can be lost.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from schedulers.model import Change, Delivery, Known, Message, Page, UrlState
from schedulers.notice import Notice
from spiderduck.errors import StoreUnavailable
from tests.simulation.checks import Told
from tests.simulation.loop import EPOCH
from tests.simulation.network import Network

BROKER, STORE = "broker", "store"
HEARTBEAT = 6.0
"""Seconds after which the broker gives up on a consumer behind a cut link, and hands out again what that one held."""
STORE_SECONDS = 2.0


@dataclass(slots=True)
class Queued:
    message: Message
    errors: int = 0
    deliveries: int = 1


@dataclass(slots=True)
class Broker:
    """The events queue and the notices, for all processes. Deferred messages come back by the loop's time."""

    network: Network
    ready: deque[Queued] = field(default_factory=deque)
    deferred: list[tuple[float, int, Queued]] = field(default_factory=list)
    held: dict[str, dict[int, Queued]] = field(default_factory=dict)
    dead: list[tuple[Message, str]] = field(default_factory=list)
    notices: list[Told] = field(default_factory=list)
    _waiting: deque[tuple[str, "asyncio.Future[None]"]] = field(default_factory=deque)
    _order: "count[int]" = field(default_factory=count)

    @property
    def is_empty(self) -> bool:
        return not self.ready and not self.deferred and not any(self.held.values())

    def put(self, queued: Queued, due: float = 0.0) -> None:
        """`due`: by the loop's time."""
        if due > self.network.loop.time():
            heapq.heappush(self.deferred, (due, next(self._order), queued))
            self.network.loop.call_at(due, self._come_due, context=Context())  # whoever deferred it may be dead by then
        else:
            self.ready.append(queued)
            self._wake()

    def disconnect(self, name: str) -> None:
        """What that process held comes again."""
        for queued in self.held.pop(name, {}).values():
            self.ready.appendleft(replace(queued, deliveries=queued.deliveries + 1))
        self._wake()

    def take(self, name: str) -> Delivery | None:
        if not self.ready or self.network.is_cut(name, BROKER):
            return None
        queued, tag = self.ready.popleft(), next(self._order)
        self.held.setdefault(name, {})[tag] = queued
        return Delivery(queued.message, tag, queued.errors, queued.deliveries)

    def wait(self, name: str) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, future))
        return future

    def _come_due(self) -> None:
        while self.deferred and self.deferred[0][0] <= self.network.loop.time() + 1e-9:
            self.ready.append(heapq.heappop(self.deferred)[2])
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        for name, future in waiting:
            if self.network.loop.is_dead(name) or future.done():
                continue
            if self.ready and not self.network.is_cut(name, BROKER):
                future.set_result(None)
            else:
                self._waiting.append((name, future))

    def links_changed(self) -> None:
        """Who was cut off for long has lost its connection."""
        for name in list(self.held):
            if self.network.is_cut(name, BROKER):
                self.network.loop.call_later(HEARTBEAT, self._give_up_on, name)
        self._wake()

    def _give_up_on(self, name: str) -> None:
        if self.network.is_cut(name, BROKER):
            self.disconnect(name)


class BrokerQueue:
    """The `EventQueue` port for the process `here`; and the `Announcer` of its store."""

    def __init__(self, broker: Broker, here: str) -> None:
        self._broker = broker
        self._network = broker.network
        self._here = here

    async def publish(self, messages: Sequence[Message], *, bulk: bool = False) -> Sequence[bool]:
        await self._confirmed(lambda: [self._broker.put(Queued(message)) for message in messages])
        return [True] * len(messages)

    async def receive(self) -> Delivery:
        while (delivery := self._broker.take(self._here)) is None:
            await self._broker.wait(self._here)
        return delivery

    async def ack(self, delivery: Delivery) -> None:
        await self._network.travel(self._here, BROKER)
        self._broker.held.get(self._here, {}).pop(delivery.tag, None)

    async def retry(self, delivery: Delivery, reason: str) -> int:
        errors = delivery.errors + 1
        again = Queued(delivery.message, errors, delivery.deliveries)
        await self._confirmed(lambda: self._broker.put(again, self._network.loop.time() + 2.0**errors / 2))
        await self.ack(delivery)
        return errors

    async def bury(self, delivery: Delivery, reason: str) -> None:
        await self._confirmed(lambda: self._broker.dead.append((delivery.message, reason)))
        await self.ack(delivery)

    async def defer(self, message: Message, until: float) -> None:
        await self._confirmed(lambda: self._broker.put(Queued(message), until - EPOCH))

    async def announce(self, notice: Notice) -> None:
        at = self._network.loop.time
        await self._confirmed(lambda: self._broker.notices.append(Told(notice.id, notice.outcome, at())))

    async def _confirmed(self, put: Callable[[], object]) -> None:
        """A confirmation that does not come has it sent again."""
        await self._network.travel(self._here, BROKER)
        put()
        if self._network.is_cut(self._here, BROKER):
            await self._network.travel(self._here, BROKER)
            put()
        await self._network.travel(BROKER, self._here)


@dataclass(slots=True)
class Tables:
    """What is stored. A share has one version of a page, the newest."""

    states: dict[str, UrlState] = field(default_factory=dict)
    pages: dict[int, Page] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    finished: set[tuple[str, str]] = field(default_factory=set)
    ages: dict[str, float] = field(default_factory=dict)


class Records:
    """The `Records` port of `spiderduck.stores.announcing` for the process `here`."""

    def __init__(self, tables: Tables, network: Network, here: str) -> None:
        self._tables = tables
        self._network = network
        self._here = here

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        def read() -> Known:
            state = self._tables.states.get(key)
            page = None if state is None or state.page_id is None else self._tables.pages.get(state.page_id)
            return Known((event_id or "", key) in self._tables.finished, state, page)

        return await self._asked(read)

    async def mark(self, state: UrlState) -> None:
        def write() -> None:
            before = self._tables.states.get(state.key)
            if before is None or before.status in ("pending", "deferred"):
                self._tables.states[state.key] = state

        await self._asked(write)

    async def page(self, page_id: int) -> Page | None:
        return await self._asked(lambda: self._tables.pages.get(page_id))

    async def saw_picture(self, site: str, picture: str, page: str) -> int:
        return 1

    async def write(self, key: str, change: Change, event_id: str) -> None:
        def write() -> None:
            page = change.page
            if page is not None:
                before = self._tables.versions.get((event_id, key))
                if before is not None:
                    self._tables.pages.pop(before, None)
                self._tables.versions[event_id, key] = page.id
                self._tables.pages[page.id] = page
            for state in change.states:
                self._tables.states[state.key] = state

        await self._asked(write)

    async def finish(self, event_id: str, key: str) -> None:
        await self._asked(lambda: self._tables.finished.add((event_id, key)))

    async def first_seen(self, domain: str) -> float:
        return await self._asked(lambda: self._tables.ages.setdefault(domain, self._network.loop.time() + EPOCH))

    async def walk(self, after: str | None, most: int) -> Any:
        raise NotImplementedError

    async def write_judged(self, before: UrlState, judged: Any) -> bool:
        raise NotImplementedError

    async def write_metadata(self, page: Page) -> bool:
        raise NotImplementedError

    async def _asked(self, work: Callable[[], Any]) -> Any:
        """Done or not, an answer that does not come in time is an outage."""
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self._network.travel(self._here, STORE)
                answer = work()
                await self._network.travel(STORE, self._here)
        except TimeoutError as error:
            raise StoreUnavailable("the store does not answer") from error
        return answer
