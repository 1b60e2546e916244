"""`spiderduck backup` and `spiderduck restore`: a whole copy of an instance that runs, and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.terminal import say, say_json
from spiderduck.cli.progress import working
from spiderduck.cli.settings import AsJson, ConfigFile, DataFolder, read_settings

if TYPE_CHECKING:
    from spiderduck.bootstrap.backing_up import Manifest


def backup(
    target: Annotated[Path, typer.Argument(help="Folder for the copy; it must not exist yet.")],
    config: ConfigFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Copy an embedded instance, which may go on running: database, archive, ids, keys, audit log.

    In a cluster, back up the engines by their own tools.
    """
    from spiderduck.bootstrap.backing_up import back_up

    settings = read_settings(config, data=data)
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with working("copying") as progress:
        manifest = back_up(Path(settings.data).expanduser().resolve(), target.expanduser().absolute(), now, progress)
    _tell(manifest, target, f"restore it with: spiderduck restore {target} --data FOLDER", as_json)


def restore(
    source: Annotated[Path, typer.Argument(help="A copy that `spiderduck backup` made.")],
    data: Annotated[Path, typer.Option("--data", help="The data folder to make; it must be empty or not exist.")],
    as_json: AsJson = False,
) -> None:
    """Make a data folder of a copy, after checking that the copy is whole."""
    from spiderduck.bootstrap.backing_up import restore as make

    with working("checking the copy") as progress:
        manifest = make(source.expanduser().absolute(), data.expanduser().absolute(), progress)
    _tell(manifest, data, f"start it with: spiderduck up --data {data}", as_json)


def _tell(manifest: "Manifest", where: Path, then: str, as_json: bool) -> None:
    import msgspec

    if as_json:
        say_json(msgspec.json.encode({"folder": str(where), **msgspec.to_builtins(manifest)}))
        return
    size = sum(manifest.files.values())
    say(f"{where}: {len(manifest.files)} files, {size / 1e6:.1f} MB, as of {manifest.made_at}")
    say(then)
