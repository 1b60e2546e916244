"""Webhooks in the embedded store. One process has the file, so that it owns every webhook."""

import sqlite3
from collections.abc import Callable, Sequence

import msgspec

from spiderduck.database.sqlite import Database
from spiderduck.webhooks.errors import TooManyWebhooks, UnknownWebhook
from spiderduck.webhooks.model import Delivery, Webhook
from spiderduck.webhooks.ports import Pending

ROWS_AT_ONCE = 1_000

_encode = msgspec.msgpack.Encoder().encode
_webhook = msgspec.msgpack.Decoder(Webhook).decode
_delivery = msgspec.msgpack.Decoder(Delivery).decode


class SqliteWebhooks:
    """The `WebhookStorage` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def webhooks(self) -> Sequence[Webhook]:
        sql = "SELECT data FROM webhooks ORDER BY created_at, id"
        rows = await self._database.read(lambda connection: connection.execute(sql).fetchall())
        return [_webhook(data) for (data,) in rows]

    async def add(self, webhook: Webhook, most: int) -> None:
        def write(connection: sqlite3.Connection) -> None:
            (count,) = connection.execute("SELECT count(*) FROM webhooks").fetchone()
            if count >= most:
                raise TooManyWebhooks(most)
            row = (webhook.id, webhook.created_at, _encode(webhook))
            connection.execute("INSERT INTO webhooks (id, created_at, data) VALUES (?, ?, ?)", row)

        await self._database.write(write)

    async def change(self, identity: str, edit: Callable[[Webhook], Webhook]) -> Webhook:
        def write(connection: sqlite3.Connection) -> Webhook:
            row = connection.execute("SELECT data FROM webhooks WHERE id = ?", (identity,)).fetchone()
            if row is None:
                raise UnknownWebhook(identity)
            before = _webhook(row[0])
            changed = msgspec.structs.replace(edit(before), version=before.version + 1)
            connection.execute("UPDATE webhooks SET data = ? WHERE id = ?", (_encode(changed), identity))
            return changed

        return await self._database.write(write)

    async def remove(self, identity: str) -> bool:
        """The deliveries go in small steps, so that other writers wait milliseconds."""
        sql = "DELETE FROM webhooks WHERE id = ?"
        removed = await self._database.write(lambda connection: connection.execute(sql, (identity,)).rowcount > 0)
        some = "SELECT rowid FROM webhook_deliveries WHERE webhook = ? LIMIT ?"
        rows = f"DELETE FROM webhook_deliveries WHERE rowid IN ({some})"
        while await self._database.write(
            lambda connection: connection.execute(rows, (identity, ROWS_AT_ONCE)).rowcount == ROWS_AT_ONCE
        ):
            continue
        return removed

    async def hold(self, identity: str, holder: str, seconds: float) -> bool:
        return True

    async def let_go(self, identity: str, holder: str) -> None:
        """Nobody else could own it."""

    async def note(self, webhook_id: str, delivery: Delivery) -> None:
        """Of a webhook that was removed meanwhile nothing is kept: no list, and no takedown, would lead to it."""
        row = (delivery.id, delivery.created_at, delivery.due, _encode(delivery), webhook_id)
        sql = (
            "INSERT OR REPLACE INTO webhook_deliveries (webhook, id, at, due, data) "
            "SELECT id, ?, ?, ?, ? FROM webhooks WHERE id = ?"
        )
        await self._database.write(lambda connection: connection.execute(sql, row))

    async def find(self, webhook_id: str, identity: str) -> Delivery | None:
        sql = "SELECT data FROM webhook_deliveries WHERE webhook = ? AND id = ?"
        row = await self._database.read(lambda connection: connection.execute(sql, (webhook_id, identity)).fetchone())
        return None if row is None else _delivery(row[0])

    async def newest(self, webhook_id: str, before: float | None, most: int) -> Sequence[Delivery]:
        """`before` is in epoch seconds."""
        sql = "SELECT data FROM webhook_deliveries WHERE webhook = ? AND at < ? ORDER BY at DESC LIMIT ?"
        values = (webhook_id, float("inf") if before is None else before, most)
        rows = await self._database.read(lambda connection: connection.execute(sql, values).fetchall())
        return [_delivery(data) for (data,) in rows]

    async def pending(self, webhook_id: str) -> Sequence[Pending]:
        sql = "SELECT due, id FROM webhook_deliveries WHERE webhook = ? AND due IS NOT NULL"
        rows = await self._database.read(lambda connection: connection.execute(sql, (webhook_id,)).fetchall())
        return [Pending(due, identity) for due, identity in rows]
