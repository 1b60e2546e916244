"""Webhooks in Cassandra. Webhooks and their owners are changed by compare and set; of deliveries the newest write wins.

What leads to an attempt is written first: a delivery that is noted as pending is among those that are tried again, also
where a process died between the two writes.
"""

from collections.abc import Callable, Sequence

import msgspec

from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.cassandra_buckets import MOST_BUCKETS, TimeBuckets
from spiderduck.stores.cassandra_keys import MICROSECONDS, Stamps, hour_of, microseconds
from spiderduck.stores.cassandra_statements import statements
from spiderduck.stores.sessions.ports import Row, Session, Statement, Value
from spiderduck.webhooks.errors import TooManyWebhooks, UnknownWebhook
from spiderduck.webhooks.model import Delivery, Webhook
from spiderduck.webhooks.ports import Pending

MOST_TRIES = 20
ROWS_AT_ONCE = 1_000
ALL = "all"
"""The one partition of the webhooks."""
LIST = "webhook_log"
LATEST = 2**62

_encode = msgspec.msgpack.Encoder().encode
_webhook = msgspec.msgpack.Decoder(Webhook).decode
_delivery = msgspec.msgpack.Decoder(Delivery).decode


class _Statements:
    def __init__(self, keyspace: str) -> None:
        def read(cql: str) -> Statement:
            return Statement(cql.replace("KS", keyspace), reads=True)

        def write(cql: str) -> Statement:
            return Statement(cql.replace("KS", keyspace))

        def ask(cql: str) -> Statement:
            return Statement(cql.replace("KS", keyspace), conditional=True)

        self.all = read("SELECT data FROM KS.webhooks WHERE part = ?")
        self.one = read("SELECT version, data FROM KS.webhooks WHERE part = ? AND id = ?")
        self.add = ask("INSERT INTO KS.webhooks (part, id, version, data) VALUES (?, ?, ?, ?) IF NOT EXISTS")
        self.change = ask("UPDATE KS.webhooks SET version = ?, data = ? WHERE part = ? AND id = ? IF version = ?")
        self.remove = ask("DELETE FROM KS.webhooks WHERE part = ? AND id = ? IF EXISTS")
        self.owner = read("SELECT holder FROM KS.webhook_owners WHERE id = ?")
        self.take = ask("INSERT INTO KS.webhook_owners (id, holder) VALUES (?, ?) IF NOT EXISTS USING TTL ?")
        self.keep = ask("UPDATE KS.webhook_owners USING TTL ? SET holder = ? WHERE id = ? IF holder = ?")
        self.let_go = ask("DELETE FROM KS.webhook_owners WHERE id = ? IF holder = ?")
        behind = "USING TIMESTAMP ? AND TTL ?"
        self.put = write(f"INSERT INTO KS.webhook_deliveries (webhook, id, data) VALUES (?, ?, ?) {behind}")
        self.log = write(f"INSERT INTO KS.webhook_log (webhook, hour, at, id) VALUES (?, ?, ?, ?) {behind}")
        self.wait = write(f"INSERT INTO KS.webhook_pending (webhook, id, due) VALUES (?, ?, ?) {behind}")
        self.over = write("DELETE FROM KS.webhook_pending USING TIMESTAMP ? WHERE webhook = ? AND id = ?")
        self.find = read("SELECT data FROM KS.webhook_deliveries WHERE webhook = ? AND id = ?")
        self.forget = write("DELETE FROM KS.webhook_deliveries USING TIMESTAMP ? WHERE webhook = ? AND id = ?")
        self.forget_pending = write("DELETE FROM KS.webhook_pending USING TIMESTAMP ? WHERE webhook = ?")
        self.newest = read("SELECT at, id FROM KS.webhook_log WHERE webhook = ? AND hour = ? AND at < ? LIMIT ?")
        self.pending = read("SELECT due, id FROM KS.webhook_pending WHERE webhook = ?")


