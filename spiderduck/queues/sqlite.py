"""The events queue in SQLite: durable, with deferral and dead letters, for the one process that owns the file.

What is handed out is remembered in memory only, so taking a message costs no write: after a crash every message that
was not acknowledged is still there and is handed out again. `deliveries` counts that, by one mark per batch
(`claimed`). Messages that were published and messages that have come due are handed out in turns, a batch of each in
memory, so that a hundred thousand of the one kind keep none of the other kind waiting.
"""

import asyncio
import logging
import math
import sqlite3
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence

from groundwork.clock import Clock
from schedulers.model import Delivery, Message
from spiderduck.database.sqlite import Database
from spiderduck.errors import StoreUnavailable
from spiderduck.queues.ages import Ages
from spiderduck.queues.ports import DeadLetter, QueueLengths
from spiderduck.queues.sqlite_lanes import MESSAGE, PUT, move_bulk, put_bulk, put_in_line, row_of

log = logging.getLogger(__name__)

BATCH = 256
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 5.0
"""Seconds between two tries while the database cannot be used."""
LONGEST_SLEEP = 10.0
"""Seconds until the clock is looked at again, which may have been set back."""
LENGTHS = """
SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM deferred WHERE due < 0),
    (SELECT count(*) FROM deferred WHERE due >= 0), (SELECT count(*) FROM dead)
"""
ENDS = """
SELECT (SELECT min(id) FROM messages), (SELECT seq FROM sqlite_sequence WHERE name = 'messages'),
    (SELECT min(id) FROM deferred WHERE due >= 0), (SELECT seq FROM sqlite_sequence WHERE name = 'deferred')
"""
"""The numbers of the oldest message and of the newest there ever was; the same of what is deferred."""
LOOK_SECONDS = 5.0
MOST_TIMED = 4096
LONGEST_RETRY_SECONDS = 60.0
ACK_SECONDS = 0.25
"""So long acknowledgements gather: one commit for many of them. After a crash so many more prove to be finished."""
PUT_CLAIMED = "INSERT OR REPLACE INTO marks (name, value) VALUES ('claimed', ?)"
CLOCK_STEP = 2.0
"""Seconds; what is less is a correction that nobody waits for."""
WAKE_SECONDS = 0.02
"""So long at least until the next look at what is due, where nothing is due now."""


