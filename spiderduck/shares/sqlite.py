"""The log of shares, and what is trending, in the embedded store's file.

Counts are kept beside the log and changed in the transaction that writes it. A URL that turns out to lead elsewhere
takes its shares along: the log names the URL, and the URL its page.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from schedulers.shares import Shares
from spiderduck.database.sqlite import Database
from spiderduck.shares.model import Item, Share
from spiderduck.shares.ports import Asked, Counted, SoFar
from spiderduck.shares.trends import HOUR, Peak, Tally, Window

LINK = """
SELECT l.number, p.number, p.page FROM share_links l JOIN share_pages p ON p.number = l.page WHERE l.key = ?
"""
IS_LOGGED = "SELECT 1 FROM shares WHERE id = ?"
PAGE = "SELECT number FROM share_pages WHERE page = ?"
SHOWN = "SELECT url, domain, language FROM share_pages WHERE number = ?"
PUT_PAGE = "INSERT INTO share_pages (page, url, domain, language) VALUES (?, ?, ?, ?)"
RENEW_PAGE = """
UPDATE share_pages SET url = ?2, domain = ?3, language = ?4
WHERE number = ?1 AND (url, domain, language) IS NOT (?2, ?3, ?4)
"""
PUT_LINK = "INSERT INTO share_links (key, page) VALUES (?, ?)"
PUT_SHARE = "INSERT INTO shares (link, at, id, sharer, event) VALUES (?, ?, ?, ?, ?)"
PUT_SHARER = """
INSERT INTO share_sharers (page, sharer, shares) VALUES (?, ?, 1)
ON CONFLICT (page, sharer) DO UPDATE SET shares = shares + 1 RETURNING shares
"""
COUNT_ON = "UPDATE share_pages SET total = total + 1, sharers = sharers + ? WHERE number = ?"
OF_PAGE = "FROM share_links l JOIN shares s ON s.link = l.number WHERE l.page = ?"
RECOUNT = (
    "DELETE FROM share_sharers WHERE page = ?1",
    "INSERT INTO share_sharers SELECT ?1, s.sharer, count(*) FROM share_links l JOIN shares s ON s.link = l.number "
    "WHERE l.page = ?1 AND s.sharer IS NOT NULL GROUP BY s.sharer",
    "UPDATE share_pages SET sharers = (SELECT count(*) FROM share_sharers WHERE page = ?1), total = "
    "(SELECT count(*) FROM share_links l JOIN shares s ON s.link = l.number WHERE l.page = ?1) WHERE number = ?1",
    "DELETE FROM share_pages WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM share_links WHERE page = ?1)",
)
LINKS_OF = """
SELECT l.number, l.page FROM share_links l WHERE l.key = ?
UNION SELECT l.number, l.page FROM share_pages p JOIN share_links l ON l.page = p.number WHERE p.page = ?
"""
TOTALS = "SELECT number, total, sharers FROM share_pages WHERE number = ?"
LATELY = f"SELECT count(*), coalesce(sum(s.at > ?), 0) {OF_PAGE} AND s.at > ?"
SHARES = "share_pages p JOIN share_links l ON l.page = p.number JOIN shares s ON s.link = l.number"
OF_ITEM = {"links": f"{SHARES} WHERE p.page = ?", "domains": f"{SHARES} WHERE p.domain = ?"}
NAMES = {
    "links": "SELECT page FROM share_pages WHERE page > ? ORDER BY page LIMIT ?",
    "domains": "SELECT DISTINCT domain FROM share_pages WHERE domain > ? ORDER BY domain LIMIT ?",
}
RAISE = """
INSERT INTO trends (kind, span, item, score, at, language, place) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (kind, span, item) DO UPDATE SET score = ?4, at = ?5, language = ?6, place = ?7
WHERE at < ?8 OR (score < ?4 AND at <= ?9)
"""
TO_FORGET = """
SELECT number FROM share_links l WHERE number > ?1 AND number <= ?2
AND EXISTS (SELECT 1 FROM shares s WHERE s.link = l.number AND s.at < ?3)
"""
FORGET = """
DELETE FROM shares WHERE (link, at, id) IN (SELECT link, at, id FROM shares WHERE link = ?1 AND at < ?2 LIMIT ?3)
RETURNING sharer
"""
LESS_OFTEN = "UPDATE share_sharers SET shares = shares - ? WHERE page = ? AND sharer = ?"
NOT_ANY_MORE = "DELETE FROM share_sharers WHERE page = ? AND sharer = ? AND shares <= 0"
COUNT_DOWN = "UPDATE share_pages SET total = total - ?, sharers = sharers - ? WHERE number = ?"
FORGET_PAGE = "DELETE FROM share_pages WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM share_links WHERE page = ?1)"
FORGET_LINK = "DELETE FROM share_links WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM shares WHERE link = ?1)"
PAGES_AT_ONCE = 100
LINKS_AT_ONCE, SHARES_AT_ONCE = 2_000, 500
MUCH, SLICES = 5_000, 28
"""So many shares of one item are read in so many pieces."""


class SqliteShares:
    """On the one `Database` of the process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, shares: Sequence[Share]) -> Sequence[Share]:
        return await self._database.write(
            lambda connection: [one for share in shares for one in _add(connection, share)]
        )

    async def counts(self, asked: Sequence[Asked], now: float) -> Sequence[Shares | None]:
        return await self._database.read(lambda connection: [_count(connection, one, now) for one in asked])

    async def of_item(self, item: Item, since: float, until: float) -> Sequence[Counted]:
        sql = (
            f"SELECT s.at, coalesce(s.sharer, s.id) FROM {OF_ITEM[item.kind]} AND s.at > ? AND s.at <= ? ORDER BY s.at"
        )
        values = (item.name, since, until)
        rows = await self._database.read(lambda connection: connection.execute(sql, values).fetchall())
        return [Counted(*row) for row in rows]

    async def per_hour(self, item: Item, hours: int, until: float) -> Sequence[int]:
        sql = (
            f"SELECT CAST((?2 - s.at) / {HOUR} AS INTEGER) AS back, count(DISTINCT coalesce(s.sharer, s.id)) "
            f"FROM {OF_ITEM[item.kind].replace('?', '?1')} AND s.at > ?3 AND s.at <= ?4 GROUP BY back"
        )
        found: dict[int, int] = {}
        for low, high in await self._slices(item, until - hours * HOUR, until, HOUR):
            values = (item.name, until, low, high)
            found.update(await self._rows(sql, values))
        return [found.get(back, 0) for back in reversed(range(hours))]

    async def items(self, after: Item | None, most: int) -> Sequence[Item]:
        kind = "links" if after is None else after.kind
        name = "" if after is None else after.name
        rows = await self._names(kind, name, most)
        found = [Item("links" if kind == "links" else "domains", one) for one in rows]
        if kind == "links" and len(found) < most:
            found += [Item("domains", one) for one in await self._names("domains", "", most - len(found))]
        return found

    async def recount(self, so_far: SoFar = lambda count: None) -> int:
        pages = await self._database.read(_all_pages)
        for start in range(0, len(pages), PAGES_AT_ONCE):
            await self._database.write(partial(_recount_all, pages=pages[start : start + PAGES_AT_ONCE]))
            so_far(start)
        return len(pages)

    async def forget_before(self, moment: float) -> int:
        """Delete the shares of before that moment, in steps, and what nothing is left of. Returns how many."""
        ((last,),) = await self._rows("SELECT coalesce(max(number), 0) FROM share_links", ())
        total = 0
        for low in range(0, last, LINKS_AT_ONCE):
            for (link,) in await self._rows(TO_FORGET, (low, low + LINKS_AT_ONCE, moment)):
                count = SHARES_AT_ONCE
                while count == SHARES_AT_ONCE:
                    count = await self._database.write(partial(_forget, link=link, moment=moment))
                    total += count
        return total

    async def forget(self, keys: Sequence[str]) -> None:
        await self._database.erase(partial(_forget_urls, keys=keys))
        await self._database.fold()

    async def tally(self, item: Item, window: Window, until: float) -> Tally:
        middle, begin = until - window.seconds, until - 2 * window.seconds
        spans = ((middle, until), (begin, middle))
        few = await self._database.read(lambda connection: [_few_people(connection, item, *span) for span in spans])
        counts = [
            found if found is not None else await self._many_people(item, *span, window.seconds / SLICES)
            for found, span in zip(few, spans, strict=True)
        ]
        return Tally(*counts)

    async def _many_people(self, item: Item, since: float, until: float, step: float) -> int:
        """In pieces, for a reader has others to serve."""
        people: set[tuple[bytes]] = set()
        for low, high in await self._slices(item, since, until, step):
            people.update(await self._rows(_people(item), (item.name, low, high)))
        return len(people)

    async def count_of(self, item: Item, since: float, until: float) -> int:
        sql = f"SELECT count(*) FROM {OF_ITEM[item.kind]} AND s.at > ? AND s.at <= ?"
        ((count,),) = await self._rows(sql, (item.name, since, until))
        return int(count)

    async def raise_peak(self, peak: Peak) -> None:
        item = peak.item
        what = (item.kind, peak.window, item.name, peak.score, peak.at, peak.language, peak.order)
        row = (*what, peak.counts_since, peak.counts_until)
        await self._database.write(lambda connection: connection.execute(RAISE, row))

    async def peaks(self, kind: str, window: str, since: float, most: int) -> Sequence[Peak]:
        sql = (
            "SELECT item, score, at, language FROM trends WHERE kind = ? AND span = ? AND at >= ? "
            "ORDER BY place DESC LIMIT ?"
        )
        rows = await self._database.read(
            lambda connection: connection.execute(sql, (kind, window, since, most)).fetchall()
        )
        return [Peak(Item(kind, item), window, *rest) for item, *rest in rows]  # type: ignore[arg-type]

    async def forget_peaks(self) -> None:
        await self._database.write(lambda connection: connection.execute("DELETE FROM trends"))

    async def language_of(self, item: Item) -> str:
        column = "page" if item.kind == "links" else "domain"
        sql = f"SELECT language FROM share_pages WHERE {column} = ? AND language <> '' ORDER BY total DESC LIMIT 1"
        row = await self._database.read(lambda connection: connection.execute(sql, (item.name,)).fetchone())
        return "" if row is None else str(row[0])

    async def events_of(self, item: Item, since: float, most: int) -> Sequence[str]:
        sql = (
            f"SELECT s.event FROM {OF_ITEM[item.kind]} AND s.at > ? AND s.event IS NOT NULL ORDER BY s.at DESC LIMIT ?"
        )
        values = (item.name, since, most)
        rows = await self._database.read(lambda connection: connection.execute(sql, values).fetchall())
        return [row[0] for row in rows]

    async def _names(self, kind: str, after: str, most: int) -> list[str]:
        return [row[0] for row in await self._rows(NAMES[kind], (after, most))]

    async def _rows(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        return await self._database.read(lambda connection: connection.execute(sql, values).fetchall())

    async def _slices(self, item: Item, since: float, until: float, step: float) -> list[tuple[float, float]]:
        """The time in one piece, or where much was shared in several, each a multiple of `step` before `until`: a
        reader has others to serve."""
        count = await self._database.read(lambda connection: _shares_of(connection, item, since, until))
        if count < MUCH:
            return [(since, until)]
        pieces = min(SLICES, round((until - since) / step))
        ends = [until - (until - since) * number / pieces for number in range(pieces)] + [since]
        return [(low, high) for high, low in pairwise(ends)]


def _people(item: Item) -> str:
    return f"SELECT DISTINCT coalesce(s.sharer, s.id) FROM {OF_ITEM[item.kind]} AND s.at > ? AND s.at <= ?"


def _few_people(connection: sqlite3.Connection, item: Item, since: float, until: float) -> int | None:
    """How many shared the item in that time; None where they are too many to be read in one piece."""
    values = (item.name, since, until)
    return (
        None
        if _shares_of(connection, item, since, until) >= MUCH
        else len(connection.execute(_people(item), values).fetchall())
    )


def _shares_of(connection: sqlite3.Connection, item: Item, since: float, until: float) -> int:
    """`MUCH` at the most."""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {OF_ITEM[item.kind]} AND s.at > ? AND s.at <= ? LIMIT {MUCH})"
    return int(connection.execute(sql, (item.name, since, until)).fetchone()[0])


