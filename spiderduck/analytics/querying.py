"""Asks DuckDB over the written rows, and lets it reach nothing else.

DuckDB is handed the files as Arrow data sets and opens none itself: file system, network, extensions and Python's
variables are shut, for reading and for writing, and the configuration is locked. Only one statement runs, which must be
a SELECT; time and memory are bounded. All of it blocks: call it in a thread.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb

from spiderduck.analytics.answers import Found
from spiderduck.analytics.questions import Question
from spiderduck.analytics.rows import TABLES
from spiderduck.errors import BadQuery

LIMITS = (
    "SET memory_limit = '512MB'",
    "SET threads = 2",
    "SET enable_progress_bar = false",
    "SET temp_directory = ''",
    "SET TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
"""The last two close it; they stand last."""
SECONDS = 30.0
MOST_ROWS = 10_000
LONGEST_SQL = 100_000


class Queries:
    """`dataset` gives what was written of a table, at each query anew."""

    def __init__(self, dataset: Callable[[str], Any], seconds: float = SECONDS) -> None:
        self._dataset = dataset
        self._seconds = seconds

    def answer(self, question: Question, days: int, domain: str | None, most: int, now: float) -> Found:
        """The question's answer for so many `days` back from `now` (epoch seconds). Raises `BadQuery`."""
        values = {
            "days": days,
            "domain": domain,
            "most": min(most, MOST_ROWS),
            "now": datetime.fromtimestamp(now, UTC).replace(tzinfo=None),
        }
        used = {name: value for name, value in values.items() if f"${name}" in question.sql}
        return self._run(question.sql, used, MOST_ROWS)

    def sql(self, text: str, most: int = MOST_ROWS) -> Found:
        """The answer to somebody's own SELECT. Raises `BadQuery`."""
        if len(text) > LONGEST_SQL:
            raise BadQuery(f"the query has {len(text):,} characters; it takes {LONGEST_SQL:,} at most")
        try:
            text.encode()
            statements = duckdb.extract_statements(text)
        except UnicodeEncodeError as error:
            raise BadQuery("the query holds what is no text in UTF-8") from error
        except duckdb.Error as error:
            raise BadQuery(_readable(error)) from error
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise BadQuery("it takes one SELECT, over the views fetches and shares")
        return self._run(text, {}, most)

    def _run(self, text: str, values: Mapping[str, object], most: int) -> Found:
        connection = duckdb.connect(":memory:")
        over = threading.Timer(self._seconds, connection.interrupt)
        over.daemon = True
        try:
            for table in TABLES:
                connection.register(table, self._dataset(table))
            for limit in LIMITS:
                connection.execute(limit)
            over.start()
            ran = connection.execute(text, values) if values else connection.execute(text)
            columns = tuple(one[0] for one in ran.description or ())
            rows = ran.fetchmany(most + 1)
        except duckdb.InterruptException as error:
            raise BadQuery(f"the query took more than {self._seconds:g} seconds") from error
        except MemoryError as error:
            raise BadQuery("the query took more memory than there is for it") from error
        except (duckdb.Error, RuntimeError) as error:
            raise BadQuery(_readable(error)) from error
        finally:
            over.cancel()
            connection.close()
        return Found(columns, rows[:most], len(rows) > most)


def _readable(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
