"""The statements of `spiderduck cql` are what the store understands, and find what it wrote."""

import json

import pytest
from typer.testing import CliRunner

from schedulers.identity import identity_of
from schedulers.model import Change, Status, UrlState
from spiderduck.cli.app import app
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.sessions.ports import Statement
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import emptied_keyspace, moment_of_id

URL = "http://pond.test/Duck?b=1"


@pytest.mark.engine("cassandra")
async def test_the_statements_find_a_url() -> None:
    async with emptied_keyspace() as (session, config):
        store = CassandraStore(session, config, FakeClock(1_700_000_000.0), moment_of_id)
        said = CliRunner().invoke(app, ["cql", URL, "--event", "42", "--keyspace", config.keyspace, "--json"])
        shown = json.loads(said.stdout)
        state = UrlState(shown["key"], URL, Status.HTTP_ERROR, "404", checked_at=1_700_000_000.0)
        await store.write(state.key, Change((state,)))
        await store.finish(identity_of("generic", "42"), state.key)
        rows = {
            name: await session.execute(Statement(cql.rstrip(";").replace("PAGE_ID", "1"), reads=True), ())
            for name, cql in shown["statements"].items()
        }
        assert rows["urls"][0][:2] == (shown["key"], "http_error")
        assert json.loads(str(rows["urls"][0][3]))["url"] == URL
        assert len(rows["finished"]) == 1


def test_what_is_no_url_is_refused() -> None:
    said = CliRunner().invoke(app, ["cql", "no url"])
    assert said.exit_code != 0
    assert "is no URL" in str(said.exception)
