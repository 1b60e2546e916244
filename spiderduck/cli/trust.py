"""`spiderduck lists`, `verdict`, `takedown` and `audit`: what is known to be bad, and who changed what."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

Lines = Iterable[tuple[str, str]]
"""What is said of something, each by its name."""
BLOCKED = 1
"""The exit code where a list blocks or warns."""


def lists(server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show the lists of bad links that are in force."""
    found = _server(server, key).get("/v1/lists")["lists"]
    if as_json:
        _print_json(found)
        return
    if not found:
        say("there are no lists; [[lists]] in the settings names files")
        return
    for one in found:
        _print_block(f"{one['name']}: {one['action']}", _list_lines(one))


def verdict(
    urls: Annotated[list[str], typer.Argument(help="One or more URLs.")],
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what lists say of URLs, without fetching. The exit code is 1 if one is blocked or warned of."""
    import msgspec

    found = _server(server, key).post("/v1/verdicts", msgspec.json.encode({"urls": urls}))["results"]
    if as_json:
        _print_json(found)
    else:
        for one in found:
            _print_block(f"{one['verdict']} {one['url']}", _verdict_lines(one))
    if any(one["verdict"] in ("block", "warn") for one in found):
        raise typer.Exit(BLOCKED)


def audit(
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many entries.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who changed what, newest first."""
    found = _server(server, key).get("/v1/audit", most=most)["entries"]
    if as_json:
        _print_json(found)
        return
    rows = [[one["at"], one["by"] or "", one["action"], one["subject"], one.get("detail", "")] for one in found]
    _print_table(("at", "by", "action", "what", "how"), rows)


def takedown(
    url: Annotated[str | None, typer.Argument(help="The URL to take down. Without one, show what was.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    reason: Annotated[str | None, typer.Option(help="Why, for other admins.")] = None,
    only_url: Annotated[
        bool, typer.Option("--only-url", help="Leave the page that the URL redirects to where it is.")
    ] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Let it be shared again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove all that is kept of a URL and its page, and refuse it from then on. Needs the scope `admin`."""
    import msgspec

    client = _server(server, key)
    if url is None:
        _show_takedowns(client.get("/v1/takedowns", most=1000)["takedowns"], as_json)
        return
    if lift:
        client.delete("/v1/takedowns", url=url)
        say(f"{url} may be shared again")
        return
    order = {"url": url, "reason": reason, "destination": not only_url}
    _show_takedowns([client.post("/v1/takedowns", msgspec.json.encode(order))], as_json)


def _show_takedowns(found: list[Any], as_json: bool) -> None:
    if as_json:
        _print_json(found)
        return
    if not found:
        say("nothing was taken down")
        return
    for one in found:
        _print_block(one["url"], _takedown_lines(one))


def _takedown_lines(one: dict[str, Any]) -> Lines:
    yield "taken down", one["at"]
    yield "by", one.get("by", "")
    yield "reason", one.get("reason", "")
    for url in one["urls"][1:]:
        yield "also", url
    yield "pages", str(one["pages"])
    yield "pictures", str(one["pictures"])
    yield "removed", one.get("removed_at", "not yet")
    yield "archive", one.get("erased_at", "not yet")


def _server(server: str, key: str | None) -> Any:
    from spiderduck.cli.server import ServerClient

    return ServerClient(server, key)


def _print_json(found: list[Any]) -> None:
    import msgspec

    for one in found:
        say_json(msgspec.json.encode(one))


def _print_table(columns: tuple[str, ...], rows: list[list[str]]) -> None:
    """Cells are others' words: no markup in them is ours."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    plain_console().print(table)


def _print_block(title: str, lines: Lines) -> None:
    """Long addresses and entries stay whole, which no table of eighty columns has room for."""
    say(title)
    for name, value in lines:
        if value:
            say(f"  {name:<10} {value}")


def _list_lines(one: dict[str, Any]) -> Lines:
    yield "category", one["category"]
    yield "entries", f"{one['entries']}, of {one['path']} ({one['format']})"
    yield "unread", f"{one['unread_lines']} lines" if one["unread_lines"] else ""
    yield "version", f"{one['version']}, {one['age_s']} s old{', stale' if one['stale'] else ''}"


def _verdict_lines(one: dict[str, Any]) -> Lines:
    for matched in (one.get("matched"), *one.get("notes", ())):
        if matched is not None:
            kind = matched.get("category", "")
            yield "list", f"{matched['list']} ({kind})" if kind else matched["list"]
            yield "names", matched["expression"]
            yield "of", matched["hop"]
            yield "entry", matched["entry"]
            yield "comment", matched.get("comment", "")
    yield "before", (one.get("previous") or {}).get("verdict", "")
    yield "signals", ", ".join(one.get("signals", ()))
