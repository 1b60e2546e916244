"""The values of webhooks: who is told, what became of a delivery. Times are epoch seconds (UTC)."""

from typing import Literal

import msgspec

from spiderduck.subscriptions.ports import OWN

ID_PREFIX = "wh_"
TEST = "spiderduck.webhook.test"
MOST_ATTEMPTS_KEPT = 20

DeliveryStatus = Literal["pending", "delivered", "failed"]


def queue_of(webhook_id: str) -> str:
    """The name of a webhook's queue, which is ours: it is neither listed nor counted among those of subscribers."""
    return f"{OWN}webhook:{webhook_id}"


class SealedSecret(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key pair as it is stored: encrypted (`vault.py`), with its public key in plain. It signs until `until`; the
    newest one (None) for as long as there is no newer."""

    sealed: bytes
    public_key: str
    until: float | None = None


class Webhook(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A receiver and what it wants: notices of these types and domains (with everything below them); empty means all.

    `disabled_because` says who disabled it: we did after a 410, or the operator. `version` counts its changes,
    of which one is that deliveries were asked for once more. `secrets`: the newest first, two at the most.
    """

    id: str
    url: str
    types: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    secrets: tuple[SealedSecret, ...]
    created_at: float
    disabled_because: str | None = None
    version: int = 0

    @property
    def enabled(self) -> bool:
        return self.disabled_because is None

    @property
    def queue(self) -> str:
        """The durable queue in which its notices are collected."""
        return queue_of(self.id)

    def secrets_at(self, now: float) -> tuple[SealedSecret, ...]:
        """Those that sign."""
        return tuple(one for one in self.secrets if one.until is None or now < one.until)


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One request to a receiver. `status_code` where there was an answer; `reason`, a sentence, where it was not
    taken."""

    at: float
    took_ms: int
    status_code: int | None = None
    reason: str | None = None


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A notice on its way to a webhook. `id` is its `webhook-id`; `tries` counts the attempts of this run of the
    schedule, which a replay begins anew; `due` is when the next one is made, None where none is."""

    id: str
    type: str
    created_at: float
    body: bytes
    status: DeliveryStatus = "pending"
    tries: int = 0
    due: float | None = None
    attempts: tuple[Attempt, ...] = ()

    def tried(self, attempt: Attempt, status: DeliveryStatus, due: float | None) -> "Delivery":
        """After one more attempt."""
        attempts = (*self.attempts, attempt)[-MOST_ATTEMPTS_KEPT:]
        return msgspec.structs.replace(self, attempts=attempts, status=status, due=due, tries=self.tries + 1)

    def replayed(self, now: float) -> "Delivery":
        """Due at once, with the whole schedule before it."""
        return msgspec.structs.replace(self, status="pending", tries=0, due=now)
