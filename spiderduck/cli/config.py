"""`spiderduck config`: which settings are in force, and where each comes from."""

import os
from typing import Annotated

import typer

from groundwork.terminal import field, plain_console, say, say_json
from spiderduck.cli.settings import AsJson, ConfigFile

app = typer.Typer(help="The settings: check them, or show those in force.", no_args_is_help=True)
DEFAULT = "default"


@app.command()
def check(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check file and environment without starting anything. The exit code is 2 if a setting cannot be."""
    from spiderduck.cli.settings import read_settings

    read_settings(config)
    if as_json:
        say_json('{"valid": true}')
    else:
        say("the settings are valid")


@app.command()
def show(
    config: ConfigFile = None,
    given: Annotated[bool, typer.Option("--given", help="Leave out what has its default.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every setting in force with where it comes from; secrets are hidden."""
    import msgspec
    from rich.table import Table

    from spiderduck.cli.settings import read_settings
    from spiderduck.config import origins
    from spiderduck.settings.in_force import settings_of

    settings, sources = read_settings(config), origins(config, os.environ)
    rows = [(name, value, sources.get(name, DEFAULT)) for name, value in settings_of(settings)]
    shown = [row for row in rows if not given or row[2] != DEFAULT]
    if as_json:
        for name, value, source in shown:
            say_json(msgspec.json.encode({"name": name, "value": value, "source": source}))
        return
    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for name, value, source in shown:
        table.add_row(field(name), field(msgspec.json.encode(value).decode()), field(source))
    plain_console().print(table)
