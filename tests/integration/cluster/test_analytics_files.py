"""Rows for analytics on what fsspec reaches: a folder by its address, fsspec's memory, a bucket of an S3-compatible
server."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spiderduck.analytics.files import ParquetFiles
from spiderduck.analytics.querying import Queries
from spiderduck.analytics.rows import Batch
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.analytics import AnalyticsConfig
from tests.integration.cluster.remote_files import RemoteFiles, remote_files

NOON = 1_800_000_000.0
DAY = 86_400.0


@pytest.fixture(params=["file", "memory", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RemoteFiles]:
    with remote_files(request.param, tmp_path) as files:
        assert files is not None
        yield files


def opened(remote: RemoteFiles, folder: Path) -> ParquetFiles:
    """As in a process of its own."""
    return ParquetFiles(folder, AnalyticsConfig(url=remote.config.url, options=remote.config.options))


def shares(*rows: str, at: float = NOON) -> dict[str, list[tuple[float, dict[str, Any]]]]:
    return {
        "shares": [
            (at, {"row": row, "url": f"http://news.test/{row}", "url_host_registered_domain": "news.test"})
            for row in rows
        ],
        "fetches": [],
    }


def test_rows_lie_on_any_store_and_answer_queries(
    remote: RemoteFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What another process writes is seen at once; a start finds what may be told again, and sets aside what is
    damaged."""
    writer, reader = opened(remote, tmp_path), opened(remote, tmp_path)
    queries = Queries(reader.dataset)
    assert queries.sql("SELECT count(*) FROM shares").rows == [(0,)]
    writer.write(Batch(1_000, 1_000), shares("a", "b"))
    assert queries.sql("SELECT count(*) FROM shares").rows == [(2,)]
    writer.write(Batch(2_000, 1_000), shares("c", at=NOON + DAY))
    assert queries.sql("SELECT day, count(*) FROM shares GROUP BY day ORDER BY day").rows[1][1] == 1
    assert reader.last_batch() == Batch(2_000, 1_000)
    assert (reader.rows_since(2_001), reader.rows_since(1)) == ({"c"}, {"a", "b", "c"})
    name = "part-000000000003000-000000000003000-00.parquet"
    remote._files.pipe_file(f"{remote._root}/shares/day=2027-01-16/{name}", b"PAR1 torn")
    with caplog.at_level(logging.CRITICAL):
        assert reader.rows_since(1) == {"a", "b", "c"}
    assert {one.rpartition(".")[2] for one in remote.contents()} == {"parquet", "damaged"}
    assert queries.sql("SELECT count(*) FROM shares").rows == [(3,)]


def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    """Whatever exceptions its library has."""
    options = {
        "key": "k",
        "secret": "s",
        "endpoint_url": "http://127.0.0.1:9",
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    files = ParquetFiles(tmp_path, AnalyticsConfig(url="s3://bucket/rows", options=options))  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable, match="s3://bucket/rows"):
        files.write(Batch(1, 1), shares("a"))
    with pytest.raises(StoreUnavailable, match="s3://bucket/rows"):
        files.last_batch()
