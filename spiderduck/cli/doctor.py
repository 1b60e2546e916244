"""`spiderduck doctor`: what may keep this machine from running well, each with its remedy."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from groundwork.terminal import field, plain_console, say_json
from spiderduck.cli.progress import working
from spiderduck.cli.settings import AsJson, ConfigFile, DataFolder, read_settings

FAILED = 1
STYLES = {"ok": "green", "warning": "yellow", "failed": "red"}


def doctor(
    config: ConfigFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as failures.")] = False,
) -> None:
    """Look at versions, settings, disk, clock, DNS, user agent, address guard and engines, before or beside a server.

    The exit code is 0 if nothing failed, 1 if something did, 2 if a setting cannot be.
    """
    import asyncio

    import msgspec
    from rich.table import Table

    from spiderduck.bootstrap.examining import examine

    settings = read_settings(config, data=data)
    with working("examining"):
        found = asyncio.run(examine(settings, Path(settings.data).expanduser().resolve()))
    if as_json:
        for one in found:
            say_json(msgspec.json.encode(asdict(one)))
    else:
        table = Table("", "what", "how it is", "what to do", box=None, pad_edge=False)
        for one in found:
            table.add_row(field(one.state, STYLES[one.state]), field(one.name), field(one.says), field(one.remedy))
        plain_console().print(table)
    bad = {"failed", "warning"} if strict else {"failed"}
    if any(one.state in bad for one in found):
        raise typer.Exit(FAILED)
