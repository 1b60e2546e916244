"""`spiderduck shares`: the counts of shares and the trends, made anew from their log."""

import asyncio
import json

import typer

from groundwork.terminal import say, say_json
from spiderduck.cli.progress import working
from spiderduck.cli.settings import AsJson, ConfigFile, DataFolder, read_settings

app = typer.Typer(help="Counts of shares, and what is trending.", no_args_is_help=True)


@app.command()
def recount(config: ConfigFile = None, data: DataFolder = None, as_json: AsJson = False) -> None:
    """Make all counts and trends anew from the log of shares.

    Where the store is embedded, the server must not run.
    """
    from spiderduck.bootstrap.offline import recount_shares

    settings = read_settings(config, host="127.0.0.1", data=data)  # nothing listens, so nobody needs a key
    with working("opening the store") as tell:
        pages, trending = asyncio.run(recount_shares(settings, tell))
    if as_json:
        say_json(json.dumps({"pages": pages, "trending": trending}))
        return
    say(f"the shares of {pages} pages were counted again; {trending} links and domains trend")
