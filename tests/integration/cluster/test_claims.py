"""Claims in Cassandra: of several bodies with one key at one moment, one wins, and a repeat of it is known."""

import asyncio

import pytest

from spiderduck.stores.cassandra import CassandraStore
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import emptied_keyspace, moment_of_id


@pytest.mark.engine("cassandra")
async def test_a_key_belongs_to_its_first_body() -> None:
    async with emptied_keyspace("acsylla", None) as (session, config):
        store = CassandraStore(session, config, FakeClock(), moment_of_id)
        won = await asyncio.gather(*(store.claim("key", f"body {number}") for number in range(5)))
        assert sum(won) == 1
        again = [await store.claim("key", f"body {number}") for number in range(5)]
        assert again == won
        assert await store.claim("another key", "body 0")
