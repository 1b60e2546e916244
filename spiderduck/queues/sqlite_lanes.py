"""Two lanes of the embedded events queue, so that one large request does not hold up everybody else's links.

Small requests go straight into the table `messages`, which is worked off in order. Large ones wait in `deferred` and
are moved over a few at a time. Their `due` is negative and says when their turn is: the n-th event of a request comes n
turns after the request's first, and that one's turn is the present one. So large requests take turns as well
(start-time fair queueing), and none waits for the whole of another.
"""

import sqlite3
from collections.abc import Sequence

from schedulers.identity import sent_id
from schedulers.model import Message

MESSAGE = "event_id, kind, url, deferrals, body"
PUT = f"INSERT INTO messages ({MESSAGE}) VALUES (?,?,?,?,?)"
PUT_BULK = f"INSERT INTO deferred (due, {MESSAGE}) VALUES (?,?,?,?,?,?)"
PUT_ID = """
INSERT OR IGNORE INTO event_ids (id, at) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM event_ids WHERE id = ?)
"""

FIRST_TURN = -float(2**40)
MOVED_AT_ONCE = 128
"""Events of the bulk lane that an event of a small request may find before it."""

Row = tuple[str, str, str | None, int, bytes]


def row_of(message: Message) -> Row:
    """The columns of `MESSAGE`."""
    return message.event_id, message.kind, message.url, message.deferrals, message.body


def _is_new(connection: sqlite3.Connection, identity: str, now: float) -> bool:
    """Remember an event. False where it is remembered already, by its identity or as former versions knew it."""
    return connection.execute(PUT_ID, (identity, now, sent_id(identity))).rowcount == 1


def put_in_line(
    connection: sqlite3.Connection, messages: Sequence[Message], now: float
) -> tuple[list[bool], list[int]]:
    """Into the common line. Says which ones were new, and the numbers of these."""
    accepted, tags = list[bool](), list[int]()
    for message in messages:
        accepted.append(_is_new(connection, message.event_id, now))
        if accepted[-1]:
            tags.append(connection.execute(PUT, row_of(message)).lastrowid or 0)
    return accepted, tags


def put_bulk(connection: sqlite3.Connection, messages: Sequence[Message], now: float) -> list[bool]:
    """Into the bulk lane. Says which ones were new."""
    (turn,) = connection.execute("SELECT min(due) FROM deferred WHERE due < 0").fetchone()
    turn = FIRST_TURN if turn is None else turn
    accepted = []
    for message in messages:
        accepted.append(_is_new(connection, message.event_id, now))
        if accepted[-1]:
            connection.execute(PUT_BULK, (turn, *row_of(message)))
            turn += 1
    return accepted


def move_bulk(connection: sqlite3.Connection) -> bool:
    """Move those whose turn is next into the common line. Returns whether more are left."""
    sql = "SELECT id FROM deferred WHERE due < 0 ORDER BY due, id LIMIT ?"
    ids = connection.execute(sql, (MOVED_AT_ONCE,)).fetchall()
    insert = f"INSERT INTO messages ({MESSAGE}) SELECT {MESSAGE} FROM deferred WHERE id = ?"
    for identity in ids:
        connection.execute(insert, identity)
    connection.executemany("DELETE FROM deferred WHERE id = ?", ids)
    return len(ids) == MOVED_AT_ONCE
