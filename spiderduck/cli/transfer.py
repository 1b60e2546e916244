"""`spiderduck export` and `spiderduck import`: records from one store to another."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.terminal import say
from spiderduck.cli.progress import Tell, working
from spiderduck.cli.settings import AsJson, ConfigFile, DataFolder, read_settings
from spiderduck.errors import BadSetting

if TYPE_CHECKING:
    from spiderduck.transfer.moving import Moved

File = Annotated[str, typer.Argument(help="A file of JSON lines; - is standard input or output, .gz is compressed.")]


def export(file: File, config: ConfigFile = None, data: DataFolder = None, as_json: AsJson = False) -> None:
    """Write all records, versions of pages and redirects to a file, for another store to take over.

    The archive is not in it: copy its files. Where the store is embedded, the server must not run.
    """
    from spiderduck.bootstrap.transferring import export as run

    settings = read_settings(config, host="127.0.0.1", data=data)  # nothing listens, so nobody needs a key
    with working("opening the store") as tell, _files():
        moved = asyncio.run(run(settings, file, partial(_count, tell, "writing records")))
    _tell(moved, f"written to {file}", as_json)


def import_(file: File, config: ConfigFile = None, data: DataFolder = None, as_json: AsJson = False) -> None:
    """Take over what `spiderduck export` wrote. What is known here since a later moment stays; repeating does no harm.

    Nothing is announced. Where the store is embedded, the server must not run.
    """
    from spiderduck.bootstrap.transferring import import_ as run

    settings = read_settings(config, host="127.0.0.1", data=data)
    with working("opening the store") as tell, _files():
        moved = asyncio.run(run(settings, file, partial(_count, tell, "reading records")))
    _tell(moved, f"read from {file}", as_json)


def _tell(moved: "Moved", what: str, as_json: bool) -> None:
    """To standard error, for standard output may be the file."""
    left_out = f"; {moved.left_out} of them are taken down and were left out" if moved.left_out else ""
    told = f"{moved.states} records and {moved.pages} pages were {what}{left_out}"
    counts = {"records": moved.states, "pages": moved.pages, "left_out": moved.left_out}
    say(json.dumps(counts) if as_json else told, error=True)


def _count(tell: Tell, what: str, moved: "Moved") -> None:
    tell(what, moved.states)


@contextmanager
def _files() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadSetting(f"{error.filename or 'the file'}: {error.strerror or error}") from error
