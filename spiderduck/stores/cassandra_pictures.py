"""Fills the table of pictures from the pages that an earlier version stored. Part of `cassandra_migration.py`.

Walks the pages in the order of their tokens, a step at a time, so that the lock can be held on to. May be repeated: a
picture's row carries the timestamp and the time to live of its page's metadata.
"""

import asyncio
from collections.abc import Awaitable, Callable

from spiderduck.database.picture_index import picture_keys
from spiderduck.stores.sessions.ports import Session, Statement, Value

PAGES_AT_ONCE = 500
FIRST_TOKEN = -(2**63)


async def index_stored_pictures(session: Session, keyspace: str, hold_on: Callable[[], Awaitable[None]]) -> int:
    """How many pages were read. `hold_on` is called after every step."""
    read = Statement(
        "SELECT token(id), id, metadata, WRITETIME(metadata), TTL(metadata) "
        f"FROM {keyspace}.pages WHERE token(id) > ? LIMIT ?",
        reads=True,
    )
    put = Statement(f"INSERT INTO {keyspace}.pictures (url_hash, page_id) VALUES (?, ?) USING TIMESTAMP ? AND TTL ?")
    count, token = 0, FIRST_TOKEN
    while rows := await session.execute(read, (token, PAGES_AT_ONCE)):
        writes: list[tuple[Value, ...]] = [
            (key, page_id, written, live or 0)
            for _, page_id, metadata, written, live in rows
            if metadata is not None
            for key in picture_keys(metadata)
        ]
        await asyncio.gather(*(session.execute(put, values) for values in writes))
        await hold_on()
        count, token = count + len(rows), rows[-1][0]
    return count
