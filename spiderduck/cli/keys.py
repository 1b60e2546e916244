"""`spiderduck keys`: make, list and revoke the API's keys. Works on the file; a running server rereads it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.settings import AsJson, ConfigFile, read_settings
from spiderduck.errors import BadSetting

if TYPE_CHECKING:
    from spiderduck.keyring import Entry

app = typer.Typer(
    help="Create, list and revoke API keys. They are stored as hashes in a file that running servers reread.",
    no_args_is_help=True,
)

Data = Annotated[str | None, typer.Option(help="Data folder of the server.", show_default="spiderduck-data")]
Name = Annotated[str, typer.Argument(help="Name of the key, such as who uses it.")]
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@app.command(context_settings={"allow_extra_args": True})
def create(
    context: typer.Context,
    name: Name,
    scopes: Annotated[str, typer.Option(help="What it may do: read, write, fetch, admin; separated by commas.")],
    expires: Annotated[
        str, typer.Option(help="When it expires: 12h, 90d, 52w, or a date such as 2030-01-31.", show_default="never")
    ] = "",
    per_second: Annotated[
        float, typer.Option(min=0, help="Calls per second, on average; 0 uses api.rate_limit.per_second.")
    ] = 0.0,
    burst: Annotated[int, typer.Option(min=0, help="Calls at once after a pause; 0 uses api.rate_limit.burst.")] = 0,
    config: ConfigFile = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it. It is shown only once; only its hash is stored."""
    import msgspec

    from spiderduck.keyring import Entry, create_key

    if context.args:
        raise BadSetting(
            f"{context.args[0][:40]!r} is one argument too many; --scopes takes read, write, fetch, admin, separated "
            "by commas without spaces: --scopes read,write"
        )
    wanted = tuple(one.strip() for one in scopes.split(",") if one.strip())
    entry = Entry(
        name=name, scopes=wanted, expires=_moment(expires, datetime.now(UTC)), per_second=per_second, burst=burst
    )
    path = _path(config, data)
    key = create_key(path, entry)
    _note(config, data, "key.created", name, f"scopes {', '.join(wanted)}")
    if as_json:
        shown = {"name": name, "key": key, "scopes": wanted, "expires": entry.expires}
        say_json(msgspec.json.encode(shown))
        return
    say(key)
    say(f"This is the key {name!r}; it is not shown again. Its hash is in {path}.", error=True)


@app.command("list")
def list_keys(config: ConfigFile = None, data: Data = None, as_json: AsJson = False) -> None:
    """List the keys: names, first characters, scopes and expiry."""
    import msgspec
    from rich.table import Table
    from rich.text import Text

    from spiderduck.keyring import read_entries

    entries = [_shown(one) for one in read_entries(_path(config, data))]
    if as_json:
        for one in entries:
            say_json(msgspec.json.encode(one))
        return
    if not entries:
        say("there are no keys; `spiderduck keys create NAME --scopes read,write` makes one")
        return
    table = Table("name", "begins with", "scopes", "created", "expires")
    for one in entries:
        ends = f"{one['expires'] or 'never'}{' (expired)' if one['expired'] else ''}"
        cells = (one["name"], f"{one['start']}…", ", ".join(one["scopes"]), one["created"] or "", ends)
        table.add_row(*(Text(str(cell), overflow="fold") for cell in cells))
    plain_console().print(table)


@app.command()
def revoke(name: Name, config: ConfigFile = None, data: Data = None, as_json: AsJson = False) -> None:
    """Revoke a key. Running servers refuse it within a second or two."""
    import msgspec

    from spiderduck.keyring import revoke_key

    path = _path(config, data)
    left = revoke_key(path, name)
    _note(config, data, "key.revoked", name, None)
    if as_json:
        say_json(msgspec.json.encode({"revoked": name, "left": left}))
        return
    say(f"the key {name!r} is revoked")
    if not left:
        say(f"no key is left in {path}: every call that needs a key is refused until you create one", error=True)


def _path(config: Path | None, data: str | None) -> Path:
    """Where the keys lie. Nothing listens here, so that the first key can be made where `up` would refuse to start."""
    return read_settings(config, data=data, host="127.0.0.1").keys_path


def _note(config: Path | None, data: str | None, action: str, name: str, detail: str | None) -> None:
    """In the audit log of the data folder. The key is made or gone already, so that a trouble is told and no more."""
    from spiderduck.audit import FILE, AuditEntry, append

    file = Path(read_settings(config, data=data, host="127.0.0.1").data).expanduser() / FILE
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    by = f"uid {os.getuid()} on the command line"
    try:
        append(file, AuditEntry(at=at, by=by, action=action, subject=name, detail=detail))
    except OSError as error:
        say(f"this could not be noted in {file}: {error.strerror}", error=True)


def _shown(entry: "Entry") -> dict[str, Any]:
    from spiderduck.keyring import start_of

    return {
        "name": entry.name,
        "start": start_of(entry.key) if entry.key else entry.start,
        "scopes": entry.scopes,
        "created": None if entry.created is None else entry.created.isoformat(),
        "expires": None if entry.expires is None else entry.expires.isoformat(),
        "expired": entry.expires is not None and entry.expires <= datetime.now(UTC),
    }


def _moment(text: str, now: datetime) -> datetime | None:
    """From `90d` or an ISO date; a date without a zone is UTC. Raises `BadSetting`."""
    if not text:
        return None
    try:
        if text[-1] in UNITS:
            moment = now + int(text[:-1]) * UNITS[text[-1]]
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadSetting(f"--expires is {text[:40]!r}; it takes 12h, 90d, 52w, or a time such as 2030-01-31") from error
    if moment <= now:
        raise BadSetting(f"--expires is {text[:40]!r}, which is in the past")
    return moment.replace(microsecond=0)