def _add(connection: sqlite3.Connection, share: Share) -> list[Share]:
    """The share as it counts; nothing where it is there already, for what is known of its link may be newer."""
    if connection.execute(IS_LOGGED, (share.id,)).fetchone() is not None:
        return []
    share = _followed(connection, share)
    known = connection.execute(LINK, (share.key,)).fetchone()
    if known is None:
        old = connection.execute(PAGE, (share.key,)).fetchone() if share.is_known and share.page != share.key else None
        page = _page(connection, share) if old is None else _move(connection, share, old[0], share.key)
        link = connection.execute(PUT_LINK, (share.key, page)).lastrowid
    else:
        link, page, key = known
        if not share.is_known:
            share = share._replace(page=key)
        elif key != share.page:
            page = _move(connection, share, page, key)
            share = share._replace(moved_from=key)
    if share.is_known:
        connection.execute(RENEW_PAGE, (page, share.url, share.domain, share.language))
    connection.execute(PUT_SHARE, (link, share.at, share.id, share.sharer, share.event or None))
    times = None if share.sharer is None else connection.execute(PUT_SHARER, (page, share.sharer)).fetchone()[0]
    connection.execute(COUNT_ON, (times == 1, page))
    return [share]


def _followed(connection: sqlite3.Connection, share: Share) -> Share:
    """With the page that the named one is known to lead to."""
    if not share.is_named:
        return share
    known = connection.execute(LINK, (share.page,)).fetchone()
    if known is None or known[2] == share.page:
        return share
    url, domain, language = connection.execute(SHOWN, (known[1],)).fetchone()
    return share._replace(page=known[2], url=url, domain=domain, language=language)


