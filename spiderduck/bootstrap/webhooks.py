"""Webhooks: where they are kept, the way to their receivers, and who delivers."""

from dataclasses import dataclass
from random import Random

from spiderduck.audit import AuditLog
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.fetching import Fetching
from spiderduck.bootstrap.keys import webhook_keys
from spiderduck.bootstrap.storage import ForApi
from spiderduck.takedowns.notices import RedactedSubscriptions, redacted
from spiderduck.webhooks.administration import AdminParts, Webhooks
from spiderduck.webhooks.attempts import CourierParts
from spiderduck.webhooks.dispatcher import Dispatcher
from spiderduck.webhooks.sender import Sender
from spiderduck.webhooks.vault import Vault


@dataclass(frozen=True, slots=True)
class WebhookParts:
    """What administrators do, and the `dispatcher`, which must run beside the API."""

    webhooks: Webhooks
    dispatcher: Dispatcher


def open_webhooks(given: Composition, api: ForApi, fetching: Fetching, audit: AuditLog) -> WebhookParts:
    """Beside the API, which has the notices. Raises `StoreUnavailable` where the data folder's key cannot be used."""
    config, clock = given.config, given.clock
    vault = Vault(webhook_keys(config, given.folder))
    in_force = fetching.blocking.lists.takedowns
    sender = Sender(fetching.open_hop, vault, clock, lambda body: redacted(body, in_force) if in_force else None)
    subscriptions = RedactedSubscriptions(api.subscriptions, in_force)
    parts = CourierParts(
        subscriptions=subscriptions,
        deliveries=api.webhooks,
        sender=sender,
        clock=clock,
        random=Random(),
        pauses=config.webhooks.retry_after_s,
    )
    dispatcher = Dispatcher(api.webhooks, parts, audit, clock)
    admin = AdminParts(
        store=api.webhooks,
        subscriptions=subscriptions,
        vault=vault,
        sender=sender,
        network=config.fetchers.network,
        clock=clock,
        most=config.webhooks.most,
        changed=dispatcher.wake,
    )
    return WebhookParts(Webhooks(admin), dispatcher)
