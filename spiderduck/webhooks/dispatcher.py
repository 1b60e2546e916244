"""Which webhooks this process delivers to, and a courier for each.

Embedded, all of them. In a cluster each webhook is owned by one API process, by a lease in the store: a process that
dies gives its webhooks up when their leases end, one that stops at once.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from msgspec import structs

from groundwork.clock import Clock
from schedulers.record import iso_time
from spiderduck.audit import AuditEntry, AuditLog
from spiderduck.errors import StoreUnavailable
from spiderduck.webhooks.attempts import CourierParts
from spiderduck.webhooks.courier import Courier
from spiderduck.webhooks.errors import NoSecretKey, UnknownWebhook
from spiderduck.webhooks.model import Webhook
from spiderduck.webhooks.ports import WebhookStore

log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
SAFETY_SECONDS = 3.0
"""So long before its lease ends nothing more is sent: a request takes a while, and clocks differ."""
LOOK_SECONDS = 2.0
"""So often the webhooks are read anew: another process may have changed one, or died."""
RENEW_SECONDS = 5.0
RESTART_SECONDS = 5.0


@dataclass(slots=True)
class _Running:
    courier: Courier
    task: asyncio.Task[None]
    renewed_at: float


class Dispatcher:
    """`run` for as long as the process does. `wake`: a webhook was changed here."""

    def __init__(self, store: WebhookStore, parts: CourierParts, audit: AuditLog, clock: Clock) -> None:
        self._store = store
        self._parts = replace(parts, gone=self._gone)
        self._audit = audit
        self._clock = clock
        self._holder = uuid4().hex
        self._running: dict[str, _Running] = {}
        self._resting: dict[str, float] = {}
        self._woken = asyncio.Event()
        self._troubled = False

    @property
    def counts(self) -> Counter[str]:
        """Attempts since the start, by what became of the delivery: `delivered`, `pending`, `failed`."""
        return self._parts.counts

    async def gauges(self) -> Mapping[str, tuple[str, float]]:
        """For `/metrics`."""
        pending = sum(one.courier.pending for one in self._running.values())
        attempts = {
            f"webhook_attempts_{name}_total": (
                f"Attempts to deliver since the start, after which it was {name}.",
                count,
            )
            for name in ("delivered", "pending", "failed")
            for count in [float(self.counts[name])]
        }
        return {
            "webhooks_owned": ("Webhooks that this process delivers to.", len(self._running)),
            "webhook_deliveries_waiting": ("Deliveries that wait for their next attempt.", pending),
            **attempts,
        }

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; then what is owned is given up."""
        try:
            while True:
                self._woken.clear()
                await self._look()
                await self._rest()
        finally:
            await asyncio.shield(self._stop_all())

    async def _look(self) -> None:
        try:
            found = {one.id: one for one in await self._store.webhooks() if one.enabled}
            for identity in [one for one in self._running if one not in found]:
                await self._stop(identity)
            for webhook in found.values():
                await self._tend(webhook)
            self._troubled = False
        except StoreUnavailable as error:
            if not self._troubled:
                log.warning("webhooks wait for the store: %s", error)
            self._troubled = True

    async def _tend(self, webhook: Webhook) -> None:
        """Take it, keep it, or leave it to whoever has it."""
        now = self._clock.monotonic()
        running = self._running.get(webhook.id)
        if running is not None and running.task.done():
            self._ended(webhook.id, running, now)
            running = None
        if running is None and now < self._resting.get(webhook.id, 0.0):
            return
        if running is None or now - running.renewed_at >= RENEW_SECONDS:
            if not await self._store.hold(webhook.id, self._holder, LEASE_SECONDS):
                await self._stop(webhook.id)
                return
            running = self._renewed(webhook, running, now)
        running.courier.change(webhook)

    def _renewed(self, webhook: Webhook, running: _Running | None, now: float) -> _Running:
        until = now + LEASE_SECONDS - SAFETY_SECONDS
        if running is None:
            courier = Courier(self._parts, webhook, until)
            task = asyncio.create_task(courier.run(), name=f"webhook {webhook.id}")
            running = self._running[webhook.id] = _Running(courier, task, now)
            log.info("webhook %s is delivered to by this process", webhook.id, extra={"webhook": webhook.id})
        running.renewed_at = now
        running.courier.own_until(until)
        return running

    def _ended(self, identity: str, running: _Running, now: float) -> None:
        """A courier ends by an error only; the others go on, and it begins anew after a while."""
        del self._running[identity]
        self._resting[identity] = now + RESTART_SECONDS
        error = None if running.task.cancelled() else running.task.exception()
        causes = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
        if all(isinstance(one, NoSecretKey) for one in causes):
            log.error("webhook %s: %s", identity, causes[0])
        else:
            log.error("the courier of webhook %s failed and begins anew", identity, exc_info=error)

    async def _stop(self, identity: str) -> None:
        running = self._running.pop(identity, None)
        if running is None:
            return
        running.task.cancel()
        await asyncio.gather(running.task, return_exceptions=True)

    async def _stop_all(self) -> None:
        for identity in list(self._running):
            await self._stop(identity)
            try:
                await self._store.let_go(identity, self._holder)
            except StoreUnavailable as error:
                log.info("webhook %s is taken over when its lease ends: %s", identity, error)

    async def _rest(self) -> None:
        waits = [asyncio.ensure_future(self._woken.wait()), asyncio.ensure_future(self._clock.sleep(LOOK_SECONDS))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _gone(self, webhook: Webhook, because: str) -> None:
        """Several attempts may have been under way; one of them disables it."""
        is_ours = False

        def disable(before: Webhook) -> Webhook:
            nonlocal is_ours
            is_ours = before.enabled
            return structs.replace(before, disabled_because=because) if is_ours else before

        try:
            await self._store.change(webhook.id, disable)
        except UnknownWebhook:
            return
        if not is_ours:
            return
        log.warning("webhook %s is disabled: %s", webhook.id, because)
        at = iso_time(self._clock.now())
        entry = AuditEntry(at=at, by=None, action="webhook.disabled", subject=webhook.id, detail=because)
        try:
            await self._audit.note(entry)
        except (OSError, StoreUnavailable) as error:
            log.error("the audit log cannot be written: %s", error)
        self.wake()
