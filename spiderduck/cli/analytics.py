"""`spiderduck report` and `spiderduck sql`: questions about the rows of all fetches and shares."""

from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.progress import working
from spiderduck.cli.settings import AsJson, ConfigFile, DataFolder, read_settings
from spiderduck.errors import BadSetting

if TYPE_CHECKING:
    from spiderduck.analytics.answers import Found
    from spiderduck.analytics.querying import Queries


MOST_MEMORY = 4 * 1024**3
"""Address space of a process that runs somebody's SQL: DuckDB counts its tables, but not each long text."""


def report(
    question: Annotated[str, typer.Argument(help="images, sites, news, urls, latency, endings, verdicts.")] = "sites",
    days: Annotated[int, typer.Option(min=1, max=3660, help="So many days, today included.")] = 7,
    domain: Annotated[str | None, typer.Option(help="Only this registrable domain.")] = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows at most.")] = 50,
    config: ConfigFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question about fetches and shares, from the files that the setting `analytics.write` keeps.

    A server may run meanwhile. Needs the extra `analytics`.
    """
    import time

    from spiderduck.analytics.questions import QUESTIONS

    asked = QUESTIONS.get(question)
    if asked is None:
        raise BadSetting(f"there is no question {question!r}; there are {', '.join(QUESTIONS)}")
    if asked.needs_domain and domain is None:
        raise BadSetting(f"{question} takes --domain, a registrable domain such as example.com")
    with working("reading the files"):
        found = _queries(config, data).answer(asked, days, domain, most, time.time())
    if not as_json:
        say(asked.title)
    _print(found, as_json=as_json)


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over the views fetches and shares.")],
    most: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many rows at most.")] = 1000,
    config: ConfigFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Run one SELECT over the rows of all fetches and shares (SQL of DuckDB), which reaches nothing else.

    A server may run meanwhile. Needs the extra `analytics`.
    """
    from groundwork.workers.child import bound_memory

    queries = _queries(config, data)
    bound_memory(MOST_MEMORY)
    with working("running the query"):
        found = queries.sql(query, most)
    _print(found, as_json=as_json)


def _queries(config: ConfigFile, data: DataFolder) -> "Queries":
    from spiderduck.bootstrap.analytics import open_queries
    from spiderduck.bootstrap.processes import data_path

    settings = read_settings(config, host="127.0.0.1", data=data)  # nothing listens, so nobody needs a key
    return open_queries(settings, data_path(settings))


def _print(found: "Found", *, as_json: bool) -> None:
    """Rows as JSON lines, or as a table."""
    import msgspec
    from rich.table import Table
    from rich.text import Text

    from spiderduck.analytics.answers import plain_rows

    rows = plain_rows(found)
    if as_json:
        for row in rows:
            say_json(msgspec.json.encode(row))
    else:
        table = Table(*found.columns)
        for row in rows:
            cells = ("" if value is None else str(value) for value in row.values())
            table.add_row(*(Text(cell, overflow="fold") for cell in cells))
        plain_console().print(table)
    if found.is_cut:
        say(f"only the first {len(rows)} rows are shown (--most)", error=True)
