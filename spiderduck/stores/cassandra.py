"""What is known of URLs and pages, in Cassandra: writing for the flow (through `announcing.py`), reading for it and
the API.

URL records are written last, in one step. Whatever they lead to is there when they are seen, and after a crash before
it the event comes again and finds nothing done. No write is preceded by a read.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from groundwork.clock import Clock
from schedulers.identity import sent_id
from schedulers.metadata import note_in
from schedulers.model import Change, Known, Page, UrlState
from schedulers.notice import notice_id
from schedulers.verdict import Judged
from spiderduck.database.picture_index import picture_key, picture_keys
from spiderduck.settings.cassandra import DAY, CassandraConfig
from spiderduck.stores.cassandra_buckets import TimeBuckets
from spiderduck.stores.cassandra_keys import MICROSECONDS, Stamps, hour_of, key_hash, microseconds, month_of
from spiderduck.stores.cassandra_removal import CassandraRemoval
from spiderduck.stores.cassandra_statements import statements
from spiderduck.stores.edges import domain_of, edges
from spiderduck.stores.errors import NotInOrder
from spiderduck.stores.ports import LAST_ID, Handled, Place, Walked
from spiderduck.stores.rows import page_from_row, page_to_row, state_from_json, state_to_json
from spiderduck.stores.sessions.ports import Row, Session, Statement, Value, Write

MOST_BATCH_BYTES = 30_000
"""The cluster refuses a batch of 50 KB; twenty long redirects can make one."""
MOST_PARTITIONS = 20
"""In one question of a look-up of many URLs. The node that gets it asks the others beside one another, so that it takes
as long as the slowest of them: few enough for that to be no worse than twenty questions."""
UNKNOWN = Known()
FIRST_TOKEN = -(2**63)
"""Below every token of the partitioner."""
BACKWARDS = 2**60
"""What timestamps that run backwards count from: some 36,000 years."""
MOST_SORTED = 10_000
"""Edges that are read to be sorted: they lie by the hour, and by hashes in it."""
MOST_IN_ORDER = 1_000
"""Latest links of a domain that can be paged through."""
MARKS_LIVE_SECONDS = 7 * DAY
"""An event that never came to its end must not leave its URL `pending` for ever."""


class CassandraStore:
    """`moment_of_id` gives the epoch seconds of a Snowflake id."""

    def __init__(
        self, session: Session, config: CassandraConfig, clock: Clock, moment_of_id: Callable[[int], float]
    ) -> None:
        self._session = session
        self._clock = clock
        self._moment_of_id = moment_of_id
        self._statements = statements(config.keyspace)
        self._buckets = TimeBuckets(session, self._statements)
        self._removal = CassandraRemoval(session, self._statements)
        self._stamps = Stamps()
        self._pages_live = int(config.pages_days * DAY)
        self._recent_live = int(config.recent_days * DAY)
        self._events_live = int(config.events_days * DAY)

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        """Two questions at once, and a third where there is a page."""
        if event_id is None:
            return await self._known(key)
        shares = {_finished_id(identity, key) for identity in (event_id, sent_id(event_id))}
        finished = self._ask(self._statements.get_finished, (list(shares),))
        known, seen = await asyncio.gather(self._known(key), finished)
        return Known(bool(seen), known.state, known.page)

    async def known(self, keys: Sequence[str]) -> Sequence[Known]:
        """Each URL and each page is asked for once, however often it occurs."""
        if len(keys) == 1:
            return [await self._known(keys[0])]
        hashes = {key: key_hash(key) for key in keys}
        rows = await self._many(self._statements.get_urls, list(set(hashes.values())))
        states = {digest: _state_of([(state, mark)]) for digest, state, mark in rows}
        ids = {state.page_id for state in states.values() if state is not None and state.page_id is not None}
        found = await self._many(self._statements.get_pages, list(ids))
        pages = {row[0]: page_from_row(row) for row in found if row[1] is not None}
        known = {
            digest: Known(False, state, pages.get(state.page_id or 0))
            for digest, state in states.items()
            if state is not None
        }
        return [known.get(hashes[key], UNKNOWN) for key in keys]

    async def page(self, page_id: int) -> Page | None:
        rows = await self._ask(self._statements.get_page, (page_id,))
        return None if not rows or rows[0][1] is None else page_from_row(rows[0])  # without a key: a remainder of one

    async def history(self, key: str, most: int, before: int | None = None) -> Sequence[Page]:
        """Two versions of one share are one; it may have gone with the answer that ended at `before`, which is read
        again for that."""
        versions, shares, last = list[Page](), set[Value](), before
        while len(versions) < most:
            rows = await self._versions(key, LAST_ID if last is None else last, most + 1)
            fresh: dict[Value, int] = {}
            for identity, share in rows:
                if identity != last and (share or identity) not in shares:
                    fresh.setdefault(share or identity, identity)
                shares.add(share or identity)
            pages = await asyncio.gather(*map(self.page, fresh.values()))
            versions += [page for page in pages if page is not None]
            if len(rows) <= most:
                break
            last = rows[-1][0]
        return versions[:most]

    async def _versions(self, key: str, newest: int, most: int) -> Sequence[Row]:
        owner = key_hash(key)
        return await self._buckets.newest("versions", owner, self._statements.get_versions, (owner,), (newest, most))

    async def redirects_to(self, key: str, most: int, after: str = "") -> Sequence[str]:
        target, statement = key_hash(key), self._statements.get_redirected_from
        rows = await self._buckets.newest("redirected_from", target, statement, (target,), (MOST_SORTED,))
        return sorted(from_key for (from_key,) in rows if from_key > after)[:most]

    async def first_seen(self, domain: str) -> float:
        """As `schedulers.ports.DomainAges.first_seen`. Two questions where it is new."""
        rows = await self._ask(self._statements.get_domain, (domain,))
        if not rows:
            now = microseconds(self._clock.now())
            await self._session.execute(self._statements.put_domain, (domain, now, BACKWARDS - now))
            rows = await self._ask(self._statements.get_domain, (domain,))
        return float(rows[0][0]) / MICROSECONDS

    async def recent(self, domain: str, most: int) -> Sequence[UrlState]:
        rows = await self._buckets.newest("recent", domain.encode(), self._statements.get_recent, (domain,), (most,))
        found = await asyncio.gather(*(self._ask(self._statements.get_url, row) for row in rows))
        return [state for rows_of_one in found if (state := _state_of(rows_of_one)) is not None]

    async def latest(self, most: int, before: Place | None = None, domain: str | None = None) -> Sequence[Handled]:
        if domain is None:
            raise NotInOrder("records in Cassandra are kept in order for each domain alone; name a domain")
        states = await self.recent(domain, MOST_IN_ORDER)
        placed = sorted(((state.checked_at or 0.0, state.key, state) for state in states), reverse=True)
        some = [one for one in placed if before is None or one[:2] < before][:most]
        return [
            Handled(at, state, None if state.page_id is None else await self.page(state.page_id))
            for at, _, state in some
        ]

    async def owns_picture(self, url: str) -> bool:
        key = picture_key(url)
        return key is not None and bool(await self._ask(self._statements.get_picture, (key,)))

    async def picture_pages(self, url: str, most: int) -> Sequence[int]:
        """One at the most: a row holds the page that was written last."""
        key = picture_key(url)
        rows = [] if key is None else await self._ask(self._statements.get_picture, (key,))
        return [row[0] for row in rows][:most]

    async def walk(self, after: str | None, most: int) -> Walked:
        """In the order of tokens."""
        rows = await self._ask(self._statements.walk_urls, (FIRST_TOKEN if after is None else int(after), most))
        states = [state_from_json(blob) for _, blob in rows if blob is not None]
        ids = {state.page_id for state in states if state.page_id is not None}
        found = await self._many(self._statements.get_pages, list(ids))
        pages = {row[0]: page_from_row(row) for row in found if row[1] is not None}
        known = [Known(state=state, page=pages.get(state.page_id or 0)) for state in states]
        return Walked(known, str(rows[-1][0]) if len(rows) == most else None)

    async def write_judged(self, before: UrlState, judged: Judged) -> bool:
        """As `Judgements.judge_again`, without the notice. One microsecond behind the state that is changed, and for as
        long as it lives: what the flow writes meanwhile is newer, and stays."""
        digest = key_hash(before.key)
        rows = await self._ask(self._statements.get_written, (digest,))
        if not rows or rows[0][0] is None:
            return False
        blob, written, live = rows[0]
        state = state_from_json(blob)
        if state.judged != before.judged:
            return False
        values = (written + 1, live or 0, state_to_json(replace(state, judged=judged)), digest)
        await self._session.execute(self._statements.put_judged, values)
        return True

    async def mark(self, state: UrlState) -> None:
        stamp = self._stamps.next(self._clock.now())
        marked = replace(state, marked_at=self._clock.now())
        values = (key_hash(state.key), state_to_json(marked), stamp, MARKS_LIVE_SECONDS)
        await self._session.execute(self._statements.put_mark, values)

    async def write(self, key: str, change: Change, event_id: str | None = None) -> None:
        """Durable when this returns. First what nobody sees by itself: the page's row, edges and lists. Then, in one
        step, what leads to it: the records of all URLs of the chain, and the version. Where an event was handed to two
        schedulers (a cut link, a sender that repeats), its page is one version all the same: the newest."""
        now, page = self._clock.now(), change.page
        known = [state.page_id for state in change.states if state.page_id is not None]
        stamp = self._behind(now, known) if page is None else self._of_id(page.id)
        await self._put([*self._page(page, stamp), *self._beside(change, now, stamp)])
        records = {state.key: self._record(state, stamp) for state in change.states}
        shared = records.pop(key, None)
        share = None if event_id is None else _finished_id(event_id, key)
        await self._together(
            [*self._version(page, share, stamp), *records.values()], [] if shared is None else [shared]
        )

    async def take_over(self, states: Sequence[UrlState], pages: Sequence[Page]) -> None:
        """As `Imports.take_over`: with the time at which it was known, so that what is newer here stays."""
        writes: list[Write] = []
        for page in pages:
            stamp = self._of_id(page.id)
            writes += [*self._page(page, stamp), *self._version(page, None, stamp)]
        await self._put(writes)
        writes = []
        for state in states:
            at = state.checked_at or self._clock.now()
            stamp = microseconds(at)
            writes += [*self._beside(Change((state,)), at, stamp), self._record(state, stamp)]
        await self._put(writes)

    async def finish(self, event_id: str, key: str) -> None:
        """Note that this event's share of the URL came to its end."""
        values = (_finished_id(event_id, key), self._stamps.next(self._clock.now()), self._events_live)
        await self._session.execute(self._statements.put_finished, values)

    async def claim(self, name: str, fingerprint: str) -> bool:
        """As `spiderduck.stores.ports.Marks.claim`. May be sent again: whoever won finds the own fingerprint."""
        digest = key_hash(fingerprint)
        values = (key_hash(name), digest, self._events_live)
        rows = await self._session.execute(self._statements.put_claim, values)
        return bool(rows[0][0]) or digest in rows[0][1:]

    async def write_metadata(self, page: Page) -> bool:
        """Replace the metadata of a page that is there. The one write behind a read, and none of the hot path: once a
        page, when its picture was measured."""
        if await self.page(page.id) is None:
            return False
        now = self._clock.now()
        rest = max(1, int(page.fetched_at + self._pages_live - now)) if self._pages_live else 0
        *_, head, metadata, provenance = page_to_row(page)
        values = (self._behind(now, [page.id]), rest, head, metadata, provenance, page.id)
        await self._session.execute(self._statements.put_metadata, values)
        return True

    async def remove_pages(self, pages: Sequence[Page]) -> None:
        """As `takedowns.ports.Records.remove_pages`."""
        await self._removal.pages(pages, self._behind(self._clock.now(), [page.id for page in pages]))

    async def remove_urls(self, keys: Sequence[str], remains: Sequence[UrlState]) -> None:
        """As `takedowns.ports.Records.remove_urls`."""
        now = self._clock.now()
        await self._removal.urls(keys, self._stamps.next(now))
        stamp = self._stamps.next(now)
        await self._put([self._record(state, stamp) for state in remains])

    async def saw_picture(self, site: str, picture: str, page: str) -> int:
        """As `MetadataStore.saw_picture`. A row that is not written for as long as pages live ends."""
        rows = await self._ask(self._statements.get_site_pictures, (site,))
        seen, count = note_in(rows[0][0] if rows else b"", picture, page)
        values = (site, seen, self._stamps.next(self._clock.now()), self._pages_live)
        await self._session.execute(self._statements.put_site_pictures, values)
        return count

    def _of_id(self, identity: int) -> int:
        return microseconds(self._moment_of_id(identity))

    def _behind(self, now: float, ids: Sequence[int]) -> int:
        """The time of a write that follows those pages, also where their ids came from a clock ahead of ours."""
        return self._stamps.next(max([now, *((self._of_id(identity) + 1) / MICROSECONDS for identity in ids)]))

    def _page(self, page: Page | None, stamp: int) -> Iterator[Write]:
        if page is None:
            return
        yield self._statements.put_page, (*page_to_row(page), stamp, self._pages_live)
        for key in picture_keys(page.metadata):
            yield self._statements.put_picture, (key, page.id, stamp, self._pages_live)

    def _version(self, page: Page | None, share: bytes | None, stamp: int) -> Iterator[Write]:
        if page is None:
            return
        month, owner = month_of(page.fetched_at), key_hash(page.key)
        yield self._statements.put_version, (owner, month, page.id, share, stamp, self._pages_live)
        yield from self._buckets.note("versions", owner, month, stamp, self._pages_live)

    def _beside(self, change: Change, now: float, stamp: int) -> Iterator[Write]:
        """The redirect edges, and the results of the domains."""
        hour, live = hour_of(now), self._pages_live
        for edge in edges(change):
            source, target = key_hash(edge.from_key), key_hash(edge.to_key)
            yield self._statements.put_redirect, (source, edge.to_key, edge.status_code, stamp, live)
            yield self._statements.put_redirected_from, (target, hour, source, edge.from_key, stamp, live)
            yield from self._buckets.note("redirected_from", target, hour, stamp, live)
        for state in change.states:
            at, domain = state.checked_at or now, domain_of(state.url)
            row = (domain, hour_of(at), microseconds(at), key_hash(state.key), stamp, self._recent_live)
            yield self._statements.put_recent, row
            yield from self._buckets.note("recent", domain.encode(), hour_of(at), stamp, self._recent_live)

    def _record(self, state: UrlState, stamp: int) -> Write:
        row = (key_hash(state.key), state.key, state.status.value, state.page_id, state_to_json(state))
        return self._statements.put_state, (*row, stamp, self._pages_live)

    async def _together(self, others: Sequence[Write], shared: Sequence[Write]) -> None:
        """All or none; where that is too large for one step, the shared URL's record after the others."""
        writes = [*others, *shared]
        if len(writes) < 2 or sum(map(_size, writes)) > MOST_BATCH_BYTES:
            await self._put(others)
            await self._put(shared)
            return
        await self._session.batch(writes)
        self._buckets.written(writes)

    async def _put(self, writes: Sequence[Write]) -> None:
        """All at once. Where one fails, this raises when all have come back."""
        results = await asyncio.gather(*(self._session.execute(*write) for write in writes), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        self._buckets.written(writes)

    async def _known(self, key: str) -> Known:
        state = await self._state(key)
        if state is None:
            return Known()
        return Known(False, state, None if state.page_id is None else await self.page(state.page_id))

    async def _state(self, key: str) -> UrlState | None:
        return _state_of(await self._ask(self._statements.get_url, (key_hash(key),)))

    async def _many(self, statement: Statement, keys: Sequence[int | bytes]) -> list[Row]:
        """The rows of many partitions, some at a time: a question costs the driver and us more than its rows do."""
        groups = [keys[start : start + MOST_PARTITIONS] for start in range(0, len(keys), MOST_PARTITIONS)]
        answers = await asyncio.gather(*(self._ask(statement, (list(group),)) for group in groups))
        return [row for rows in answers for row in rows]

    async def _ask(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        return await self._session.execute(statement, values)


def _state_of(rows: Sequence[Row]) -> UrlState | None:
    """The ending, else the mark."""
    for state, mark in rows:
        blob = state or mark
        return None if blob is None else state_from_json(blob)
    return None


def _size(write: Write) -> int:
    return 50 + sum(len(value) for value in write[1] if isinstance(value, bytes | str))


def _finished_id(event_id: str, key: str) -> bytes:
    return bytes.fromhex(notice_id(event_id, key))
