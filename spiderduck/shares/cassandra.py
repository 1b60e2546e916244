"""The log of shares, and what is trending, in Cassandra.

A share is a row under its page and one under its domain, in partitions of an hour. The one conditional write, on a
share's id, gives what is told twice the same time, and so the same row. Hours that are over are counted once, and again
when a late share comes. A URL that turns out to lead elsewhere takes its rows along: first they are written there, then
deleted here, then the URL leads there, so that a move that a crash broke off is made again. What a URL leads to is
written with the time of the notice that said so; an older notice changes nothing. Of two processes that learn of it at
one moment one may leave rows behind, until `recount`.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from groundwork.clock import Clock
from schedulers.shares import Shares
from spiderduck.shares.cassandra_statements import share_statements
from spiderduck.shares.model import Item, Kind, Share
from spiderduck.shares.ports import Asked, Counted, SoFar
from spiderduck.shares.trends import HOUR, WINDOWS, Peak, Tally, Window, per_hour, tally
from spiderduck.stores.cassandra_keys import MICROSECONDS, Stamps, hour_of, key_hash, microseconds
from spiderduck.stores.sessions.ports import Row, Session, Statement, Value, Write

AT_ONCE = 64
"""Statements under way."""
SKEW_SECONDS = 60.0
"""A count that another process may have made wrong by a clock that far behind is not kept."""
LOOKED_AT = 1000
"""Shares by which a domain's language is told."""
LONGEST_LIVE = 20 * 365 * 86_400
"""Cassandra takes no more seconds; 0 keeps for ever."""

T = TypeVar("T")


class _Page(NamedTuple):
    """A page by its hash, and under which owners its shares lie."""

    hash: bytes
    key: str
    domain: str
    language: str

    @property
    def owners(self) -> tuple[bytes, ...]:
        return (self.hash, domain_hash(self.domain)) if self.domain else (self.hash,)


class _Row(NamedTuple):
    """One share, as it lies under an owner."""

    at: int
    id: bytes
    link: bytes
    sharer: bytes | None
    event: str | None
    language: str | None


def domain_hash(domain: str) -> bytes:
    """The owner of a domain's rows; no page's hash is the same, for no key begins so."""
    return key_hash(f"domain\n{domain}")


