"""A part's command line: errors that a person can mend are a line and an exit code, all others are raised."""

from typing import Annotated

import pytest
import typer

from groundwork.commands import make_app, run


class Mendable(Exception):
    """The person gave something wrong."""


def ending(how: Annotated[str, typer.Argument()], times: Annotated[int, typer.Option()] = 1) -> int:
    """Ends as it is told."""
    match how:
        case "mendable":
            raise Mendable("it takes a number")
        case "surprise":
            raise KeyError("ours")
        case "exit":
            raise typer.Exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "nothing":
            return 0
    return times


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing"], 0, ""),
        (["code", "--times", "4"], 4, ""),
        (["mendable"], 2, "part: it takes a number"),
        (["exit"], 3, ""),
        (["interrupt"], 130, ""),
        (["nothing", "--times", "x"], 2, "part: Invalid value for '--times'"),
        (["nothing", "--often"], 2, "part: No such option: --often"),
    ],
)
def test_an_ending_is_an_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    app = make_app("python -m part")
    app.command()(ending)
    assert run(app, arguments, "part", Mendable) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(said) if said else not told.err


def test_a_surprise_is_raised() -> None:
    app = make_app("python -m part")
    app.command()(ending)
    with pytest.raises(KeyError, match="ours"):
        run(app, ["surprise"], "part", Mendable)
