"""Runs a Typer application as the process of one part: an error is one line on standard error and an exit code."""

from collections.abc import Sequence

import typer

from groundwork.terminal import say

WRONG = 2
"""The exit code of a command that was given something wrong."""
INTERRUPTED = 130


def make_app(name: str, about: str | None = None) -> typer.Typer:
    """An application whose errors are its caller's to show; `name` is how people call it."""
    return typer.Typer(
        name=name,
        help=about,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def run(app: typer.Typer, arguments: Sequence[str] | None, part: str, *errors: type[Exception]) -> int:
    """The exit code. `errors` are those that a person can mend, told with the `part`'s name in front; what is not
    among them is raised."""
    try:
        ended = app(arguments, standalone_mode=False, prog_name=app.info.name)
    except errors as error:
        say(f"{part}: {error}", error=True)
        return WRONG
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except typer.Exit as error:
        return error.exit_code
    except Exception as error:
        if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
            raise
        say(f"{part}: {error.format_message()}", error=True)  # an option that is wrong or missing
        return int(error.exit_code)
    return int(ended or 0)
