"""`spiderduck dead`: messages that were given up, and trying them again."""

from typing import Annotated

import typer

from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

app = typer.Typer(help="List dead letters (messages that were given up) and replay them.", no_args_is_help=True)


@app.command("list")
def list_letters(
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    most: Annotated[int, typer.Option(help="Show so many at most.", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """List dead letters with their reasons, newest first."""
    import msgspec
    from rich.table import Table

    from spiderduck.cli.server import ServerClient

    letters = ServerClient(server, key).get("/v1/dead", most=most)["letters"]
    if as_json:
        for letter in letters:
            say_json(msgspec.json.encode(letter))
        return
    if not letters:
        say("there are no dead letters")
        return
    table = Table("id", "at", "reason", "event", "body")
    for letter in letters:
        table.add_row(letter["id"], letter["at"], letter["reason"], letter["event_id"], letter["body"][:200])
    plain_console().print(table)


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids to replay; without any, all dead letters.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Put dead letters back into the queue."""
    import msgspec

    from spiderduck.cli.server import ServerClient

    answer = ServerClient(server, key).post("/v1/dead/replay", msgspec.json.encode({"ids": ids or None}))
    if as_json:
        say_json(msgspec.json.encode(answer))
    else:
        say(f"{answer['replayed']} put back into the queue")
