"""`spiderduck lookup`: what is known of a URL."""

from typing import Annotated

import typer

from groundwork.terminal import plain_console, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server


def lookup(
    urls: Annotated[list[str], typer.Argument(help="One or more URLs.")],
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for URLs that are still being handled.", min=0)] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Show what is known about URLs. The exit code is 1 if one was never shared, or is no URL."""
    import msgspec

    from spiderduck.cli.card import print_record
    from spiderduck.cli.server import ServerClient

    body = msgspec.json.encode({"urls": urls, "wait_ms": round(wait * 1000)})
    results = ServerClient(server, key).post("/v1/urls/batch", body)["results"]
    if as_json:
        for record in results:
            say_json(msgspec.json.encode(record))
    else:
        console = plain_console()
        for record in results:
            print_record(console, record)
    if any(record["status"] in ("unknown", "invalid_url") for record in results):
        raise typer.Exit(1)
