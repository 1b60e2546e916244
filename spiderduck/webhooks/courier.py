"""Delivers to one webhook: takes its notices from their queue, and tries again what was not taken.

Two loops, so that what is new does not wait behind what failed before. No state of a courier is lost with it: what it
took and has not acknowledged comes again, and what waits for its next attempt is in the store.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from spiderduck.errors import NotHandedOut, StoreUnavailable, UnknownQueue
from spiderduck.subscriptions.ports import Filter, Received, Subscription
from spiderduck.webhooks.attempts import AGAIN_SECONDS, Attempts, CourierParts, decode_notice
from spiderduck.webhooks.model import Delivery, Webhook
from spiderduck.webhooks.retries import Retries
from spiderduck.webhooks.schedule import probe_pause
from spiderduck.webhooks.window import PARALLEL, AckWindow, Entry

log = logging.getLogger(__name__)

MOST_PENDING = 10_000
"""Deliveries of one webhook that wait for an attempt; beyond that its notices stay in their queue."""
MICROSECONDS = 1_000_000
LONGEST_SLEEP = 30.0
"""Then the wall clock, by which attempts are due, is looked at again: somebody may have set it."""


class Courier:
    """`run` until cancelled. `change` gives it another state of its webhook. `owned_until` (monotonic seconds) is moved
    on by whoever runs it: behind that moment nothing is sent, since another process may own the webhook."""

    def __init__(self, parts: CourierParts, webhook: Webhook, owned_until: float) -> None:
        self._parts = parts
        self._clock = parts.clock
        self._attempts = Attempts(parts, webhook, owned_until)
        self._retries = Retries()
        self._stale = True
        self._last_moment = 0
        self._old = asyncio.Semaphore(PARALLEL)
        self._changed = asyncio.Event()
        self._woken = asyncio.Event()

    @property
    def webhook(self) -> Webhook:
        """Its latest state."""
        return self._attempts.webhook

    @property
    def pending(self) -> int:
        """Deliveries that wait for their next attempt."""
        return len(self._retries)

    def own_until(self, moment: float) -> None:
        """Nothing is sent from that moment on (monotonic seconds)."""
        self._attempts.owned_until = moment

    async def run(self) -> None:
        """Raises `NoSecretKey`, and what a store raises that was read in vain."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take())
            group.create_task(self._try_again())

    def change(self, webhook: Webhook) -> None:
        """What is under way goes on as it is; the next attempt goes by the new state."""
        before, self._attempts.webhook = self._attempts.webhook, webhook
        if (before.types, before.domains) != (webhook.types, webhook.domains):
            self._changed.set()
        if before.version != webhook.version:
            self._stale = True  # deliveries may have been asked for once more
        self._woken.set()

    async def _attempt(self, delivery: Delivery) -> None:
        if (later := await self._attempts.attempt(delivery)) is not None:
            self._retries.push(later)
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
        window = AckWindow(subscription)
        async with asyncio.TaskGroup() as group:
            while not self._changed.is_set():
                await self._ready_for_more()
                if not (room := window.room):
                    await window.has_room()
                    continue
                for one in await self._receive(subscription, 1 if probe_pause(self._attempts.failures) else room):
                    group.create_task(self._deliver_in(window, window.begin(one.position), one))

    async def _deliver_in(self, window: AckWindow, entry: Entry, received: Received) -> None:
        await self._deliver(received)
        try:
            await window.end(entry)
        except NotHandedOut:
            log.debug("webhook %s: the broker gives some notices again", self.webhook.id)

    async def _ready_for_more(self) -> None:
        while (wait := self._pause_for_more()) > 0:
            await self._clock.sleep(wait)

    def _pause_for_more(self) -> float:
        if len(self._retries) >= MOST_PENDING:
            return AGAIN_SECONDS
        return max(self._attempts.quiet_until, self._attempts.probe_at) - self._clock.monotonic()

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
            notice = decode_notice(received.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.error("webhook %s: a notice that cannot be read is passed over", self.webhook.id)
            return
        known = await self._attempts.find(notice.id)
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
                identity = self._retries.pop()
                group.create_task(self._retry(identity))

    async def _reload(self) -> None:
        self._stale = False
        deliveries = self._parts.deliveries
        for one in await self._attempts.patiently(lambda: deliveries.pending(self.webhook.id)):
            self._retries.push(one)

    def _until_next(self) -> float | None:
        """Seconds; None where nothing waits."""
        if (due := self._retries.next_due) is None:
            return None
        quiet = self._attempts.quiet_until - self._clock.monotonic()
        return min(max(due - self._clock.now(), quiet), LONGEST_SLEEP)

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
            if self._attempts.is_under_way(identity):
                return
            found = await self._attempts.find(identity)
            if found is not None and found.status == "pending":
                await self._attempt(found)
        finally:
            self._old.release()
