"""`spiderduck up`: start the product."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from groundwork.terminal import say
from spiderduck.cli.settings import ConfigFile, read_settings


def up(
    config: ConfigFile = None,
    data: Annotated[
        str | None, typer.Option(help="Folder for all durable data.", show_default="spiderduck-data")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 picks a free one.", show_default="8080")
    ] = None,
    only: Annotated[
        str,
        typer.Option(
            metavar="PART,…",
            help="In a cluster, the parts to run in this process: schedulers, fetchers, api, ids, images.",
            show_default="all of them",
        ),
    ] = "",
) -> None:
    """Start the product: everything in one process, nothing else to install.

    The console and every API are at http://127.0.0.1:8080. Stop it with Ctrl-C; accepted events are never lost.

    In a cluster each part runs in processes of its own, e.g. --only schedulers; the settings say where the engines are
    (spiderduck.toml lists them all).
    """
    from spiderduck.bootstrap.logs import set_up_logs
    from spiderduck.bootstrap.parts import EVERYTHING, parts_of
    from spiderduck.bootstrap.processes import Started
    from spiderduck.bootstrap.processes import up as start

    parts = parts_of([name.strip() for name in only.split(",") if name.strip()])
    settings = read_settings(config, data=data, host=host, port=port)
    set_up_logs(settings.log_level, queries=settings.log_queries)

    def started(where: Started) -> None:
        if where.parts != EVERYTHING or where.data is None:
            say(f"SpiderDuck ({', '.join(sorted(where.parts))}) listens on {where.url}.")
            return
        for line in banner(where.url, where.data, settings.fetchers.user_agent):
            say(line)

    start(settings, parts, started)


def banner(url: str, data: Path, user_agent: str) -> list[str]:
    """What a person sees first: where it listens, where its data lies, what to try."""
    server = "" if url.endswith(":8080") else f" --server {url}"
    lines = [
        f"SpiderDuck listens on {url} (open it in a browser); its data lies in {data}.",
        "",
        "Three things to try, in another terminal:",
        f"""  curl -s {url}/v1/events --json '{{"text": "look: https://www.python.org/"}}'""",
        f"  {command()} lookup{server} https://www.python.org/",
        f"  {command()} watch{server}",
    ]
    if "+http" not in user_agent:
        lines += [
            "",
            f"It calls itself {user_agent}. Please set fetchers.user_agent to a name with a contact page, "
            'e.g. "ExampleBot/1.0 (+https://example.com/bot)".',
        ]
    return lines


def command() -> str:
    """How a person calls us from another terminal, which knows nothing of the environment that `make` made."""
    if shutil.which("spiderduck") is not None:
        return "spiderduck"
    return shlex.quote(str(Path(sys.executable).with_name("spiderduck")))
