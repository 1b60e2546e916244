"""Removes pages and URLs from every table of the Cassandra store, for takedowns. Part of `cassandra.py`.

Each removal carries a timestamp: what was written before it is gone, also where the write arrives later.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from schedulers.model import Page
from spiderduck.database.picture_index import picture_keys
from spiderduck.stores.cassandra_keys import key_hash, month_of
from spiderduck.stores.cassandra_statements import Statements
from spiderduck.stores.sessions.ports import Session, Write

ALL_BUCKETS = 100_000
AT_ONCE = 100


class CassandraRemoval:
    """Over one session."""

    def __init__(self, session: Session, statements: Statements) -> None:
        self._session = session
        self._statements = statements

    async def pages(self, pages: Sequence[Page], stamp: int) -> None:
        """The pages, the versions that they are, and their pictures where no later page has them."""
        told, ids = self._statements, {page.id for page in pages}
        removals: list[Write] = []
        for page in pages:
            owner, month = key_hash(page.key), month_of(page.fetched_at)
            removals.append((told.remove_page, (stamp, page.id)))
            removals.append((told.remove_version, (stamp, owner, month, page.id)))
            for key in picture_keys(page.metadata):
                rows = await self._session.execute(told.get_picture, (key,))
                if rows and rows[0][0] in ids:
                    removals.append((told.remove_picture, (stamp, key)))
        await self._all(removals)

    async def urls(self, keys: Sequence[str], stamp: int) -> None:
        """The states of URLs, the list of their versions, and the redirects from and to them."""
        for key in keys:
            await self._all([write async for write in self._of_url(key_hash(key), stamp)])

    async def _of_url(self, digest: bytes, stamp: int) -> AsyncIterator[Write]:
        told = self._statements
        yield told.remove_url, (stamp, digest)
        for month in await self._buckets("versions", digest):
            yield told.remove_versions, (stamp, digest, month)
        for hour in await self._buckets("redirected_from", digest):
            for (source,) in await self._session.execute(told.get_leading, (digest, hour)):
                if await self._leads_to(source) == digest:
                    yield told.remove_redirect, (stamp, source)
            yield told.remove_all_leading, (stamp, digest, hour)
        if (target := await self._leads_to(digest)) is not None:
            for hour in await self._buckets("redirected_from", target):
                yield told.remove_leading, (stamp, target, hour, digest)
        yield told.remove_redirect, (stamp, digest)

    async def _leads_to(self, source: bytes) -> bytes | None:
        rows = await self._session.execute(self._statements.get_redirect, (source,))
        return key_hash(rows[0][0]) if rows and rows[0][0] is not None else None

    async def _buckets(self, list_: str, owner: bytes) -> list[int]:
        rows = await self._session.execute(self._statements.get_buckets, (list_, owner, ALL_BUCKETS))
        return [row[0] for row in rows]

    async def _all(self, writes: Sequence[Write]) -> None:
        for start in range(0, len(writes), AT_ONCE):
            await asyncio.gather(*(self._session.execute(*write) for write in writes[start : start + AT_ONCE]))
