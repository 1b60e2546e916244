"""The metadata store in SQLite: the flow's port and the look-ups' on one `Database`.

The notice is a row of the same transaction (the outbox), so that it is neither lost nor invented. Whoever completes the
same event and URL again changes nothing.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace

from groundwork.clock import Clock
from schedulers.identity import sent_id
from schedulers.metadata import note_in
from schedulers.model import Change, Known, Page, Status, UrlState
from schedulers.notice import Notice, notice_id
from schedulers.verdict import Judged
from spiderduck.database.picture_index import IS_OWNED, picture_key, picture_keys
from spiderduck.database.picture_index import PUT as PUT_PICTURE
from spiderduck.database.sqlite import Database
from spiderduck.stores.edges import domain_of, edges
from spiderduck.stores.ports import LAST_ID, Handled, Place, Walked
from spiderduck.stores.rows import page_from_row, page_to_row, state_from_json, state_to_json
from spiderduck.stores.write_behind import WriteBehindMarks

PAGE = "p.id, p.key, p.url, p.fetched_at, p.version, p.head, p.metadata, p.provenance"
LOOK_UP = f"""
SELECT EXISTS (SELECT 1 FROM finished WHERE id IN (?, ?)), u.state, {PAGE}
FROM (SELECT 1) LEFT JOIN urls u ON u.key = ? LEFT JOIN pages p ON p.id = u.page_id
"""
WALK = f"""
SELECT u.key, u.state, {PAGE} FROM urls u LEFT JOIN pages p ON p.id = u.page_id WHERE u.key > ? ORDER BY u.key LIMIT ?
"""
LATEST = f"""
SELECT u.at, u.state, {PAGE} FROM urls u LEFT JOIN pages p ON p.id = u.page_id
WHERE {{which}} AND (u.at, u.key) < (?, ?) ORDER BY u.at DESC, u.key DESC LIMIT ?
"""
END_OF_TIME = (1e18, "")
PUT_PAGE = """
INSERT OR REPLACE INTO pages (id, key, url, fetched_at, version, head, metadata, provenance) VALUES (?,?,?,?,?,?,?,?)
"""
PUT_STATE = """
INSERT INTO urls (key, status, page_id, domain, at, state) VALUES (?,?,?,?,?,?)
ON CONFLICT (key) DO UPDATE SET status = excluded.status, page_id = excluded.page_id, at = excluded.at,
    state = excluded.state
