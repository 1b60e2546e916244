"""What was taken down goes out of the log of deliveries as well, which holds each notice for a replay."""

from collections.abc import Sequence

import msgspec

from spiderduck.takedowns.ports import KeptNotices, Redact
from spiderduck.webhooks.ports import WebhookStorage

PAGE = 200


class KeptDeliveries:
    """The `KeptNotices` port, over the log of all webhooks, and over `beside`: other notices within reach."""

    def __init__(self, store: WebhookStorage, beside: KeptNotices | None = None) -> None:
        self._store = store
        self._beside = beside

    async def redact(self, hosts: Sequence[str], redact: Redact) -> int:
        count = 0 if self._beside is None else await self._beside.redact(hosts, redact)
        names = [host.encode() for host in hosts]
        for webhook in await self._store.webhooks():
            count += await self._of_one(webhook.id, names, redact)
        return count

    async def _of_one(self, webhook_id: str, names: Sequence[bytes], redact: Redact) -> int:
        """Page by page from the newest on; what comes meanwhile is redacted where it is received."""
        count, before = 0, None
        while page := await self._store.newest(webhook_id, before, PAGE):
            for one in page:
                left = redact(one.body) if any(name in one.body for name in names) else None
                if left is not None:
                    await self._store.note(webhook_id, msgspec.structs.replace(one, body=left))
                    count += 1
            before = page[-1].created_at
        return count
