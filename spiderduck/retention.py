"""Old things are deleted by age, so that the use of the disk can be bounded. Off by default for pages and archive
files.

A page goes only when its URL's record does not lead to it (any more); a URL whose record went is unknown again.
"""

import logging
import sqlite3
from typing import Protocol

from groundwork.clock import Clock
from spiderduck.config import DAY, Retention
from spiderduck.database.sqlite import GIVE_BACK, Database
from spiderduck.errors import StoreUnavailable

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 1000
"""Deleted in small steps, so that writers wait milliseconds."""
TRENDS_DAYS = 4.0
"""What trended is forgotten after two."""

DELETIONS = {
    "urls": ("pages", "DELETE FROM urls WHERE key IN (SELECT key FROM urls WHERE at < :before LIMIT :most)"),
    "pages": (
        "pages",
        "DELETE FROM pages WHERE id IN (SELECT p.id FROM pages p WHERE p.fetched_at < :before AND NOT EXISTS "
        "(SELECT 1 FROM urls u WHERE u.key = p.key AND u.page_id = p.id) LIMIT :most)",
    ),
    "redirects": (
        "pages",
        "DELETE FROM redirects WHERE (from_key, to_key) IN "
        "(SELECT from_key, to_key FROM redirects WHERE at < :before LIMIT :most)",
    ),
    "sites' pictures": (
        "pages",
        "DELETE FROM site_pictures WHERE site IN (SELECT site FROM site_pictures WHERE at < :before LIMIT :most)",
    ),
    "finished": ("events", "DELETE FROM finished WHERE id IN (SELECT id FROM finished WHERE at < :before LIMIT :most)"),
    "event ids": (
        "events",
        "DELETE FROM event_ids WHERE id IN (SELECT id FROM event_ids WHERE at < :before LIMIT :most)",
    ),
    "answers": (
        "events",
        "DELETE FROM answers WHERE name IN (SELECT name FROM answers WHERE at < :before LIMIT :most)",
    ),
    "notices": (
        "notices",
        "DELETE FROM notices WHERE position IN (SELECT position FROM notices WHERE at < :before LIMIT :most)",
    ),
    "webhook deliveries": (
        "notices",
        "DELETE FROM webhook_deliveries WHERE rowid IN "
        "(SELECT rowid FROM webhook_deliveries WHERE at < :before AND due IS NULL LIMIT :most)",
    ),
    "trends": (
        "trends",
        "DELETE FROM trends WHERE (kind, span, item) IN "
        "(SELECT kind, span, item FROM trends WHERE at < :before LIMIT :most)",
    ),
}
"""What is deleted, by which of the settings' ages. URLs before their pages, for a page that a URL leads to stays."""


class Files(Protocol):
    """The archive."""

    async def remove_older_than(self, moment: float) -> int:
        """Returns how many files went."""


class ShareLog(Protocol):
    """The log of shares."""

    async def forget_before(self, moment: float) -> int:
        """Delete the shares of before that moment; returns how many."""


class Queues(Protocol):
    """The durable queues of notices."""

    async def expire(self) -> int:
        """Delete those that nobody used for too long; returns how many."""


class RetentionSweeper:
    """Deletes what is older than the settings say, and `queues` that nobody uses. Without `database`, archive files
    only: other stores end what they keep by themselves."""

    def __init__(
        self,
        database: Database | None,
        archive: Files,
        clock: Clock,
        settings: Retention,
        queues: Queues | None = None,
        shares: ShareLog | None = None,
    ) -> None:
        self._queues = queues
        self._shares = shares
        self._shares_since = 0.0
        self._database = database
        self._archive = archive
        self._clock = clock
        self._settings = settings

    async def run(self) -> None:
        """A sweep every `sweep_seconds` until cancelled. One that the store does not let through is made up for by the
        next."""
        while True:
            try:
                await self.sweep()
            except (StoreUnavailable, OSError) as error:
                log.warning("retention waits for its next turn: %s", error)
            await self._clock.sleep(self._settings.sweep_seconds)

    async def sweep(self) -> dict[str, int]:
        """One sweep; returns how many rows or files of each kind went."""
        now = self._clock.now()
        ages = {
            "pages": self._settings.pages_days,
            "events": self._settings.events_days,
            "notices": self._settings.notices_days,
            "trends": TRENDS_DAYS,
        }
        gone: dict[str, int] = {}
        for table, (kind, sql) in DELETIONS.items():
            if ages[kind] and self._database is not None:
                gone[table] = await _delete(self._database, sql, now - ages[kind] * DAY)
        if count := await self._forget_shares(now):
            gone["shares"] = count
        if self._queues is not None and (expired := await self._queues.expire()):
            gone["durable queues"] = expired
        if self._settings.archive_days:
            gone["archive files"] = await self._archive.remove_older_than(now - self._settings.archive_days * DAY)
        if any(gone.values()):
            if self._database is not None:
                await self._database.write(lambda connection: connection.execute(GIVE_BACK).fetchall())
            log.info("retention: %s", ", ".join(f"{count} {what}" for what, count in gone.items() if count))
        return gone

    async def _forget_shares(self, now: float) -> int:
        """By whole days: the counts of a page are made anew once a day at most."""
        since = (now - self._settings.shares_days * DAY) // DAY * DAY
        if self._shares is None or not self._settings.shares_days or since <= self._shares_since:
            return 0
        count = await self._shares.forget_before(since)
        self._shares_since = since
        return count


async def _delete(database: Database, sql: str, before: float) -> int:
    total = 0
    while True:
        count = await database.write(lambda connection: _rows(connection, sql, before))
        total += count
        if count < ROWS_AT_ONCE:
            return total


def _rows(connection: sqlite3.Connection, sql: str, before: float) -> int:
    return connection.execute(sql, {"before": before, "most": ROWS_AT_ONCE}).rowcount
