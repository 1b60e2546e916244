"""`spiderduck why`: the story of a URL, for people."""

from typing import Annotated

import typer

from groundwork.terminal import field, plain_console, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

MOST_PHASES = 5


def why(
    url: Annotated[str, typer.Argument(help="The URL.")],
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Tell why a URL is what it is: each step of its latest fetch with the reason. The exit code is 1 if it was never
    shared."""
    import msgspec
    from rich.table import Table

    from spiderduck.cli.server import ServerClient

    story = ServerClient(server, key).get("/v1/why", url=url)
    if as_json:
        say_json(msgspec.json.encode(story))
    else:
        table = Table("stage", "what", "because", "ms", box=None, pad_edge=False)
        for step in story["steps"]:
            table.add_row(
                step["stage"],
                field(f"{step['what']} ({step['at']})"),
                field(step.get("because") or ""),
                str(step.get("took_ms") or ""),
            )
        console = plain_console()
        console.print(table)
        for phase in story["critical_path"][:MOST_PHASES]:
            share = 100 * phase["took_ms"] // max(1, story["total_ms"])
            console.print(
                field(f"{share:3d} % of its time: {phase['stage']} of {phase['url']} ({phase['took_ms']} ms)")
            )
    if story["status"] == "unknown":
        raise typer.Exit(1)
