"""`spiderduck watch`: notices as they happen."""

from typing import Annotated

import typer

from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server


def watch(
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    queue: Annotated[
        str | None, typer.Option(help="A durable queue of that name: it collects while you are away.")
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Only these domains, separated by commas.")] = None,
    status: Annotated[str | None, typer.Option(help="Only these statuses or outcomes, separated by commas.")] = None,
    most: Annotated[int | None, typer.Option(help="End after so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show every link as it is understood, until Ctrl-C."""
    import msgspec
    from rich.console import Console

    from spiderduck.cli.card import print_record
    from spiderduck.cli.server import ServerClient
    from spiderduck.errors import ServerUnreachable

    given = {"queue": queue, "domain": domain, "status": status}
    parameters = {name: value for name, value in given.items() if value}
    console = Console()
    shown = 0
    for line in ServerClient(server, key).lines("/v1/stream", parameters):
        if line.startswith(": connected") and not as_json:
            typer.echo("watching; Ctrl-C ends", err=True)
        if not line.startswith("data: "):
            continue
        text = line.removeprefix("data: ")
        if as_json:
            typer.echo(text)
        else:
            notice = msgspec.json.decode(text)
            print_record(console, notice["data"], notice["outcome"])
        shown += 1
        if most is not None and shown >= most:
            return
    raise ServerUnreachable("the server ended the stream")
