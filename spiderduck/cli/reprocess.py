"""`spiderduck reprocess`: today's rules over archived pages."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.progress import working
from spiderduck.cli.settings import AsJson, ConfigFile, DataFolder, read_settings

if TYPE_CHECKING:
    from spiderduck.reprocess.report import FieldReport, Report


def reprocess(
    diff: Annotated[bool, typer.Option("--diff", help="Show examples of every field.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write what changed, and announce it.")] = False,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only pages fetched since then, e.g. 2026-11-30.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Only pages of which all of these hold: domain=, host=, type=, language=, has=FIELD, missing=FIELD, "
            "rule=FIELD:RULE.",
        ),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, max=100, help="How many examples to keep of each field.")] = 3,
    cpu: Annotated[int, typer.Option(min=1, max=100, help="Percent of one processor that it may take.")] = 100,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew, also where a run was interrupted.")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Read archived pages again by today's rules, without fetching, and show what would change.

    Nothing is written without --write. An interrupted run goes on where it stopped. Where the store is embedded, the
    server must not run.
    """
    import msgspec

    from spiderduck.bootstrap.reprocessing import reprocess as run
    from spiderduck.reprocess.reprocessing import Wish
    from spiderduck.reprocess.selecting import selection

    settings = read_settings(config, host="127.0.0.1", data=data)  # nothing listens, so nobody needs a key
    wish = Wish(selection(since, where or ()), write, examples, cpu / 100)
    with working("opening the store") as tell:
        report = asyncio.run(run(settings, wish, partial(tell, "reading records"), restart=restart))
    if as_json:
        say_json(msgspec.json.encode(report))
    else:
        _print(report, write=write, diff=diff)


def _print(report: "Report", *, write: bool, diff: bool) -> None:
    from rich.table import Table

    verb = f"{report.written} were written" if write else "nothing was written (--write does)"
    say(f"{report.pages} pages were read again, {report.differing} differ; {verb}")
    for count, what in (
        (report.missing, "are not in the archive"),
        (report.unreadable, "could not be read within the limits"),
        (report.skipped, "were told by their provider, behind a wall, and are left as they are"),
        (report.walls.gained, "are taken for a wall now, and are left as they are"),
    ):
        if count:
            say(f"{count} {what}")
    if report.fields:
        table = Table("field", "gained", "lost", "changed")
        for name, found in sorted(report.fields.items()):
            table.add_row(name, str(found.gained), str(found.lost), str(found.changed))
        plain_console().print(table)
    if diff:
        for name, found in sorted([*report.fields.items(), ("interstitial", report.walls)]):
            _print_examples(name, found)


def _print_examples(name: str, found: "FieldReport") -> None:
    for one in found.examples:
        say(f"{name}: {one.url} (page {one.page_id})")
        say(f"  - {_shown(one.before)}")
        say(f"  + {_shown(one.after)}")


def _shown(value: object) -> str:
    import msgspec

    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