"""
TAKE_OVER_STATE = PUT_STATE + " WHERE urls.status IN ('pending', 'deferred') OR urls.at <= excluded.at"
MARK_STATE = PUT_STATE + " WHERE urls.status IN ('pending', 'deferred')"
PUT_FINISHED = "INSERT OR IGNORE INTO finished (id, at) VALUES (?, ?)"
NOBODY = (b"", b"")
CLAIMED = "any body"
"""Stands beside a claimed name for whatever it was claimed with."""
PUT_NOTICE = "INSERT INTO notices (id, type, host, status, outcome, at, body) VALUES (?,?,?,?,?,?,?)"
PUT_REDIRECT = "INSERT OR REPLACE INTO redirects (from_key, to_key, status_code, at) VALUES (?,?,?,?)"


class SqliteStore:
    """`announced` is called on the loop after each commit that holds a notice, to wake the subscribers."""

    def __init__(self, database: Database, clock: Clock, announced: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._announced = announced
        self._fresh_marks = WriteBehindMarks(self._write_marks)

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        finished = NOBODY if event_id is None else (_finished_id(event_id, key), _finished_id(sent_id(event_id), key))
        before = self._fresh_marks.get(key)
        known = await self._database.read(lambda connection: _look_up(connection, key, finished))
        return self._marked(key, known, before)

    async def known(self, keys: Sequence[str]) -> Sequence[Known]:
        before = [self._fresh_marks.get(key) for key in keys]
        found = await self._database.read(lambda connection: [_look_up(connection, key, NOBODY) for key in keys])
        return [self._marked(*one) for one in zip(keys, found, before, strict=True)]

    async def mark(self, state: UrlState) -> None:
        if state.status is Status.PENDING:
            self._fresh_marks.put(replace(state, marked_at=self._clock.now()))
        else:
            self._fresh_marks.drop(state.key)
            self._write_marks([state])

    async def claim(self, name: str, fingerprint: str) -> bool:
        """As `spiderduck.stores.ports.Marks.claim`. A transaction is the one writer's, so nobody comes in between."""
        now, taken, ours = self._clock.now(), _finished_id(name, CLAIMED), _finished_id(name, fingerprint)

        def write(connection: sqlite3.Connection) -> bool:
            if connection.execute(PUT_FINISHED, (taken, now)).rowcount:
                connection.execute(PUT_FINISHED, (ours, now))
                return True
            return connection.execute("SELECT 1 FROM finished WHERE id = ?", (ours,)).fetchone() is not None

        return await self._database.write(write)

    async def complete(self, event_id: str, key: str, change: Change, notice: Notice) -> None:
        finished = (_finished_id(event_id, key), self._clock.now())
        states = [self._state_row(state) for state in change.states]
        links = [(*edge, finished[1]) for edge in edges(change)]
        page = None if change.page is None else page_to_row(change.page)
        pictures = _picture_rows(change.page)
        told = self._notice_row(notice)

        def write(connection: sqlite3.Connection) -> None:
            done = connection.execute(PUT_FINISHED, finished)
            if done.rowcount == 0:
                return
            if page is not None:
                connection.execute(PUT_PAGE, page)
                connection.executemany(PUT_PICTURE, pictures)
            for row in states:
                connection.execute(PUT_STATE, row)
            for link in links:
                connection.execute(PUT_REDIRECT, link)
            connection.execute(PUT_NOTICE, told)

        await self._database.write(write)
        for state in change.states:
            self._fresh_marks.drop(state.key)
        self._announced()

    async def update_page(self, page: Page, notice: Notice) -> None:
        row, told, pictures = page_to_row(page), self._notice_row(notice), _picture_rows(page)

        def write(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT 1 FROM pages WHERE id = ?", (page.id,)).fetchone():
                connection.execute(PUT_PAGE, row)
                connection.executemany(PUT_PICTURE, pictures)
                connection.execute(PUT_NOTICE, told)

        await self._database.write(write)
        self._announced()

    async def take_over(self, states: Sequence[UrlState], pages: Sequence[Page]) -> None:
        rows = [self._state_row(state) for state in states]
        links = [(*edge, row[4]) for state, row in zip(states, rows, strict=True) for edge in edges(Change((state,)))]
        stored = [(page_to_row(page), _picture_rows(page)) for page in pages]

        def write(connection: sqlite3.Connection) -> None:
            for page, pictures in stored:
                connection.execute(PUT_PAGE, page)
                connection.executemany(PUT_PICTURE, pictures)
            connection.executemany(TAKE_OVER_STATE, rows)
            connection.executemany(PUT_REDIRECT, links)

        await self._database.write(write)

    async def page(self, page_id: int) -> Page | None:
        sql = f"SELECT {PAGE} FROM pages p WHERE p.id = ?"
        row = await self._database.read(lambda connection: connection.execute(sql, (page_id,)).fetchone())
        return None if row is None else page_from_row(row)

    async def saw_picture(self, site: str, picture: str, page: str) -> int:
        def write(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT seen FROM site_pictures WHERE site = ?", (site,)).fetchone()
            seen, count = note_in(b"" if row is None else row[0], picture, page)
            values = (site, seen, self._clock.now())
            connection.execute("INSERT OR REPLACE INTO site_pictures (site, seen, at) VALUES (?, ?, ?)", values)
            return count

        return await self._database.write(write)

    async def first_seen(self, domain: str) -> float:
        """As `schedulers.ports.DomainAges.first_seen`."""
        row, sql = (domain, self._clock.now()), "SELECT first_seen FROM domains WHERE domain = ?"
        found = await self._database.read(lambda connection: connection.execute(sql, (domain,)).fetchone())
        if found is not None:
            return float(found[0])

        def write(connection: sqlite3.Connection) -> float:
            connection.execute("INSERT OR IGNORE INTO domains (domain, first_seen) VALUES (?, ?)", row)
            return float(connection.execute(sql, (domain,)).fetchone()[0])

        return await self._database.write(write)

    async def history(self, key: str, most: int, before: int | None = None) -> Sequence[Page]:
        sql = f"SELECT {PAGE} FROM pages p WHERE p.key = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?"
        values = (key, LAST_ID if before is None else before, most)
        rows = await self._database.read(lambda connection: connection.execute(sql, values).fetchall())
        return [page_from_row(row) for row in rows]

    async def redirects_to(self, key: str, most: int, after: str = "") -> Sequence[str]:
        sql = "SELECT from_key FROM redirects WHERE to_key = ? AND from_key > ? ORDER BY from_key LIMIT ?"
        rows = await self._database.read(lambda connection: connection.execute(sql, (key, after, most)).fetchall())
        return [row[0] for row in rows]

    async def owns_picture(self, url: str) -> bool:
        key = picture_key(url)
        row = await self._database.read(lambda connection: connection.execute(IS_OWNED, (key,)).fetchone())
        return bool(row[0])

    async def picture_pages(self, url: str, most: int) -> Sequence[int]:
        sql, key = "SELECT page_id FROM pictures WHERE url_key = ? ORDER BY page_id DESC LIMIT ?", picture_key(url)
        rows = await self._database.read(lambda connection: connection.execute(sql, (key, most)).fetchall())
        return [row[0] for row in rows]

    async def recent(self, domain: str, most: int) -> Sequence[UrlState]:
        sql = "SELECT state FROM urls WHERE domain = ? ORDER BY at DESC LIMIT ?"
        rows = await self._database.read(lambda connection: connection.execute(sql, (domain, most)).fetchall())
        return [state_from_json(row[0]) for row in rows]

    async def latest(self, most: int, before: Place | None = None, domain: str | None = None) -> Sequence[Handled]:
        sql = LATEST.format(which="u.domain = ?" if domain is not None else "?")
        values = (True if domain is None else domain, *(before or END_OF_TIME), most)
        rows = await self._database.read(lambda connection: connection.execute(sql, values).fetchall())
        return [
            Handled(at, state_from_json(state), None if page[0] is None else page_from_row(tuple(page)))
            for at, state, *page in rows
        ]

    async def walk(self, after: str | None, most: int) -> Walked:
        rows = await self._database.read(lambda connection: connection.execute(WALK, (after or "", most)).fetchall())
        known = [
            Known(state=state_from_json(state), page=None if page[0] is None else page_from_row(tuple(page)))
            for _, state, *page in rows
        ]
        return Walked(known, rows[-1][0] if len(rows) == most else None)

    async def judge_again(self, before: UrlState, judged: Judged, notice: Notice) -> bool:
        told = self._notice_row(notice)

        def write(connection: sqlite3.Connection) -> bool:
            row = connection.execute("SELECT state FROM urls WHERE key = ?", (before.key,)).fetchone()
            state = None if row is None else state_from_json(row[0])
            if state is None or state.judged != before.judged:
                return False
            blob = state_to_json(replace(state, judged=judged))
            connection.execute("UPDATE urls SET state = ? WHERE key = ?", (blob, before.key))
            connection.execute(PUT_NOTICE, told)
            return True

        is_told = await self._database.write(write)
        if is_told:
            self._announced()
        return is_told

    async def tell(self, notices: Sequence[Notice]) -> None:
        """As `takedowns.ports.Announcing.tell`."""
        rows = [self._notice_row(told) for told in notices]
        await self._database.write(lambda connection: connection.executemany(PUT_NOTICE, rows))
        self._announced()

    async def remove_pages(self, pages: Sequence[Page]) -> None:
        """As `takedowns.ports.Records.remove_pages`. Which pictures are theirs goes with them, by a trigger."""
        ids = [(page.id,) for page in pages]
        await self._database.erase(
            lambda connection: connection.executemany("DELETE FROM pages WHERE id = ?", ids).rowcount
        )

    async def remove_urls(self, keys: Sequence[str], remains: Sequence[UrlState]) -> None:
        """As `takedowns.ports.Records.remove_urls`."""
        rows, names = [self._state_row(state) for state in remains], [(key,) for key in keys]
        for key in keys:
            self._fresh_marks.drop(key)

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM redirects WHERE from_key = ?", names)
            connection.executemany("DELETE FROM redirects WHERE to_key = ?", names)
            connection.executemany("DELETE FROM urls WHERE key = ?", names)
            connection.executemany(PUT_STATE, rows)

        await self._database.erase(write)
        await self._database.fold()

    def _marked(self, key: str, known: Known, before: UrlState | None) -> Known:
        """What the store knows, or the mark that is not written yet, or was not `before` the store was read."""
        mark = self._fresh_marks.get(key) or (before if known.state is None else None)
        if mark is None or (known.state is not None and known.state.status not in (Status.PENDING, Status.DEFERRED)):
            return known
        return Known(known.seen, mark, known.page)

    def _write_marks(self, states: Sequence[UrlState]) -> "asyncio.Future[object]":
        rows = [self._state_row(state) for state in states]
        return self._database.write_later(lambda connection: connection.executemany(MARK_STATE, rows))

    def _state_row(self, state: UrlState) -> tuple[str, str, int | None, str, float, bytes]:
        at = state.checked_at or self._clock.now()
        return state.key, state.status.value, state.page_id, domain_of(state.url), at, state_to_json(state)

    def _notice_row(self, notice: Notice) -> tuple[str, str, str, str, str, float, bytes]:
        return notice.id, notice.type, notice.host, notice.status, notice.outcome, self._clock.now(), notice.body


def _look_up(connection: sqlite3.Connection, key: str, finished: tuple[bytes, bytes]) -> Known:
    seen, state, *page = connection.execute(LOOK_UP, (*finished, key)).fetchone()
    if state is None:
        return Known(bool(seen))
    return Known(bool(seen), state_from_json(state), None if page[0] is None else page_from_row(tuple(page)))


def _picture_rows(page: Page | None) -> list[tuple[bytes, int]]:
    return [] if page is None else [(key, page.id) for key in picture_keys(page.metadata)]


def _finished_id(event_id: str, key: str) -> bytes:
    return bytes.fromhex(notice_id(event_id, key))
