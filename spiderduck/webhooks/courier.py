"""Delivers to one webhook: takes its notices from their queue, and tries again what was not taken.

Two loops, so that what is new does not wait behind what failed before. No state of a courier is lost with it: what it
took and has not acknowledged comes again, and what waits for its next attempt is in the store.
"""

import asyncio
import heapq
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, TypeVar

import msgspec

from fetchers.model import NotNow
from groundwork.clock import Clock
from groundwork.spans import OFF, Off, Open, is_recording, of_event, within
from spiderduck.errors import NotHandedOut, StoreUnavailable, UnknownQueue
from spiderduck.subscriptions.ports import Filter, Received, Subscription, Subscriptions
from spiderduck.webhooks.model import Delivery, DeliveryStatus, Webhook
from spiderduck.webhooks.ports import Deliveries, Pending
from spiderduck.webhooks.schedule import Meaning, next_attempt, probe_pause, throttled
from spiderduck.webhooks.sender import Sender, Tried

log = logging.getLogger(__name__)

T = TypeVar("T")

PARALLEL = 8
"""New notices, and as many old ones, that are under way to one receiver at once."""
LONGEST_WINDOW = 200
"""Notices behind one that takes long; a broker hands out no more than 500 that are not acknowledged."""
MOST_PENDING = 10_000
"""Deliveries of one webhook that wait for an attempt; beyond that its notices stay in their queue."""
MICROSECONDS = 1_000_000
AGAIN_SECONDS = 5.0
"""Pause where the store, the broker or the fetchers are away."""
LONGEST_SLEEP = 30.0
"""Then the wall clock, by which attempts are due, is looked at again: somebody may have set it."""