def _page(connection: sqlite3.Connection, share: Share) -> int:
    found = connection.execute(PAGE, (share.page,)).fetchone()
    if found is not None:
        return int(found[0])
    return int(connection.execute(PUT_PAGE, (share.page, share.url, share.domain, share.language)).lastrowid or 0)


def _move(connection: sqlite3.Connection, share: Share, old: int, old_key: str) -> int:
    """The shares of a URL that leads elsewhere by now, or all of a page that has another address."""
    new = _page(connection, share)
    if share.key == old_key:
        connection.execute("UPDATE share_links SET page = ? WHERE page = ?", (new, old))
    else:
        connection.execute("UPDATE share_links SET page = ? WHERE key = ?", (new, share.key))
    _recount(connection, old)
    _recount(connection, new)
    return new


def _recount(connection: sqlite3.Connection, page: int) -> None:
    for statement in RECOUNT:
        connection.execute(statement, (page,))


def _forget(connection: sqlite3.Connection, link: int, moment: float) -> int:
    """One step, which leaves the counts right. It takes as long for a page that half the world shared."""
    (page,) = connection.execute("SELECT page FROM share_links WHERE number = ?", (link,)).fetchone() or (0,)
    gone = connection.execute(FORGET, (link, moment, SHARES_AT_ONCE)).fetchall()
    people = Counter(sharer for (sharer,) in gone if sharer is not None)
    connection.executemany(LESS_OFTEN, [(count, page, sharer) for sharer, count in people.items()])
    fewer = connection.executemany(NOT_ANY_MORE, [(page, sharer) for sharer in people]).rowcount if people else 0
    connection.execute(COUNT_DOWN, (len(gone), fewer, page))
    if len(gone) < SHARES_AT_ONCE:
        connection.execute(FORGET_LINK, (link,))
        connection.execute(FORGET_PAGE, (page,))
    return len(gone)


