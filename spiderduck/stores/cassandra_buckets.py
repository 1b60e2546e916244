"""Long lists in Cassandra, cut into partitions by time, with a list of the pieces that hold anything.

Used by `cassandra.py` for versions, edges and recent results. A piece is noted no later than its first row, so reading
walks only what exists, from the newest on.
"""

from collections.abc import Iterator, Sequence

from spiderduck.stores.cassandra_statements import Statements
from spiderduck.stores.sessions.ports import Row, Session, Statement, Value

MOST_NOTED = 10_000
MOST_BUCKETS = 200
SPARE_SECONDS = 2 * 31 * 86_400
"""A note outlives the rows of its piece: it is written once, they go on being written until the month or hour is over.
"""


class TimeBuckets:
    """Remembers which pieces this process noted, to note each once."""

    def __init__(self, session: Session, statements: Statements) -> None:
        self._session = session
        self._statements = statements
        self._noted: dict[tuple[Value, ...], None] = {}

    def note(
        self, list_: str, owner: bytes, bucket: int, stamp: int, live: int
    ) -> Iterator[tuple[Statement, Sequence[Value]]]:
        """The write that notes a piece; none where it was noted already."""
        if (list_, owner, bucket) not in self._noted:
            yield self._statements.put_bucket, (list_, owner, bucket, stamp, live and live + SPARE_SECONDS)

    def written(self, writes: Sequence[tuple[Statement, Sequence[Value]]]) -> None:
        """These writes are durable: what they noted need not be noted again."""
        for statement, values in writes:
            if statement is self._statements.put_bucket:
                self._noted[tuple(values[:3])] = None
        while len(self._noted) > MOST_NOTED:
            del self._noted[next(iter(self._noted))]

    async def newest(
        self, list_: str, owner: bytes, statement: Statement, partition: Sequence[Value], bounds: Sequence[Value]
    ) -> Sequence[Row]:
        """The different rows of the newest pieces, as many as the last of `bounds` says. `statement` takes the values
        of `partition`, the piece, and `bounds`."""
        most = bounds[-1]
        assert isinstance(most, int), "a statement ends in its LIMIT"
        buckets = await self._session.execute(self._statements.get_buckets, (list_, owner, MOST_BUCKETS))
        found: dict[Row, None] = {}
        for (bucket,) in buckets:
            found.update(dict.fromkeys(await self._session.execute(statement, (*partition, bucket, *bounds))))
            if len(found) >= most:
                break
        return list(found)[:most]