class _Notice(msgspec.Struct):
    """Other programs can put notices on a broker. The id is a header's value, and signed with points around it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[!-\-/-~]{1,255}\Z")]
    type: str = ""
    event_id: str = ""


_decode = msgspec.json.Decoder(_Notice).decode


@dataclass(frozen=True, slots=True)
class CourierParts:
    """What all couriers of a process share. `pauses` are the seconds behind each attempt but the last; `gone` is told
    of a webhook whose receiver answered 410; `counts` has attempts by what came of them."""

    subscriptions: Subscriptions
    deliveries: Deliveries
    sender: Sender
    clock: Clock
    random: Random
    pauses: Sequence[float]
    gone: Callable[[Webhook, str], Awaitable[None]] | None = None
    counts: Counter[str] = field(default_factory=Counter)


class Courier:
    """`run` until cancelled. `change` gives it another state of its webhook. `owned_until` (monotonic seconds) is moved
    on by whoever runs it: behind that moment nothing is sent, since another process may own the webhook."""

    def __init__(self, parts: CourierParts, webhook: Webhook, owned_until: float) -> None:
        self._parts = parts
        self._clock = parts.clock
        self.webhook = webhook
        self.owned_until = owned_until
        self._waiting: list[Pending] = []
        self._waiting_ids: set[str] = set()
        self._under_way: set[str] = set()
        self._stale = True
        self._quiet_until = self._probe_at = 0.0
        self._last_moment = 0
        self._failures = 0
        self._old = asyncio.Semaphore(PARALLEL)
        self._changed = asyncio.Event()
        self._woken = asyncio.Event()

    @property
    def pending(self) -> int:
        """Deliveries that wait for their next attempt."""
        return len(self._waiting)

    async def run(self) -> None:
        """Raises `NoSecretKey`, and what a store raises that was read in vain."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take())
            group.create_task(self._try_again())

    def change(self, webhook: Webhook) -> None:
        """What is under way goes on as it is; the next attempt goes by the new state."""
        before, self.webhook = self.webhook, webhook
        if (before.types, before.domains) != (webhook.types, webhook.domains):
            self._changed.set()
        if before.version != webhook.version:
            self._stale = True  # deliveries may have been asked for once more
        self._woken.set()

    # What is new ------------------------------------------------------------------------------------------------------

    async def _take(self) -> None:
        while True:
            subscription = await self._opened()
            try:
                await self._take_from(subscription)
            except* UnknownQueue:
                log.warning("the queue of webhook %s is gone", self.webhook.id)
            finally:
                await subscription.close()
            if not self._changed.is_set():  # gone with its webhook, most often, and then we are stopped meanwhile
                await self._clock.sleep(AGAIN_SECONDS)

    async def _opened(self) -> Subscription:
        """Makes the queue where there is none: a crash came between, or nobody used it for too long."""
        self._changed.clear()
        while True:
            webhook = self.webhook
            wanted = Filter(domains=frozenset(webhook.domains), types=frozenset(webhook.types))
            try:
                return await self._parts.subscriptions.open(webhook.queue, wanted)
            except UnknownQueue:
                await self._parts.subscriptions.create(webhook.queue)
            except StoreUnavailable as error:
                log.info("webhook %s waits for its notices: %s", webhook.id, error)
                await self._clock.sleep(AGAIN_SECONDS)

    async def _take_from(self, subscription: Subscription) -> None:
        """Until the webhook wants other notices. What is under way is brought to its end."""
        window = _Window(subscription)
        async with asyncio.TaskGroup() as group:
            while not self._changed.is_set():
                await self._ready_for_more()
                if not (room := window.room):
                    await window.has_room()
                    continue
                for one in await self._receive(subscription, 1 if probe_pause(self._failures) else room):
                    group.create_task(self._deliver_in(window, window.begin(one.position), one))

    async def _deliver_in(self, window: "_Window", entry: "_Entry", received: Received) -> None:
        await self._deliver(received)
        try:
            await window.end(entry)
        except NotHandedOut:
            log.debug("webhook %s: the broker gives some notices again", self.webhook.id)

    async def _ready_for_more(self) -> None:
        while (wait := self._pause_for_more()) > 0:
            await self._clock.sleep(wait)

    def _pause_for_more(self) -> float:
        if len(self._waiting) >= MOST_PENDING:
            return AGAIN_SECONDS
        return max(self._quiet_until, self._probe_at) - self._clock.monotonic()

    async def _receive(self, subscription: Subscription, most: int) -> Sequence[Received]:
        """Nothing where the webhook wants other notices from now on."""
        receiving = asyncio.ensure_future(subscription.receive(most))
        changing = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((receiving, changing), return_when=asyncio.FIRST_COMPLETED)
            return receiving.result() if receiving.done() else ()
        finally:
            for one in (receiving, changing):
                one.cancel()
            await asyncio.gather(receiving, changing, return_exceptions=True)

    async def _deliver(self, received: Received) -> None:
        """Returns when it was taken, or its next attempt is durable."""
        try:
            notice = _decode(received.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.error("webhook %s: a notice that cannot be read is passed over", self.webhook.id)
            return
        known = await self._patiently(lambda: self._parts.deliveries.find(self.webhook.id, notice.id))
        if known is not None and known.body == received.body:
            return  # it came again, and was noted before
        await self._attempt(Delivery(id=notice.id, type=notice.type, created_at=self._moment(), body=received.body))

    def _moment(self) -> float:
        """Now, and never the same twice, so that the list of deliveries can be read page by page."""
        self._last_moment = max(int(self._clock.now() * MICROSECONDS), self._last_moment + 1)
        return self._last_moment / MICROSECONDS

    # What was not taken -----------------------------------------------------------------------------------------------

    async def _try_again(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                if self._stale:
                    await self._reload()
                if (wait := self._until_next()) is None or wait > 0:
                    await self._sleep(wait)
                    continue
                await self._old.acquire()
                identity = self._pop()
                group.create_task(self._retry(identity))

    async def _reload(self) -> None:
        self._stale = False
        found = await self._patiently(lambda: self._parts.deliveries.pending(self.webhook.id))
        for one in found:
            self._push(one)

    def _until_next(self) -> float | None:
        """Seconds; None where nothing waits."""
        if not self._waiting:
            return None
        due = self._waiting[0].due - self._clock.now()
        return min(max(due, self._quiet_until - self._clock.monotonic()), LONGEST_SLEEP)

    async def _sleep(self, seconds: float | None) -> None:
        """So long (None: for ever), or until there is something new to look at."""
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._woken.wait())]
        if seconds is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _retry(self, identity: str) -> None:
        try:
            if identity in self._under_way:
                return
            found = await self._patiently(lambda: self._parts.deliveries.find(self.webhook.id, identity))
            if found is not None and found.status == "pending":
                await self._attempt(found)
        finally:
            self._old.release()

    def _push(self, one: Pending) -> None:
        if one.id in self._waiting_ids:
            self._waiting = [other for other in self._waiting if other.id != one.id]
            heapq.heapify(self._waiting)
        self._waiting_ids.add(one.id)
        heapq.heappush(self._waiting, one)
        self._woken.set()

    def _pop(self) -> str:
        identity = heapq.heappop(self._waiting).id
        self._waiting_ids.discard(identity)
        return identity

    # Both -------------------------------------------------------------------------------------------------------------

    async def _attempt(self, delivery: Delivery) -> None:
        with self._span_of(delivery) as here:
            await self._attempt_within(delivery, here)

    def _span_of(self, delivery: Delivery) -> Open | Off:
        """In the trace of the event that the notice is about."""
        if not is_recording() or not (event_id := _decode(delivery.body).event_id):
            return OFF
        return within(of_event(event_id), "webhook", webhook=self.webhook.id, notice=delivery.id, tries=delivery.tries)

    async def _attempt_within(self, delivery: Delivery, here: Open | Off) -> None:
        self._under_way.add(delivery.id)
        try:
            tried = await self._sent(delivery)
            if tried.meaning is not Meaning.TAKEN:
                here.fail(tried.attempt.reason or "it was not taken")
            noted = self._judged(delivery, tried)
            await self._patiently(lambda: self._parts.deliveries.note(self.webhook.id, noted))
        finally:
            self._under_way.discard(delivery.id)
        self._parts.counts[noted.status] += 1
        if noted.due is not None:
            self._push(Pending(noted.due, noted.id))
        if tried.meaning is Meaning.GONE and (gone := self._parts.gone) is not None:
            self.owned_until = 0.0  # nothing more is sent until somebody enables it again
            await self._patiently(lambda: gone(self.webhook, "the receiver answered 410 Gone"))

    async def _sent(self, delivery: Delivery) -> Tried:
        """Asks until a fetcher takes it, for as long as we own the webhook."""
        while True:
            if (moment := self._clock.monotonic()) >= self.owned_until:
                await self._clock.sleep(AGAIN_SECONDS)  # until we are cancelled, or own it again
                continue
            if moment < self._quiet_until:
                await self._clock.sleep(self._quiet_until - moment)
                continue
            tried = await self._parts.sender.send(self.webhook, delivery.id, delivery.body)
            if not isinstance(tried, NotNow):
                return tried
            await self._clock.sleep(max(0.1, min(tried.until - self._clock.now(), AGAIN_SECONDS)))

    def _judged(self, delivery: Delivery, tried: Tried) -> Delivery:
        now, attempt = self._clock.now(), tried.attempt
        if tried.meaning is Meaning.TAKEN:
            self._failures, self._probe_at = 0, 0.0
            return delivery.tried(attempt, "delivered", None)
        self._failures += 1
        moment = self._clock.monotonic()
        self._probe_at = moment + probe_pause(self._failures)
        self._quiet_until = max(self._quiet_until, moment + throttled(attempt.status_code, tried.retry_after))
        due = None
        if tried.meaning is Meaning.NOT_TAKEN:
            chance = self._parts.random.random()
            due = next_attempt(delivery.tries + 1, now, self._parts.pauses, tried.retry_after, chance)
        status: DeliveryStatus = "failed" if due is None else "pending"
        return delivery.tried(attempt, status, due)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await ask()
            except StoreUnavailable as error:
                log.info("webhook %s waits for the store: %s", self.webhook.id, error)
                await self._clock.sleep(AGAIN_SECONDS)


class _Window:
    """The notices that were taken and are not acknowledged, in their order. What is acknowledged is the part before the
    first that is still under way."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._entries: deque[_Entry] = deque()
        self._busy = 0
        self._ended = asyncio.Event()

    @property
    def room(self) -> int:
        """How many more may be begun."""
        return min(PARALLEL - self._busy, LONGEST_WINDOW - len(self._entries))

    async def has_room(self) -> None:
        """Returns when another one has ended."""
        self._ended.clear()
        await self._ended.wait()

    def begin(self, position: int) -> "_Entry":
        entry = _Entry(position)
        self._entries.append(entry)
        self._busy += 1
        return entry

    async def end(self, entry: "_Entry") -> None:
        """Raises `NotHandedOut`."""
        entry.is_over = True
        self._busy -= 1
        self._ended.set()
        last = None
        while self._entries and self._entries[0].is_over:
            last = self._entries.popleft().position
        if last is not None:
            await self._subscription.ack(last)


@dataclass(slots=True)
class _Entry:
    position: int
    is_over: bool = False