class SqliteQueue:
    """`run` must run for as long as messages are to be received: it loads, and wakes what is due."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._loaded: deque[Delivery] = deque()
        self._woken: deque[Delivery] = deque()
        self._woken_ids: set[int] = set()
        self._woken_last = False
        self._next_due = -math.inf  # unknown until the first look
        self._receivers: deque[asyncio.Future[None]] = deque()
        self._claimed = 0
        self._unloaded = True  # whether there may be messages behind `claimed`
        self._ahead = clock.now() - clock.monotonic()
        self._bulk_waits = True
        self._more = asyncio.Event()
        self._acked: list[tuple[int]] = []
        self._forgetting: asyncio.Future[object] | None = None
        self._retrying: set[asyncio.Task[None]] = set()
        self._ages, self._deferred_ages = Ages(), Ages()
        self._published: OrderedDict[str, float] = OrderedDict()  # when, by event; of the last ones of this process

    async def publish(self, messages: Sequence[Message], *, bulk: bool = False) -> Sequence[bool]:
        now = self._clock.now()
        accepted: Sequence[bool]
        if bulk:
            accepted = await self._database.write(lambda connection: put_bulk(connection, messages, now))
            self._bulk_waits = True
            self._more.set()
        else:
            accepted = await self._put(messages, now)
        for message in messages[-MOST_TIMED:]:
            self._published[message.event_id] = now
        while len(self._published) > MOST_TIMED:
            self._published.popitem(last=False)
        return accepted

    async def _put(self, messages: Sequence[Message], now: float) -> Sequence[bool]:
        """Where somebody waits for messages and there are no others, these are claimed and handed out at once: to write
        that down, and to read what was written a moment ago, would cost a quiet process two more turns of the disk."""
        claimed = self._claimed
        at_once = len(self._receivers) >= len(messages) and not self._loaded and not self._woken

        def write(connection: sqlite3.Connection) -> tuple[Sequence[bool], Sequence[int]]:
            accepted, tags = put_in_line(connection, messages, now)
            if not at_once or not tags or _lie_between(connection, claimed, tags[0]):
                return accepted, ()
            connection.execute(PUT_CLAIMED, (tags[-1],))
            return accepted, tags

        accepted, tags = await self._database.write(write)
        if tags and self._claimed == claimed:
            new = [message for message, is_new in zip(messages, accepted, strict=True) if is_new]
            self._loaded.extend(Delivery(one, tag, queued_at=now) for one, tag in zip(new, tags, strict=True))
            self._claimed = tags[-1]
            self._wake_receivers()
        else:
            self._unloaded = True
            self._more.set()
        return accepted

    async def receive(self) -> Delivery:
        while not self._loaded and not self._woken:
            receiver: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._receivers.append(receiver)
            self._more.set()
            try:
                await receiver
            except asyncio.CancelledError:
                self._wake_receivers()  # the waking that was ours goes to another
                raise
        if self._woken and not (self._woken_last and self._loaded):
            self._woken_last = True
            if len(self._woken) == BATCH // 2:
                self._more.set()
            return self._woken.popleft()
        self._woken_last = False
        if len(self._loaded) <= BATCH // 2:
            self._more.set()
        return self._loaded.popleft()

    async def ack(self, delivery: Delivery) -> None:
        """Forgotten a moment later: a crash before that hands out again what proves to be finished."""
        if not self._acked:
            asyncio.get_running_loop().call_later(ACK_SECONDS, self._forget_acked)
        self._acked.append((delivery.tag,))

    def _forget_acked(self) -> None:
        tags, self._acked = self._acked, []
        if tags:
            self._forgetting = self._database.write_later(
                lambda connection: connection.executemany("DELETE FROM messages WHERE id = ?", tags)
            )

    async def retry(self, delivery: Delivery, reason: str) -> int:
        errors = delivery.errors + 1
        row = (errors, delivery.tag)
        await self._database.write(lambda c: c.execute("UPDATE messages SET errors = ? WHERE id = ?", row))
        again = Delivery(delivery.message, delivery.tag, errors, delivery.deliveries)
        task = asyncio.create_task(self._hand_out_later(again, min(2.0**errors / 2, LONGEST_RETRY_SECONDS)))
        self._retrying.add(task)
        task.add_done_callback(self._retrying.discard)
        return errors

    async def bury(self, delivery: Delivery, reason: str) -> None:
        message, now = delivery.message, self._clock.now()
        row = (now, reason, message.event_id, message.kind, message.url, message.body)

        def write(connection: sqlite3.Connection) -> None:
            if connection.execute("DELETE FROM messages WHERE id = ?", (delivery.tag,)).rowcount:
                connection.execute("INSERT INTO dead (at, reason, event_id, kind, url, body) VALUES (?,?,?,?,?,?)", row)

        await self._database.write(write)

    async def defer(self, message: Message, until: float) -> None:
        row = (until, *row_of(message))
        sql = f"INSERT INTO deferred (due, {MESSAGE}) VALUES (?,?,?,?,?,?)"
        await self._database.write(lambda connection: connection.execute(sql, row))
        if until < self._next_due:
            self._next_due = until
            self._more.set()

    async def dead(self, most: int, before: int | None = None) -> Sequence[DeadLetter]:
        sql = "SELECT id, at, reason, event_id, kind, url, body FROM dead WHERE id < ? ORDER BY id DESC LIMIT ?"
        values = (2**63 - 1 if before is None else before, most)
        rows = await self._database.read(lambda connection: connection.execute(sql, values).fetchall())
        return [
            DeadLetter(identity, at, reason, Message(body, event_id, kind, url))
            for identity, at, reason, event_id, kind, url, body in rows
        ]

    async def replay(self, ids: Sequence[int] | None) -> int:
        def write(connection: sqlite3.Connection) -> int:
            wanted = [row[0] for row in connection.execute("SELECT id FROM dead")] if ids is None else ids
            count = 0
            for identity in wanted:
                sql = f"INSERT INTO messages ({MESSAGE}) SELECT event_id, kind, url, 0, body FROM dead WHERE id = ?"
                count += connection.execute(sql, (identity,)).rowcount
                connection.execute("DELETE FROM dead WHERE id = ?", (identity,))
            return count

        count = await self._database.write(write)
        self._unloaded = True
        self._more.set()
        return count

    async def lengths(self) -> QueueLengths:
        self._forget_acked()
        if self._forgetting is not None:
            await asyncio.wait([self._forgetting])
        ready, deferred, dead = await self._database.read(lambda connection: connection.execute(LENGTHS).fetchone())
        return QueueLengths(ready, deferred, dead, *await self._look())

    async def watch(self) -> None:
        """Look every few seconds how old the oldest messages are, until cancelled."""
        while True:
            try:
                await self._look()
            except StoreUnavailable as error:
                log.debug("the age of the oldest message is not known: %s", error)
            await self._clock.sleep(LOOK_SECONDS)

    async def _look(self) -> tuple[float | None, float | None]:
        """Since when the oldest message, and the oldest deferred one, lie there."""
        oldest, newest, deferred, last = await self._database.read(
            lambda connection: connection.execute(ENDS).fetchone()
        )
        now = self._clock.now()
        self._ages.look(now, newest or 0)
        self._deferred_ages.look(now, last or 0)
        return self._ages.since(oldest, now), self._deferred_ages.since(deferred, now)

    async def run(self) -> None:
        """Load messages and wake deferred ones until cancelled. A full disk or a locked database is waited out."""
        try:
            await self._patiently(lambda: self._database.write(_count_redeliveries))
            while True:
                self._more.clear()
                await self._patiently(self._fill)
                await self._until_more()
        finally:
            self._forget_acked()
            for task in self._retrying:
                task.cancel()

    async def _patiently(self, work: Callable[[], Awaitable[object]]) -> None:
        pause = 0.0
        while True:
            try:
                await work()
            except StoreUnavailable as error:
                if not pause:
                    log.warning("the queue waits until its database can be used: %s", error)
                pause = min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE)
                await self._clock.sleep(pause)
            else:
                if pause:
                    log.warning("the queue's database can be used again")
                return

    async def _fill(self) -> None:
        """One batch of what is due and one of what is new, so that neither waits behind all of the other."""
        await self._follow_clock()
        if self._next_due <= self._clock.now() and self._has_room_for_due():
            await self._wake()
        if len(self._loaded) < BATCH:
            if self._bulk_waits:
                await self._move_bulk()
            if self._unloaded:
                await self._load()

    async def _follow_clock(self) -> None:
        """Where the clock was set back, what is deferred waits no longer for it."""
        ahead = self._clock.now() - self._clock.monotonic()
        step = ahead - self._ahead
        if step <= -CLOCK_STEP:
            sql = "UPDATE deferred SET due = due + ? WHERE due >= 0"
            await self._database.write(lambda connection: connection.execute(sql, (step,)))
            log.warning("the clock was set back by %.1f s; what is deferred comes as much sooner", -step)
            self._next_due = -math.inf
        self._ahead = ahead

    async def _move_bulk(self) -> None:
        self._bulk_waits = False  # whoever publishes meanwhile has us look again
        self._unloaded = True
        try:
            self._bulk_waits |= await self._database.write(move_bulk)
        except StoreUnavailable:
            self._bulk_waits = True
            raise

    async def _until_more(self) -> None:
        """Until somebody published, received or deferred, or the next one is due and has room."""
        if self._next_due == math.inf or not self._has_room_for_due():
            await self._more.wait()  # what is due lies as safe there as here
            return
        seconds = min(self._next_due - self._clock.now(), LONGEST_SLEEP)
        sleeping = asyncio.ensure_future(self._clock.sleep(max(WAKE_SECONDS, seconds) if seconds > 0 else 0))
        waking = asyncio.ensure_future(self._more.wait())
        try:
            await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()

    def _has_room_for_due(self) -> bool:
        return len(self._woken) <= BATCH // 2

    async def _load(self) -> None:
        after, self._unloaded = self._claimed, False  # whoever publishes meanwhile has us look again
        sql = f"SELECT id, errors, deliveries, {MESSAGE} FROM messages WHERE id > ? ORDER BY id LIMIT ?"
        try:
            rows = await self._database.read(lambda connection: connection.execute(sql, (after, BATCH)).fetchall())
        except StoreUnavailable:
            self._unloaded = True
            raise
        if self._claimed != after:  # `_put` handed some of them out meanwhile
            self._unloaded = True
            self._more.set()
            return
        for tag, errors, deliveries, event_id, kind, url, deferrals, body in rows:
            if tag not in self._woken_ids:  # those were handed out, or are about to be
                message = Message(body, event_id, kind, url, deferrals)
                queued_at = self._published.pop(event_id, 0.0)
                self._loaded.append(Delivery(message, tag, errors, deliveries, queued_at))
        if len(rows) < BATCH:
            self._woken_ids.clear()
        if not rows:
            return
        claimed = self._claimed = rows[-1][0]
        self._woken_ids = {tag for tag in self._woken_ids if tag > claimed}
        self._database.write_later(lambda connection: connection.execute(PUT_CLAIMED, (claimed,)))
        self._wake_receivers()
        if len(rows) == BATCH:
            self._unloaded = True
            self._more.set()

    def _wake_receivers(self) -> None:
        messages = len(self._loaded) + len(self._woken)
        while messages and self._receivers:
            receiver = self._receivers.popleft()
            if not receiver.done():
                receiver.set_result(None)
                messages -= 1

    async def _hand_out_later(self, delivery: Delivery, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._loaded.append(delivery)
        self._wake_receivers()

    async def _wake(self) -> None:
        """Take what is due, as much as there is room for, and note when the next one is."""
        self._next_due = math.inf  # whoever defers meanwhile notes its own
        room = BATCH - len(self._woken)
        try:
            woken, next_due = await self._database.write(lambda c: _wake_due(c, self._clock.now(), room))
        except StoreUnavailable:
            self._next_due = -math.inf  # unknown again
            raise
        self._woken.extend(woken)
        self._woken_ids.update(delivery.tag for delivery in woken)
        self._unloaded |= bool(woken)  # they lie there as well, and are claimed when they are read
        self._wake_receivers()
        if next_due is not None:
            self._next_due = min(self._next_due, next_due)


def _wake_due(connection: sqlite3.Connection, now: float, most: int) -> tuple[list[Delivery], float | None]:
    """Move what is due into the queue, at most so many, the longest due first. Returns them, and when the next one is
    due."""
    sql = f"SELECT id, {MESSAGE} FROM deferred WHERE due BETWEEN 0 AND ? ORDER BY due LIMIT ?"
    woken = []
    for identity, event_id, kind, url, deferrals, body in connection.execute(sql, (now, most)).fetchall():
        tag = connection.execute(PUT, (event_id, kind, url, deferrals, body)).lastrowid
        connection.execute("DELETE FROM deferred WHERE id = ?", (identity,))
        assert tag is not None, "a row was inserted"
        woken.append(Delivery(Message(body, event_id, kind, url, deferrals), tag))
    (due,) = connection.execute("SELECT min(due) FROM deferred WHERE due >= 0").fetchone()
    return woken, None if due is None else float(due)


def _lie_between(connection: sqlite3.Connection, after: int, before: int) -> bool:
    """Whether there are messages between those two."""
    sql = "SELECT 1 FROM messages WHERE id > ? AND id < ?"
    return connection.execute(sql, (after, before)).fetchone() is not None


def _count_redeliveries(connection: sqlite3.Connection) -> None:
    """Whatever was handed out by an earlier process and is still here was in flight when that one ended."""
    connection.execute(
        "UPDATE messages SET deliveries = deliveries + 1 "
        "WHERE id <= coalesce((SELECT value FROM marks WHERE name = 'claimed'), 0)"
    )
