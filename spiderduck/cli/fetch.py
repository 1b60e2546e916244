"""`spiderduck fetch`: one URL, politely, its bytes to standard output or a file."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.terminal import put_bytes, say_json
from spiderduck.cli.progress import working
from spiderduck.cli.settings import AsJson, ConfigFile, read_settings
from spiderduck.errors import SpiderDuckError

if TYPE_CHECKING:
    from fetchers.model import FetchResult


def fetch(
    url: Annotated[str, typer.Argument(help="URL to fetch.")],
    config: ConfigFile = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write the body to.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch one URL by the rules (robots.txt, rate limit, address guard), every hop told on standard error.

    Needs no server. A terminal is shown the body as text without control characters; redirect it, or use --output, for
    its bytes. Ends with 1 where the fetch ended without an answer. With --json, what happened instead of the
    body.
    """
    from fetchers.report import print_hops, report_json

    result = fetched(url, config)
    if as_json:
        say_json(report_json(result))
    else:
        print_hops(result, sys.stderr)
        body = getattr(result.outcome, "body", None)
        if body is not None:
            if output is not None:
                output.write_bytes(body)
            else:
                put_bytes(body)
    if not hasattr(result.outcome, "body"):
        raise typer.Exit(1)


def fetched(url: str, config: Path | None) -> "FetchResult":
    """What came of one URL, by the settings."""
    from fetchers.errors import InvalidUrl
    from fetchers.report import fetch_once
    from groundwork.clock import SystemClock
    from spiderduck.bootstrap.blocking import open_blocking

    try:
        settings = read_settings(config)
        policy = open_blocking(settings, SystemClock()).policy
        with working(f"asking {url}"):
            return asyncio.run(fetch_once(url, settings.fetchers, policy=policy))
    except InvalidUrl as error:
        raise SpiderDuckError(str(error)) from error
