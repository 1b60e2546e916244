"""What somebody's SQL can reach: the rows, and nothing else."""

from pathlib import Path

import pytest

from spiderduck.analytics.answers import plain_rows
from spiderduck.analytics.files import ParquetFiles
from spiderduck.analytics.querying import Queries
from spiderduck.analytics.questions import QUESTIONS
from spiderduck.analytics.rows import Batch
from spiderduck.errors import BadQuery
from spiderduck.settings.analytics import AnalyticsConfig

NOON = 1_800_000_000.0
secret = [("in a variable of Python",)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("analytics")
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    (tmp_path / "rows").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def queries(folder: Path) -> Queries:
    files = ParquetFiles(folder / "rows", AnalyticsConfig())
    share = {"row": "1", "url": "http://news.test/a", "url_host_registered_domain": "news.test", "shared_at": NOON}
    files.write(Batch(1, 1), {"shares": [(NOON, share)]})
    return Queries(files.dataset, seconds=0.5)


def everything(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{folder}/secret.csv')",
        "SELECT * FROM read_parquet('{folder}/rows/*/*/*.parquet')",
        "SELECT * FROM parquet_metadata('{folder}/rows/shares/x.parquet')",
        "SELECT * FROM read_csv('http://127.0.0.1:9/x')",
        "SELECT * FROM secret",
        "SELECT getenv('HOME')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY shares TO '{folder}/rows/out.parquet'",
        "WITH x AS (COPY (SELECT 1) TO '{folder}/out.csv') SELECT 1",
        "WITH x AS (INSERT INTO shares VALUES (1) RETURNING *) SELECT * FROM x",
        "WITH x AS (DELETE FROM shares RETURNING *) SELECT * FROM x",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'",
        "SELECT * FROM query('COPY (SELECT 1) TO ''{folder}/out.csv''')",
        "PREPARE p AS COPY (SELECT 1) TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "IMPORT DATABASE '{folder}'",
        "ATTACH '{folder}/out.db'",
        "ATTACH ':memory:' AS other",
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "DROP VIEW shares",
        "INSERT INTO shares SELECT * FROM shares",
        "SET enable_external_access = true",
        "RESET enable_external_access",
        "PRAGMA database_list",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CALL pragma_version()",
        "SELECT 1; COPY (SELECT 1) TO '{folder}/out.csv'",
        "SELECT 1; SELECT 2",
        "",
        "SELECT",
        "-- nothing",
    ],
)
def test_a_query_reaches_no_file_no_network_and_writes_nothing(queries: Queries, folder: Path, sql: str) -> None:
    """Whatever it tries ends as a sentence for whoever asked, and nothing is on the disk that was not there."""
    before = everything(folder)
    with pytest.raises(BadQuery):
        queries.sql(sql.format(folder=folder))
    assert everything(folder) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM range(1000000000000) ORDER BY random()",
        "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT count(*) FROM t",
        "SELECT list(x) FROM range(1000000000) t(x)",
    ],
)
def test_a_query_that_takes_too_much_is_ended(queries: Queries, sql: str) -> None:
    """Its time and its memory are bounded, and nothing is spilled to the disk."""
    with pytest.raises(BadQuery):
        queries.sql(sql)


def test_a_query_that_is_no_text_is_refused(queries: Queries) -> None:
    """As a terminal of another encoding gives it."""
    with pytest.raises(BadQuery, match="no text"):
        queries.sql("SELECT '\udcff'")


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT url FROM shares", [{"url": "http://news.test/a"}]),
        ("FROM shares SELECT shared_at, day", [{"shared_at": "2027-01-15T08:00:00.000Z", "day": "2027-01-15"}]),
        ("WITH x AS (SELECT count(*) AS n FROM fetches) SELECT n FROM x -- none", [{"n": 0}]),
        ("VALUES (1, [2, 3])", [{"col0": 1, "col1": [2, 3]}]),
        ("SELECT {{'a': 1}} AS x, 0.5 AS y, NULL AS z", [{"x": {"a": 1}, "y": 0.5, "z": None}]),
    ],
)
def test_a_select_is_answered(queries: Queries, sql: str, answer: object) -> None:
    """Over both views, in what JSON can say."""
    assert plain_rows(queries.sql(sql.format())) == answer


def test_more_rows_than_wanted_are_cut(queries: Queries) -> None:
    """And it is told."""
    found = queries.sql("SELECT * FROM range(50)", most=10)
    assert (len(found.rows), found.is_cut) == (10, True)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_every_question_runs_on_nothing(tmp_path: Path, name: str) -> None:
    """Before the first file is written, too."""
    queries = Queries(ParquetFiles(tmp_path / "none", AnalyticsConfig()).dataset)
    found = queries.answer(QUESTIONS[name], 7, "news.test", 10, NOON)
    assert (found.rows, bool(found.columns)) == ([], True)
