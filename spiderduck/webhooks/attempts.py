"""Sends one delivery to its receiver and notes what came of it, at the pace that the receiver bears."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, TypeVar

import msgspec

from fetchers.model import NotNow
from groundwork.clock import Clock
from groundwork.spans import OFF, Off, Open, is_recording, of_event, within
from spiderduck.errors import StoreUnavailable
from spiderduck.subscriptions.ports import Subscriptions
from spiderduck.webhooks.model import Delivery, DeliveryStatus, Webhook
from spiderduck.webhooks.ports import Deliveries, Pending
from spiderduck.webhooks.schedule import AttemptOutcome, next_attempt, probe_pause, throttled
from spiderduck.webhooks.sender import AttemptResult, Sender

log = logging.getLogger(__name__)

T = TypeVar("T")

AGAIN_SECONDS = 5.0
"""Pause where the store, the broker or the fetchers are away."""


class DeliveredNotice(msgspec.Struct):
    """Other programs can put notices on a broker. The id is a header's value, and signed with points around it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[!-\-/-~]{1,255}\Z")]
    type: str = ""
    event_id: str = ""


decode_notice = msgspec.json.Decoder(DeliveredNotice).decode


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


class Attempts:
    """To one webhook, whose state may be replaced. `owned_until` (monotonic seconds): behind that moment nothing is
    sent, since another process may own the webhook. `quiet_until` and `probe_at` are monotonic seconds, too: before the
    one nothing is sent, before the other nothing new."""

    def __init__(self, parts: CourierParts, webhook: Webhook, owned_until: float) -> None:
        self._parts = parts
        self._clock = parts.clock
        self.webhook = webhook
        self.owned_until = owned_until
        self.quiet_until = self.probe_at = 0.0
        self.failures = 0
        self._under_way: set[str] = set()

    def is_under_way(self, identity: str) -> bool:
        """Whether the delivery of that id is being sent or noted."""
        return identity in self._under_way

    async def find(self, identity: str) -> Delivery | None:
        """What is noted of a delivery; waits for the store."""
        return await self.patiently(lambda: self._parts.deliveries.find(self.webhook.id, identity))

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What the store answers, however long that takes."""
        while True:
            try:
                return await ask()
            except StoreUnavailable as error:
                log.info("webhook %s waits for the store: %s", self.webhook.id, error)
                await self._clock.sleep(AGAIN_SECONDS)

    async def attempt(self, delivery: Delivery) -> Pending | None:
        """Send it once and note it. Returns its next attempt; None where there is none. Raises `NoSecretKey`."""
        with self._span_of(delivery) as here:
            return await self._attempt_within(delivery, here)

    def _span_of(self, delivery: Delivery) -> Open | Off:
        """In the trace of the event that the notice is about."""
        if not is_recording() or not (event_id := decode_notice(delivery.body).event_id):
            return OFF
        return within(of_event(event_id), "webhook", webhook=self.webhook.id, notice=delivery.id, tries=delivery.tries)

    async def _attempt_within(self, delivery: Delivery, here: Open | Off) -> Pending | None:
        self._under_way.add(delivery.id)
        try:
            result = await self._sent(delivery)
            if result.outcome is not AttemptOutcome.DELIVERED:
                here.fail(result.attempt.reason or "it was not taken")
            noted = self._after(delivery, result)
            await self.patiently(lambda: self._parts.deliveries.note(self.webhook.id, noted))
        finally:
            self._under_way.discard(delivery.id)
        self._parts.counts[noted.status] += 1
        if result.outcome is AttemptOutcome.GONE and (gone := self._parts.gone) is not None:
            self.owned_until = 0.0  # nothing more is sent until somebody enables it again
            await self.patiently(lambda: gone(self.webhook, "the receiver answered 410 Gone"))
        return None if noted.due is None else Pending(noted.due, noted.id)

    async def _sent(self, delivery: Delivery) -> AttemptResult:
        """Asks until a fetcher takes it, for as long as we own the webhook."""
        while True:
            if (moment := self._clock.monotonic()) >= self.owned_until:
                await self._clock.sleep(AGAIN_SECONDS)  # until we are cancelled, or own it again
                continue
            if moment < self.quiet_until:
                await self._clock.sleep(self.quiet_until - moment)
                continue
            result = await self._parts.sender.send(self.webhook, delivery.id, delivery.body)
            if not isinstance(result, NotNow):
                return result
            await self._clock.sleep(max(0.1, min(result.until - self._clock.now(), AGAIN_SECONDS)))

    def _after(self, delivery: Delivery, result: AttemptResult) -> Delivery:
        """The delivery with this attempt in it; and what follows for the receiver's pace."""
        now, attempt = self._clock.now(), result.attempt
        if result.outcome is AttemptOutcome.DELIVERED:
            self.failures, self.probe_at = 0, 0.0
            return delivery.tried(attempt, "delivered", None)
        self.failures += 1
        moment = self._clock.monotonic()
        self.probe_at = moment + probe_pause(self.failures)
        self.quiet_until = max(self.quiet_until, moment + throttled(attempt.status_code, result.retry_after))
        due = None
        if result.outcome is AttemptOutcome.FAILED:
            chance = self._parts.random.random()
            due = next_attempt(delivery.tries + 1, now, self._parts.pauses, result.retry_after, chance)
        status: DeliveryStatus = "failed" if due is None else "pending"
        return delivery.tried(attempt, status, due)
