"""All commands, and the one place where an error becomes a message and an exit code.

A person sees what went wrong and what to do, never a traceback, unless `--debug` asks for it.
"""

import sys
from typing import Annotated, Any

import typer

from groundwork.terminal import say
from spiderduck.cli import (
    analytics,
    backup,
    cluster,
    config,
    cql,
    dead,
    demo,
    doctor,
    domain,
    fetch,
    inspect,
    keys,
    lookup,
    migrate,
    reprocess,
    secrets,
    send,
    shares,
    status,
    transfer,
    trust,
    unfurl,
    up,
    watch,
    webhooks,
    why,
)
from spiderduck.errors import SpiderDuckError

app = typer.Typer(
    name="spiderduck",
    help="Understands the links people share.\n\n"
    "Start with [bold]spiderduck demo[/] (needs no network) or [bold]spiderduck up[/]; then "
    "[bold]spiderduck send FILE[/], [bold]spiderduck lookup URL[/] and [bold]spiderduck watch[/] talk to the server.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(up.up)
app.command()(demo.demo)
app.command()(unfurl.unfurl)
app.command()(send.send)
app.command()(lookup.lookup)
app.command()(watch.watch)
app.command()(why.why)
app.command()(domain.domain)
app.command()(fetch.fetch)
app.command()(status.status)
app.command()(status.queues)
app.command()(cluster.cluster)
app.command()(migrate.migrate)
app.command()(cql.cql)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(doctor.doctor)
app.command()(reprocess.reprocess)
app.command()(transfer.export)
app.command("import")(transfer.import_)
app.command()(analytics.report)
app.command()(analytics.sql)
app.command()(secrets.secrets)
app.command()(trust.lists)
app.command()(trust.verdict)
app.command()(trust.takedown)
app.command()(trust.audit)
app.add_typer(inspect.app, name="inspect")
app.add_typer(dead.app, name="dead")
app.add_typer(shares.app, name="shares")
app.add_typer(keys.app, name="keys")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(config.app, name="config")


def _version(wanted: bool) -> None:
    if wanted:
        from groundwork.version import VERSION

        say(f"spiderduck {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Options of every command."""
    _shown.debug = debug


class _Shown:
    debug = False


_shown = _Shown()


def main() -> None:
    """The entry point."""
    try:
        sys.exit(app(standalone_mode=False) or 0)  # what a command ended with is returned, not raised, in this mode
    except SpiderDuckError as error:
        _fail(error, str(error), error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:  # noqa: BLE001 -- the last line of defence: a person gets a sentence
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            say(f"spiderduck: {_usage(error)}", error=True)
            sys.exit(error.exit_code)
        _fail(error, f"internal error: {type(error).__name__}: {error} (run again with --debug for the details)", 70)


def _usage(error: Any) -> str:
    """What is wrong with an option or argument, and the command that explains it."""
    said = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    return said if context is None else f"{said.rstrip('.')}; see `{context.command_path} --help`"


def _fail(error: Exception, message: str, code: int) -> None:
    if _shown.debug:
        raise error
    say(f"spiderduck: {message}", error=True)
    sys.exit(code)
