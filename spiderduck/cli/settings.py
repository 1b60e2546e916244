"""Options that several commands share, and how they become settings."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spiderduck.cli.progress import quiet_with_json

if TYPE_CHECKING:
    from spiderduck.config import Config

ConfigFile = Annotated[
    Path | None, typer.Option("--config", envvar="SPIDERDUCK_CONFIG", help="Settings file (TOML); see spiderduck.toml.")
]
DataFolder = Annotated[
    str | None, typer.Option("--data", help="Folder for all durable data.", show_default="spiderduck-data")
]
AsJson = Annotated[bool, typer.Option("--json", callback=quiet_with_json, help="Print JSON for programs.")]
Server = Annotated[
    str, typer.Option("--server", envvar="SPIDERDUCK_SERVER", help="Address of the server.", show_default=True)
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="SPIDERDUCK_KEY",
        help="API key, if the server requires one. SPIDERDUCK_KEY_FILE names a file that holds it.",
    ),
]
DEFAULT_SERVER = "http://127.0.0.1:8080"


def read_settings(file: Path | None, **overrides: object) -> "Config":
    """From the file, the environment and the command line. Raises `BadSetting`."""
    from spiderduck.config import load

    return load(file, os.environ, overrides)
