"""`spiderduck secrets`: makes those secrets of a cluster, as files, that are missing. `compose.yaml` starts with it."""

import json
import os
import secrets as random
from pathlib import Path
from typing import Annotated

import typer

from groundwork.terminal import say, say_json
from spiderduck.cli.settings import AsJson
from spiderduck.errors import SpiderDuckError


class CannotWrite(SpiderDuckError):
    """The folder of secrets cannot be written."""

    code = "cannot_write"


def secrets(
    folder: Annotated[Path, typer.Argument(help="Folder for the files; each group gets a subfolder.")],
    broker: Annotated[str, typer.Option(help="Address of the broker, host:port.")] = "rabbitmq:5672",
    fetchers_token: Annotated[
        str, typer.Option(envvar="FETCHERS_TOKEN", help="Use this existing value instead of a new one.")
    ] = "",
    broker_password: Annotated[
        str, typer.Option(envvar="BROKER_PASSWORD", help="Use this existing value instead of a new one.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make the secrets of a cluster as files: the API's first key and the key of its own processes, signing keys of
    pictures, the token of the fetchers, the broker's account. What is there is kept.

    Settings take them as `…_FILE`, e.g. SPIDERDUCK_FETCHERS__TOKEN_FILE=FOLDER/fetchers/token.
    """
    from urllib.parse import quote

    from spiderduck.keyring import ADMIN, Entry, create_key

    os.umask(0o077)
    try:
        if not (keys := folder / "api" / "keys.json").exists():
            admin = folder / "admin" / "key"
            admin.unlink(missing_ok=True)  # of a start that broke off in between: nothing accepts it
            _put(admin, create_key(keys, Entry(name="admin", scopes=(ADMIN,))))
        _put(folder / "api" / "internal-key", random.token_urlsafe(32))
        _put(folder / "images" / "keys", random.token_urlsafe(32))
        _put(folder / "fetchers" / "token", fetchers_token or random.token_urlsafe(32))
        password = _put(folder / "broker" / "password", broker_password or random.token_urlsafe(32))
        _put(folder / "broker" / "url", f"amqp://spiderduck:{quote(password, safe='')}@{broker}//")
    except OSError as error:
        raise CannotWrite(f"the secrets cannot be written to {folder}: {error.strerror}") from error
    if as_json:
        say_json(json.dumps({"folder": str(folder), "admin_key_file": str(folder / "admin" / "key")}))
        return
    say(f"the secrets are in {folder}; the administrator's key is {folder / 'admin' / 'key'}")


def _put(path: Path, value: str) -> str:
    """Write the file where there is none, whole or not at all; what it holds then."""
    if path.exists():
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    aside.write_text(f"{value}\n", encoding="utf-8")
    aside.replace(path)
    return value
