"""What an administrator does with webhooks. Behind the calls of `spiderduck/api`."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from fetchers.config import Network
from fetchers.model import NotNow
from groundwork.clock import Clock
from schedulers.record import iso_time
from spiderduck.errors import StoreUnavailable
from spiderduck.subscriptions.ports import Subscriptions
from spiderduck.webhooks.errors import NotTried, UnknownWebhook
from spiderduck.webhooks.model import ID_PREFIX, TEST, Attempt, Delivery, SealedSecret, Webhook, queue_of
from spiderduck.webhooks.ports import WebhookStorage
from spiderduck.webhooks.receiver import checked_url
from spiderduck.webhooks.sender import Sender
from spiderduck.webhooks.vault import Vault

BY_OPERATOR = "the operator disabled it"
PAGE = 200
MOST_REPLAYED = 10_000
"""Deliveries of one call."""


@dataclass(frozen=True, slots=True)
class AdminParts:
    """What `Webhooks` works with; `changed` is called after each change."""

    store: WebhookStorage
    subscriptions: Subscriptions
    vault: Vault
    sender: Sender
    network: Network
    clock: Clock
    most: int
    changed: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True, slots=True)
class WebhookEdit:
    """What is to be changed; None stays as it is."""

    url: str | None = None
    types: tuple[str, ...] | None = None
    domains: tuple[str, ...] | None = None
    enabled: bool | None = None


class Webhooks:
    """All methods raise `StoreUnavailable`; those that take an id `UnknownWebhook`."""

    def __init__(self, parts: AdminParts) -> None:
        self._parts = parts
        self._store = parts.store

    async def all(self) -> Sequence[Webhook]:
        """The oldest first."""
        return await self._store.webhooks()

    async def get(self, identity: str) -> Webhook:
        """One of them."""
        found = next((one for one in await self.all() if one.id == identity), None)
        if found is None:
            raise UnknownWebhook(identity)
        return found

    async def create(self, url: str, types: tuple[str, ...], domains: tuple[str, ...]) -> tuple[Webhook, str]:
        """It is told what happens from now on. With its secret, which is shown this once. Raises `BadReceiver`,
        `TooManyWebhooks`, `NoSecretKey`."""
        identity = ID_PREFIX + secrets.token_hex(12)
        checked = checked_url(url, self._parts.network)
        pair, sealed = self._parts.vault.make(identity)
        webhook = Webhook(
            id=identity,
            url=checked,
            types=types,
            domains=domains,
            secrets=(sealed,),
            created_at=self._parts.clock.now(),
        )
        await self._store.add(webhook, self._parts.most)
        try:
            await self._parts.subscriptions.create(webhook.queue)
        except StoreUnavailable:  # nobody gets its secret
            await self._store.remove(identity)
            raise
        self._parts.changed()
        return webhook, pair.shown_secret

    async def change(self, identity: str, wanted: WebhookEdit) -> Webhook:
        """Raises `BadReceiver`."""
        url = None if wanted.url is None else checked_url(wanted.url, self._parts.network)
        given = {
            name: value
            for name, value in (("url", url), ("types", wanted.types), ("domains", wanted.domains))
            if value is not None
        }

        def edit(before: Webhook) -> Webhook:
            changed = msgspec.structs.replace(before, **given)
            if wanted.enabled is None or wanted.enabled == before.enabled:
                return changed
            return msgspec.structs.replace(changed, disabled_because=None if wanted.enabled else BY_OPERATOR)

        return await self._change(identity, edit)

    async def remove(self, identity: str) -> None:
        """With its queue and what was noted of its deliveries. Called again, it ends what a crash left undone."""
        was_there = await self._store.remove(identity)
        self._parts.changed()
        had_queue = await self._parts.subscriptions.remove(queue_of(identity))
        if not was_there and not had_queue:
            raise UnknownWebhook(identity)

    async def rotate(self, identity: str, old_seconds: float) -> tuple[Webhook, str]:
        """A new secret, shown this once; the one before it signs beside it for `old_seconds` more, unless its key is
        lost (`webhooks.keys`). Older ones sign no more. Raises `NoSecretKey`."""
        pair, sealed = self._parts.vault.make(identity)
        until = self._parts.clock.now() + old_seconds

        def edit(before: Webhook) -> Webhook:
            last = msgspec.structs.replace(before.secrets[0], until=until)
            keeps_last = old_seconds > 0 and self._parts.vault.opens(identity, last)
            kept: tuple[SealedSecret, ...] = (sealed, last) if keeps_last else (sealed,)
            return msgspec.structs.replace(before, secrets=kept)

        return await self._change(identity, edit), pair.shown_secret

    async def deliveries(self, identity: str, before: float | None, most: int) -> Sequence[Delivery]:
        """Those that were made before the moment `before` (epoch seconds; None: all), the newest first."""
        await self.get(identity)
        return await self._store.newest(identity, before, most)

    async def replay(self, identity: str, ids: Sequence[str] | None, since: float | None) -> int:
        """Send again: those deliveries; or all made since the moment `since` (epoch seconds); or, where neither is
        said, all that were given up. Returns how many; their first attempt is made at once."""
        await self.get(identity)
        now, count = self._parts.clock.now(), 0
        async for one in self._named(identity, ids) if ids is not None else self._since(identity, since):
            await self._store.note(identity, one.replayed(now))
            count += 1
        if count:
            await self._change(identity, lambda webhook: webhook)  # whoever delivers looks again
        return count

    async def test(self, identity: str) -> Attempt:
        """Send a notice of the type `spiderduck.webhook.test` now, also where the webhook is disabled. It is not tried
        again. Raises `NotTried`, `NoSecretKey`."""
        webhook, now = await self.get(identity), self._parts.clock.now()
        event = f"test-{secrets.token_hex(12)}"
        body = msgspec.json.encode(
            {
                "specversion": "1.0",
                "source": "/spiderduck",
                "id": event,
                "subject": webhook.url,
                "time": iso_time(now),
                "datacontenttype": "application/json",
                "type": TEST,
                "data": {"webhook": webhook.id},
            }
        )
        tried = await self._parts.sender.send(webhook, event, body)
        if isinstance(tried, NotNow):
            raise NotTried(f"the receiver was not asked: {tried.reason}")
        return tried.attempt

    async def _change(self, identity: str, edit: Callable[[Webhook], Webhook]) -> Webhook:
        changed = await self._store.change(identity, edit)
        self._parts.changed()
        return changed

    async def _named(self, identity: str, ids: Sequence[str]) -> AsyncIterator[Delivery]:
        for one in dict.fromkeys(ids):
            if (found := await self._store.find(identity, one)) is not None:
                yield found

    async def _since(self, identity: str, since: float | None) -> AsyncIterator[Delivery]:
        """What waits for its next attempt is left alone."""
        before: float | None = None
        for _ in range(MOST_REPLAYED // PAGE):
            page = await self._store.newest(identity, before, PAGE)
            for one in page:
                if since is not None and one.created_at < since:
                    return
                if one.status == "failed" or (since is not None and one.status == "delivered"):
                    yield one
            if len(page) < PAGE:
                return
            before = page[-1].created_at