def _forget_urls(connection: sqlite3.Connection, *, keys: Sequence[str]) -> None:
    for key in keys:
        connection.execute("DELETE FROM trends WHERE kind = 'links' AND item = ?", (key,))
        found = connection.execute(LINKS_OF, (key, key)).fetchall()
        for link, _ in found:
            connection.execute("DELETE FROM shares WHERE link = ?", (link,))
            connection.execute("DELETE FROM share_links WHERE number = ?", (link,))
        for page in {page for _, page in found}:
            _recount(connection, page)


def _recount_all(connection: sqlite3.Connection, pages: Sequence[int]) -> None:
    for page in pages:
        _recount(connection, page)


def _all_pages(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT number FROM share_pages")]


def _count(connection: sqlite3.Connection, asked: Asked, now: float) -> Shares | None:
    links = (connection.execute(LINK, (key,)).fetchone() for key in asked)
    known = next((one for one in links if one is not None), None)
    found = (known[1],) if known is not None else connection.execute(PAGE, (asked.page,)).fetchone()
    if found is None:
        return None
    page, total, sharers = connection.execute(TOTALS, found).fetchone()
    last_day, last_hour = connection.execute(LATELY, (now - HOUR, page, now - 24 * HOUR)).fetchone()
    return Shares(total=total, last_hour=last_hour, last_day=last_day, sharers=sharers)