class CassandraWebhooks:
    """The `WebhookStorage` port. Deliveries live for `live_seconds` after their last attempt."""

    def __init__(self, session: Session, keyspace: str, clock: Clock, live_seconds: int) -> None:
        self._session = session
        self._clock = clock
        self._live = live_seconds
        self._stamps = Stamps()
        self._cql = _Statements(keyspace)
        general = statements(keyspace)
        self._get_buckets = general.get_buckets
        self._buckets = TimeBuckets(session, general)

    async def webhooks(self) -> Sequence[Webhook]:
        rows = await self._ask(self._cql.all, ALL)
        return sorted((_webhook(data) for (data,) in rows), key=lambda one: (one.created_at, one.id))

    async def add(self, webhook: Webhook, most: int) -> None:
        """Of several at once some may go beyond `most`, by as many."""
        if len(await self.webhooks()) >= most:
            raise TooManyWebhooks(most)
        await self._ask(self._cql.add, ALL, webhook.id, webhook.version, _encode(webhook))

    async def change(self, identity: str, edit: Callable[[Webhook], Webhook]) -> Webhook:
        for _ in range(MOST_TRIES):
            rows = await self._ask(self._cql.one, ALL, identity)
            if not rows:
                raise UnknownWebhook(identity)
            version, data = rows[0]
            changed = msgspec.structs.replace(edit(_webhook(data)), version=version + 1)
            if await self._won(self._cql.change, version + 1, _encode(changed), ALL, identity, version):
                return changed
        raise StoreUnavailable(f"webhook {identity} is being changed by others all the time; ask again later")

    async def remove(self, identity: str) -> bool:
        """The list of its deliveries, which holds nothing but their ids, ends by itself; so does what another process
        notes at this moment."""
        removed = await self._won(self._cql.remove, ALL, identity)
        stamp, before = self._stamps.next(self._clock.now()), LATEST
        while rows := await self._listed(identity, before, ROWS_AT_ONCE):
            for _, delivery_id in rows:
                await self._ask(self._cql.forget, stamp, identity, delivery_id)
            before = rows[-1][0]
        await self._ask(self._cql.forget_pending, stamp, identity)
        return removed

    async def hold(self, identity: str, holder: str, seconds: float) -> bool:
        rows = await self._ask(self._cql.owner, identity)
        if not rows:
            return await self._won(self._cql.take, identity, holder, int(seconds))
        if rows[0][0] != holder:
            return False
        return await self._won(self._cql.keep, int(seconds), holder, identity, holder)

    async def let_go(self, identity: str, holder: str) -> None:
        await self._won(self._cql.let_go, identity, holder)

    async def note(self, webhook_id: str, delivery: Delivery) -> None:
        stamp, live = self._stamps.next(self._clock.now()), self._live
        if delivery.due is not None:
            await self._ask(self._cql.wait, webhook_id, delivery.id, delivery.due, stamp, live)
        hour, at = hour_of(delivery.created_at), microseconds(delivery.created_at)
        notes = list(self._buckets.note(LIST, webhook_id.encode(), hour, stamp, live))
        for statement, values in notes:
            await self._session.execute(statement, values)
        self._buckets.written(notes)
        await self._ask(self._cql.log, webhook_id, hour, at, delivery.id, stamp, live)
        await self._ask(self._cql.put, webhook_id, delivery.id, _encode(delivery), stamp, live)
        if delivery.due is None:
            await self._ask(self._cql.over, stamp, webhook_id, delivery.id)

    async def find(self, webhook_id: str, identity: str) -> Delivery | None:
        rows = await self._ask(self._cql.find, webhook_id, identity)
        return _delivery(rows[0][0]) if rows else None

    async def newest(self, webhook_id: str, before: float | None, most: int) -> Sequence[Delivery]:
        """`before` is in epoch seconds."""
        limit = LATEST if before is None else microseconds(before)
        found = [await self.find(webhook_id, identity) for _, identity in await self._listed(webhook_id, limit, most)]
        return [one for one in found if one is not None]

    async def _listed(self, webhook_id: str, before: int, most: int) -> list[tuple[int, str]]:
        """Moment (microseconds) and id of the newest deliveries."""
        hours = await self._ask(self._get_buckets, LIST, webhook_id.encode(), MOST_BUCKETS)
        found: list[tuple[int, str]] = []
        for (hour,) in hours:
            if len(found) < most and hour <= hour_of(before / MICROSECONDS):
                found += await self._ask(self._cql.newest, webhook_id, hour, before, most - len(found))
        return found

    async def pending(self, webhook_id: str) -> Sequence[Pending]:
        return [Pending(due, identity) for due, identity in await self._ask(self._cql.pending, webhook_id)]

    async def _ask(self, statement: Statement, *values: Value) -> Sequence[Row]:
        return await self._session.execute(statement, values)

    async def _won(self, statement: Statement, *values: Value) -> bool:
        rows = await self._ask(statement, *values)
        return bool(rows[0][0])