class CassandraShares:
    """In the keyspace of the records. `keep` is for how many seconds a share counts; 0: for ever."""

    def __init__(self, session: Session, keyspace: str, clock: Clock, keep: float = 0.0) -> None:
        self._session = session
        self._statements = share_statements(keyspace)
        self._clock = clock
        self._keep = keep
        self._stamps = Stamps()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def add(self, shares: Sequence[Share]) -> Sequence[Share]:
        different = {share.id: share for share in shares}
        claims = await self._all(self._claim(share) for share in different.values())
        added: list[Share] = []
        writes: list[Write] = []
        hours: set[tuple[bytes, int]] = set()
        pages: dict[bytes, _Page] = {}
        for share, (at, is_new) in zip(different.values(), claims, strict=True):
            page, before = await self._page_for(share, pages)
            counts = share._replace(page=page.key, domain=page.domain, at=at / MICROSECONDS, moved_from=before)
            writes += self._rows(counts, page, at)
            hours.update((owner, hour_of(counts.at)) for owner in page.owners)
            if is_new:
                added.append(counts)
        await self._write([*writes, *(self._dirty(owner, hour) for owner, hour in hours)])
        return added

    async def counts(self, asked: Sequence[Asked], now: float) -> Sequence[Shares | None]:
        different = dict.fromkeys(asked)
        found = await self._all(self._count(one, now) for one in different)
        counted = dict(zip(different, found, strict=True))
        return [counted[one] for one in asked]

    async def of_item(self, item: Item, since: float, until: float) -> Sequence[Counted]:
        rows = await self._read(_owner(item), since, until)
        return [Counted(row.at / MICROSECONDS, row.sharer or row.id) for row in sorted(rows)]

    async def per_hour(self, item: Item, hours: int, until: float) -> Sequence[int]:
        return per_hour(await self.of_item(item, until - hours * HOUR, until), hours, until)

    async def items(self, after: Item | None, most: int) -> Sequence[Item]:
        ask, put = self._ask, self._statements
        found: list[Item] = []
        if after is None or after.kind == "links":
            statement = put.first_pages if after is None else put.more_pages
            rows = await ask(statement, most) if after is None else await ask(statement, key_hash(after.name), most)
            found = [Item("links", row[0]) for row in rows]
        if after is not None and after.kind == "domains":
            rows = await ask(put.more_domains, after.name, most)
            found = [Item("domains", row[0]) for row in rows]
        elif len(found) < most:
            rows = await ask(put.first_domains, most - len(found))
            found += [Item("domains", row[0]) for row in rows]
        return found

    async def forget(self, keys: Sequence[str]) -> None:
        """What is claimed of a share's id stays: a notice that comes again must find it."""
        for key in keys:
            digest, put = key_hash(key), self._statements
            await self._write((put.drop_trend, (self._stamp(), "links", window, key)) for window in WINDOWS)
            page = await self._page(digest)
            if page is not None:
                await self._forget_page(page)
            rows = await self._ask(put.get_link, digest)
            owner = await self._page(rows[0][0]) if rows else None
            if owner is not None:
                await self._forget_link(digest, owner)
            await self._drop_link(digest)

    async def _forget_page(self, page: _Page) -> None:
        put = self._statements
        links = [row[0] for row in await self._ask(put.get_page_links, page.hash)]
        await self._drop(page, await self._read(page.hash, float("-inf"), float("inf")))
        hours = await self._ask(put.get_hours, page.hash)
        writes: list[Write] = [(put.drop_hour, (self._stamp(), page.hash, hour)) for hour, _ in hours]
        for link in links:
            await self._drop_link(link)
            writes.append((put.drop_page_link, (self._stamp(), page.hash, link)))
        writes.append((put.drop_sharers, (self._stamp(), page.hash)))
        writes.append((put.drop_page, (self._stamp(), page.hash)))
        await self._write(writes)

    async def _forget_link(self, link: bytes, page: _Page) -> None:
        """A link of a page that stays."""
        rows = await self._read(page.hash, float("-inf"), float("inf"))
        await self._drop(page, [row for row in rows if row.link == link])
        await self._write([(self._statements.drop_page_link, (self._stamp(), page.hash, link))])
        await self._renew_sharers(page.hash)

    async def _drop_link(self, link: bytes) -> None:
        """Links are written with the time of a notice, which may come from a clock ahead of ours."""
        rows = await self._ask(self._statements.get_link, link)
        stamp = max([self._stamp(), *(written + 1 for _, written in rows)])
        await self._write([(self._statements.drop_link, (stamp, link))])

    async def _drop(self, page: _Page, rows: Sequence[_Row]) -> None:
        """Of the page and its domain, whose hours are counted again."""
        put, writes = self._statements, list[Write]()
        hours = {row.id: hour_of(row.at / MICROSECONDS) for row in rows}
        for owner in page.owners:
            writes += [(put.drop_share, (self._stamp(), owner, hours[row.id], row.at, row.id)) for row in rows]
            writes += [(put.put_dirty, (owner, hour, None, self._stamp())) for hour in set(hours.values())]
        await self._write(writes)

    async def recount(self, so_far: SoFar = lambda count: None) -> int:
        """Every hour is counted when it is asked for, and the sharers here."""
        count, after = 0, None
        while items := await self.items(after, 1000):
            for item in items:
                owner = _owner(item)
                await self._forget_hours(owner)
                if item.kind == "links":
                    await self._fetch_back(owner)
                    await self._renew_sharers(owner)
                    count += 1
                    so_far(count)
            after = items[-1]
        return count

    async def tally(self, item: Item, window: Window, until: float) -> Tally:
        return tally(await self.of_item(item, until - 2 * window.seconds, until), window, until)

    async def count_of(self, item: Item, since: float, until: float) -> int:
        """Hours that lie within it whole are counted once."""
        owner, now = _owner(item), self._clock.now()
        counts = [
            self._count_hour(owner, hour, count, now)
            if since < hour * HOUR and (hour + 1) * HOUR <= until
            else self._count_part(owner, hour, since, until)
            for hour, count in await self._ask(self._statements.get_hours, owner)
            if since < (hour + 1) * HOUR and hour * HOUR <= until
        ]
        return sum(await self._all(counts))

    async def raise_peak(self, peak: Peak) -> None:
        item = peak.item
        rows = await self._ask(self._statements.get_trend, item.kind, peak.window, item.name)
        if rows and (rows[0][1] > peak.counts_until or (rows[0][0] >= peak.score and rows[0][1] >= peak.counts_since)):
            return
        values = (item.kind, peak.window, item.name, peak.score, peak.at, peak.language)
        await self._write([(self._statements.put_trend, (*values, self._stamp()))])

    async def peaks(self, kind: str, window: str, since: float, most: int) -> Sequence[Peak]:
        rows = await self._ask(self._statements.get_trends, kind, window)
        found = [Peak(Item(kind, item), window, *rest) for item, *rest in rows]  # type: ignore[arg-type]
        return sorted((one for one in found if one.at >= since), key=lambda one: -one.order)[:most]

    async def forget_peaks(self) -> None:
        kinds: tuple[Kind, ...] = ("links", "domains")
        drop = self._statements.drop_trends
        await self._write([(drop, (self._stamp(), kind, window)) for kind in kinds for window in WINDOWS])

    async def language_of(self, item: Item) -> str:
        if item.kind == "links":
            rows = await self._ask(self._statements.get_page, key_hash(item.name))
            return rows[0][2] if rows and rows[0][2] else ""
        shares = await self._latest(_owner(item), 0.0, LOOKED_AT, lambda row: bool(row.language))
        said = Counter(row.language for row in shares)
        return said.most_common(1)[0][0] or "" if said else ""

    async def events_of(self, item: Item, since: float, most: int) -> Sequence[str]:
        shares = await self._latest(_owner(item), since, most, lambda row: bool(row.event))
        return [row.event for row in shares if row.event]

    async def _claim(self, share: Share) -> tuple[int, bool]:
        """The share's time, and whether it was not there before."""
        at = microseconds(share.at)
        rows = await self._ask(self._statements.claim, share.id, at, self._live(at))
        if rows[0][0]:
            return at, True
        return next(value for value in rows[0][1:] if isinstance(value, int)), False

    async def _page_for(self, share: Share, pages: dict[bytes, _Page]) -> tuple[_Page, str]:
        """The page that the share counts for, and the one that its link led to before, where that was another. `pages`
        has those of the links that were met in this batch."""
        link, told, before = key_hash(share.key), microseconds(share.told), ""
        named = await self._followed(share, _Page(key_hash(share.page), share.page, share.domain, share.language))
        known, since = (pages[link], 0) if link in pages else await self._known_page(link)
        if known is None and share.is_known and named.hash != link:
            known = await self._page(link)  # others named it before anybody shared it
        if known is None or (share.is_known and known.hash != named.hash and since <= told):
            if known is not None:
                await self._move(share, known, named)
                pages.clear()
                before = known.key
            known = named
            await self._lead(link, named.hash, told)
        elif share.is_known and known.hash == named.hash:
            known = named
        pages[link] = known
        return known, before

    async def _followed(self, share: Share, named: _Page) -> _Page:
        """The page that a named one is known to lead to."""
        known = (await self._known_page(named.hash))[0] if share.is_named else None
        return known or named

    async def _known_page(self, link: bytes) -> tuple[_Page | None, int]:
        """Where a URL leads, and when that was told."""
        rows = await self._ask(self._statements.get_link, link)
        return (None, 0) if not rows else (await self._page(rows[0][0]), rows[0][1])

    async def _page(self, page: bytes) -> _Page | None:
        rows = await self._ask(self._statements.get_page, page)
        return None if not rows or rows[0][0] is None else _Page(page, rows[0][0], rows[0][1] or "", rows[0][2] or "")

    def _rows(self, share: Share, page: _Page, at: int) -> list[Write]:
        put, hour, live = self._statements, hour_of(at / MICROSECONDS), self._live(at)
        longest = self._live()  # a share of long ago shortens nothing
        row = (at, share.id, key_hash(share.key), share.sharer, share.event or None, share.language)
        writes: list[Write] = [
            (put.put_page, (page.hash, page.key, page.domain, page.language, self._stamp(), longest))
        ]
        if page.domain:
            writes.append((put.put_domain, (page.domain, self._stamp(), longest)))
        if share.sharer is not None:
            writes.append((put.put_sharer, (page.hash, share.sharer, self._stamp(), longest)))
        return [*writes, *((put.put_share, (owner, hour, *row, self._stamp(), live)) for owner in page.owners)]

    async def _lead(self, link: bytes, page: bytes, told: int) -> None:
        """From the moment on that the notice told, in microseconds."""
        live = self._live()
        await self._write(
            [
                (self._statements.put_page_link, (page, link, self._stamp(), live)),
                (self._statements.put_link, (link, page, told, live)),
            ]
        )

    async def _move(self, share: Share, old: _Page, new: _Page) -> None:
        """The shares of a link that leads elsewhere by now; of all links, where the page itself has another address.
        The link itself comes last: until then the move is made again."""
        link = key_hash(share.key)
        put, links, is_whole = self._statements, {link}, share.key == old.key
        if is_whole:
            links |= {row[0] for row in await self._ask(put.get_page_links, old.hash)}
        live = self._live()
        await self._write([(put.put_page, (new.hash, new.key, new.domain, new.language, self._stamp(), live))])
        await self._carry(links, old, new)
        await self._renew_sharers(old.hash)
        await self._renew_sharers(new.hash)
        for one in (*(links - {link}), link):
            await self._lead(one, new.hash, microseconds(share.told))
        drops: list[Write] = [(put.drop_page_link, (self._stamp(), old.hash, one)) for one in links]
        await self._write([*drops, *([(put.drop_page, (self._stamp(), old.hash))] if is_whole else [])])

    async def _carry(self, links: set[bytes], old: _Page, new: _Page) -> None:
        """The rows of these links: there before they go here."""
        put, here, there, hours = self._statements, list[Write](), list[Write](), set[int]()
        sources = [owner for owner in old.owners if owner not in new.owners]
        targets = [owner for owner in new.owners if owner not in old.owners]
        for row in await self._read(old.hash, float("-inf"), float("inf")):
            if row.link in links:
                hour, live = hour_of(row.at / MICROSECONDS), self._live(row.at)
                hours.add(hour)
                there += [(put.put_share, (owner, hour, *row, self._stamp(), live)) for owner in targets]
                here += [(put.drop_share, (self._stamp(), owner, hour, row.at, row.id)) for owner in sources]
        await self._write([*there, *(self._dirty(owner, hour) for owner in targets for hour in hours)])
        await self._write([*here, *(self._dirty(owner, hour) for owner in sources for hour in hours)])

    async def _fetch_back(self, page: bytes) -> None:
        """Rows that another process left behind here, of links that lead elsewhere."""
        old = await self._page(page)
        links = {row.link for row in await self._read(page, float("-inf"), float("inf"))} if old is not None else set()
        for link in links:
            new, _ = await self._known_page(link)
            if old is not None and new is not None and new.hash != page:
                await self._carry({link}, old, new)
                await self._renew_sharers(new.hash)

    def _dirty(self, owner: bytes, hour: int) -> Write:
        """To be counted again."""
        live = self._live(microseconds((hour + 1) * HOUR))
        return self._statements.put_dirty, (owner, hour, None, self._stamp(), live)

    def _live(self, at: int | None = None) -> int:
        """Seconds for which what was shared then (in microseconds), or just now, stays."""
        if not self._keep:
            return 0
        now = self._clock.now()
        return max(1, min(LONGEST_LIVE, round((now if at is None else at / MICROSECONDS) + self._keep - now)))

    async def _renew_sharers(self, page: bytes) -> None:
        rows = await self._read(page, float("-inf"), float("inf"))
        sharers = {row.sharer: row.at for row in sorted(rows) if row.sharer is not None}
        put = self._statements
        await self._write([(put.drop_sharers, (self._stamp(), page))])
        await self._write([(put.put_sharer, (page, one, self._stamp(), self._live(at))) for one, at in sharers.items()])

    async def _forget_hours(self, owner: bytes) -> None:
        hours = await self._ask(self._statements.get_hours, owner)
        await self._write([self._dirty(owner, hour) for hour, _ in hours])

    async def _count(self, asked: Asked, now: float) -> Shares | None:
        rows = await self._ask(self._statements.get_link, key_hash(asked.key))
        if not rows and asked.page != asked.key:
            rows = await self._ask(self._statements.get_link, key_hash(asked.page))
        page = rows[0][0] if rows else key_hash(asked.page)
        hours = await self._ask(self._statements.get_hours, page)
        if not hours:
            return None
        counted = await self._all(self._count_hour(page, hour, count, now) for hour, count in hours)
        ((sharers,),) = await self._ask(self._statements.count_sharers, page)
        per_hour = {hour: count for (hour, _), count in zip(hours, counted, strict=True)}
        total = sum(counted)
        if not total:
            return None  # all were moved away
        last_hour = await self._count_since(page, per_hour, now - HOUR)
        last_day = await self._count_since(page, per_hour, now - 24 * HOUR)
        return Shares(total=total, last_hour=last_hour, last_day=last_day, sharers=sharers)

    async def _count_hour(self, owner: bytes, hour: int, count: int | None, now: float) -> int:
        if count is not None:
            return count
        begin = microseconds(hour * HOUR)
        stamp = microseconds(now - SKEW_SECONDS)
        end = begin + microseconds(HOUR)
        ((found,),) = await self._ask(self._statements.count_shares, owner, hour, begin - 1, end - 1)
        if hour < hour_of(now - SKEW_SECONDS):
            live = self._live(end)
            await self._write([(self._statements.put_counted, (stamp, live, found, owner, hour))])
        return int(found)

    async def _count_since(self, owner: bytes, per_hour: dict[int, int], since: float) -> int:
        """The hours behind that moment, and the part of its own."""
        first = hour_of(since)
        count = sum(found for hour, found in per_hour.items() if hour > first)
        if per_hour.get(first):
            end = microseconds((first + 1) * HOUR)
            ((found,),) = await self._ask(self._statements.count_shares, owner, first, microseconds(since), end - 1)
            count += found
        return count

    async def _read(self, owner: bytes, since: float, until: float) -> list[_Row]:
        """The rows behind `since` up to `until`, in no order."""
        hours = [
            hour
            for hour, _ in await self._ask(self._statements.get_hours, owner)
            if since < (hour + 1) * HOUR and hour * HOUR <= until
        ]
        found = await self._all(self._rows_of(owner, hour, since, until) for hour in hours)
        return [row for rows in found for row in rows]

    async def _rows_of(self, owner: bytes, hour: int, since: float, until: float) -> list[_Row]:
        rows = await self._ask(self._statements.get_shares, owner, hour, *_part(hour, since, until))
        return [_Row(*row) for row in rows]

    async def _count_part(self, owner: bytes, hour: int, since: float, until: float) -> int:
        ((count,),) = await self._ask(self._statements.count_shares, owner, hour, *_part(hour, since, until))
        return int(count)

    async def _latest(self, owner: bytes, since: float, most: int, wanted: Callable[[_Row], bool]) -> list[_Row]:
        found: list[_Row] = []
        for hour, _ in await self._ask(self._statements.get_hours, owner):
            if (hour + 1) * HOUR <= since or len(found) >= most:
                break
            rows = await self._rows_of(owner, hour, since, float("inf"))
            found += sorted((row for row in rows if wanted(row)), reverse=True)
        return found[:most]

    async def _all(self, work: Iterable[Awaitable[T]]) -> list[T]:
        return await asyncio.gather(*work)

    async def _write(self, writes: Iterable[Write]) -> None:
        await self._all(self._ask(statement, *values) for statement, values in writes)

    async def _ask(self, statement: Statement, *values: Value) -> Sequence[Row]:
        async with self._places:
            return await self._session.execute(statement, values)

    def _stamp(self) -> int:
        return self._stamps.next(self._clock.now())


def _part(hour: int, since: float, until: float) -> tuple[int, int]:
    """Of the hour, behind the first moment up to the second, in microseconds."""
    begin, end = microseconds(hour * HOUR), microseconds((hour + 1) * HOUR)
    low = max(begin - 1, microseconds(since)) if since >= hour * HOUR else begin - 1
    return low, min(end - 1, microseconds(until)) if until < (hour + 1) * HOUR else end - 1


def _owner(item: Item) -> bytes:
    return key_hash(item.name) if item.kind == "links" else domain_hash(item.name)
