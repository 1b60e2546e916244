"""What webhooks need from a store. One contract suite, `tests/contract/test_webhook_store.py`, run on every adapter."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from spiderduck.webhooks.model import Delivery, Webhook


class Pending(NamedTuple):
    """A delivery that waits for its next attempt."""

    due: float
    id: str


class WebhookStore(Protocol):
    """The webhooks themselves, and which process delivers to each. All methods raise `StoreUnavailable`."""

    async def webhooks(self) -> Sequence[Webhook]:
        """All of them, the oldest first. Everything that was completed before the call is seen."""

    async def add(self, webhook: Webhook, most: int) -> None:
        """Durable when this returns. Raises `TooManyWebhooks` where there are `most` already."""

    async def change(self, identity: str, edit: Callable[[Webhook], Webhook]) -> Webhook:
        """`edit` of the stored one, durable when this returns; two changes at once happen one after the other, so that
        `edit` may be called again. Raises `UnknownWebhook`, and what `edit` raises: nothing is changed then."""

    async def remove(self, identity: str) -> bool:
        """With its deliveries, also those of one that was removed before. False where there is none."""

    async def hold(self, identity: str, holder: str, seconds: float) -> bool:
        """Whether `holder` owns the webhook for the next `seconds`: it did before, or nobody does. Of two at the same
        moment one gets it."""

    async def let_go(self, identity: str, holder: str) -> None:
        """`holder` owns it no more, so that another may at once. Nothing where it did not."""


class Deliveries(Protocol):
    """What became of each delivery. They are kept for a while after the last attempt."""

    async def note(self, webhook_id: str, delivery: Delivery) -> None:
        """Replace what was noted of it. Durable when this returns. Of a webhook that is no more, nothing is kept where
        the store can tell, and elsewhere not for longer than of others."""

    async def find(self, webhook_id: str, identity: str) -> Delivery | None:
        """The delivery of that id; None where there is none any more."""

    async def newest(self, webhook_id: str, before: float | None, most: int) -> Sequence[Delivery]:
        """Those that were made before the moment `before` (epoch seconds; None: all), the newest first."""

    async def pending(self, webhook_id: str) -> Sequence[Pending]:
        """All that wait for an attempt."""


class WebhookStorage(WebhookStore, Deliveries, Protocol):
    """Both, as one adapter has them."""
