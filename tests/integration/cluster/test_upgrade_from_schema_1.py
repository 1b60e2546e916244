"""A keyspace of the first schema with data in it: migrated block by block, everything is known as before, and the rows
that later tables are made of are there. The states and pages are those of `tests/integration/spiderduck/schema_1`."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.clock import SystemClock
from schedulers.model import Status
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.cassandra_keys import key_hash, month_of
from spiderduck.stores.cassandra_migration import Migration, read_schema
from spiderduck.stores.sessions.ports import Session, Statement, Value
from tests.integration.cluster.keyspaces import KEYSPACE, moment_of_id, opened_session, settings

OLD = Path(__file__).parents[1] / "spiderduck" / "schema_1"
pytestmark = [pytest.mark.engine("cassandra")]


async def old_keyspace(session: Session, keyspace: str) -> None:
    """As that version's `spiderduck migrate` and its schedulers left it."""
    replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
    await session.run(f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {replication}")
    versions = "schema_versions (name text, version int, PRIMARY KEY (name, version))"
    await session.run(f"CREATE TABLE {keyspace}.{versions}")
    await session.run(f"CREATE TABLE {keyspace}.schema_lock (name text PRIMARY KEY, holder text)")
    schema = (OLD / "schema.cql").read_text(encoding="utf-8").partition("-- version 1")[2]
    lines = [line for line in schema.splitlines() if not line.startswith("--")]
    for cql in "\n".join(lines).replace("{keyspace}", keyspace).split(";"):
        if cql.strip():
            await session.run(cql.strip())

    async def put(table: str, **row: Value) -> None:
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        insert = Statement(f"INSERT INTO {keyspace}.{table} ({columns}) VALUES ({marks})")
        await session.execute(insert, list(row.values()))

    await put("schema_versions", name="spiderduck", version=1)
    database = sqlite3.connect(":memory:")
    database.executescript((OLD / "spiderduck.sql").read_text(encoding="utf-8"))
    for key, status, page_id, state in database.execute("SELECT key, status, page_id, state FROM urls").fetchall():
        column = "mark" if status in ("pending", "deferred") else "state"
        await put("urls", key_hash=key_hash(key), key=key, status=status, page_id=page_id, **{column: state})
    names = ("id", "key", "url", "fetched_at", "version", "head", "metadata", "provenance")
    for row in database.execute(f"SELECT {', '.join(names)} FROM pages").fetchall():
        page = dict(zip(names, row, strict=True))
        await put("pages", **page)
        owner, month = key_hash(page["key"]), month_of(page["fetched_at"])
        await put("versions", key_hash=owner, month=month, id=page["id"], share=b"share")
        await put("buckets", list="versions", owner=owner, bucket=month)
    for source, target, code in database.execute("SELECT from_key, to_key, status_code FROM redirects").fetchall():
        await put("redirects", from_hash=key_hash(source), to_key=target, status_code=code)
    for (identity,) in database.execute("SELECT id FROM finished").fetchall():
        await put("finished", id=identity)
    database.close()


async def test_what_the_first_version_stored_is_there_after_all_migrations() -> None:
    config = replace(settings(), keyspace=f"{KEYSPACE}_old", request_timeout=30.0)
    async with opened_session(config) as session:
        try:
            await old_keyspace(session, config.keyspace)
            applied = await Migration(session, config, SystemClock()).run()
            assert applied == [block.version for block in read_schema("ks")][1:]
            store = CassandraStore(session, config, SystemClock(), moment_of_id)
            urls = ["http://short.test/x", "http://news.test/other", "http://news.test/missing", "http://busy.test/a"]
            known = await store.known(urls)
            statuses = [one.state.status for one in known if one.state is not None]
            assert statuses == [Status.FETCHED, Status.FETCHED, Status.HTTP_ERROR, Status.DEFERRED]
            assert known[0].page is not None
            assert b'"title":"A duck"' in known[0].page.metadata
            assert known[0].state is not None
            assert [step.url for step in known[0].state.redirects] == ["http://short.test/x"]
            assert (await store.look_up("http://news.test/other", "e2")).seen, "the share was finished before"
            assert await Migration(session, config, SystemClock()).run() == []
        finally:
            await session.run(f"DROP KEYSPACE IF EXISTS {config.keyspace}")
