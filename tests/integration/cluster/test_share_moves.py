"""Shares that move in Cassandra: cut off anywhere, made again; and what two processes did at once, made good."""

from collections.abc import Sequence
from typing import cast

import pytest

from schedulers.shares import Shares
from spiderduck.errors import StoreUnavailable
from spiderduck.shares.cassandra import CassandraShares
from spiderduck.shares.model import Share
from spiderduck.shares.ports import Asked
from spiderduck.stores.cassandra_keys import key_hash
from spiderduck.stores.sessions.ports import Row, Session, Statement, Value
from tests.clock import FakeClock
from tests.contract.test_share_log import NOW
from tests.contract.test_share_log import share as one_share
from tests.integration.cluster.keyspaces import SHARES, emptied_keyspace

pytestmark = pytest.mark.engine("cassandra")


class Cut:
    """Lets so many writes through."""

    def __init__(self, inner: Session, writes: int) -> None:
        self._inner = inner
        self.left = writes

    async def execute(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        if not statement.reads:
            if not self.left:
                raise StoreUnavailable("cut off")
            self.left -= 1
        return await self._inner.execute(statement, values)


def share(number: int, key: str, page: str, sharer: str) -> Share:
    return one_share(number, key, page, sharer=sharer)


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.chaos)])
async def test_a_move_that_is_cut_off_anywhere_is_made_again(step: int) -> None:
    """A page takes a new address, after each number of writes once; told again, nothing is lost or counted twice."""
    async with emptied_keyspace(tables=SHARES) as (session, config):
        clock, writes, is_whole = FakeClock(NOW), 0, False
        store = CassandraShares(session, config.keyspace, clock)
        while not is_whole:
            old, new, short = (f"https://news.test/{writes}/{name}" for name in ("old", "new", "short"))
            base = writes * 10
            await store.add([share(base + 1, old, old, "anna"), share(base + 2, short, old, "berta")])
            cut, moving = Cut(session, writes), [share(base + 3, old, new, "anna")]
            try:
                await CassandraShares(cast(Session, cut), config.keyspace, clock).add(moving)
                is_whole = cut.left > 0
            except StoreUnavailable:
                await store.add(moving)
            found = await store.counts([Asked(key, key) for key in (old, new, short)], NOW)
            assert found == [Shares(total=3, last_hour=3, last_day=3, sharers=2)] * 3, writes
            writes += step
        assert writes > 20


async def test_what_another_process_left_behind_is_found_by_a_recount() -> None:
    """It logged a share under the page that the link led to a moment before."""
    old, new = "https://news.test/old", "https://news.test/new"
    async with emptied_keyspace(tables=SHARES) as (session, config):
        store = CassandraShares(session, config.keyspace, FakeClock(NOW))
        await store.add([share(1, "https://short.test/", old, "anna"), share(2, old, old, "berta")])
        late = share(3, "https://short.test/", old, "clara")
        behind = await store._page(key_hash(old))
        assert behind is not None
        await store.add([share(4, "https://short.test/", new, "anna")])
        await store._write(store._rows(late, behind, round(NOW * 1e6)))
        await store.recount()
        (there, here) = await store.counts([Asked(new, new), Asked(old, old)], NOW)
        assert there == Shares(total=3, last_hour=3, last_day=3, sharers=2)
        assert here == Shares(total=1, last_hour=1, last_day=1, sharers=1)


async def test_rows_of_a_log_that_is_not_kept_for_ever_end() -> None:
    """A share after its days; the page stays for as long after its last share."""
    async with emptied_keyspace(tables=SHARES) as (session, config):
        store = CassandraShares(session, config.keyspace, FakeClock(NOW), keep=1_000.0)
        await store.add([one_share(1, at=NOW - 400.0, sharer="anna")])
        asked = {"shares": "link", "share_ids": "at", "share_pages": "key", "share_links": "page"}
        found = {
            table: (
                await session.execute(Statement(f"SELECT TTL({column}) FROM {config.keyspace}.{table}", reads=True), ())
            )[0][0]
            for table, column in asked.items()
        }
        assert {table: 500 < left <= 600 for table, left in found.items()} == {
            "shares": True,
            "share_ids": True,
            "share_pages": False,
            "share_links": False,
        }
        assert 900 < found["share_pages"] <= 1_000
