"""`spiderduck lists`, `verdict`, `takedown` and `audit`: what is known to be bad, and who changed what."""

from typing import Annotated, Any

import typer

from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

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
    columns = ("name", "action", "category", "format", "entries", "unread", "version", "age", "path")
    _print_table(columns, [_list_row(one) for one in found])


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
        _print_table(
            ("verdict", "URL", "list", "names", "of", "entry", "signals"), [_verdict_row(one) for one in found]
        )
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
    columns = ("URLs", "at", "by", "reason", "pages", "pictures", "removed", "archive")
    _print_table(columns, [_takedown_row(one) for one in found])


def _takedown_row(one: dict[str, Any]) -> list[str]:
    counts = (str(one["pages"]), str(one["pictures"]))
    gone = (("removed_at" in one and "yes") or "not yet", ("erased_at" in one and "erased") or "not yet")
    urls = "\n".join(one["urls"])  # the one that was named is the first
    return [urls, one["at"], one.get("by", ""), one.get("reason", ""), *counts, *gone]


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


def _list_row(one: dict[str, Any]) -> list[str]:
    age = f"{one['age_s']} s{' (stale)' if one['stale'] else ''}"
    counts = (str(one["entries"]), str(one["unread_lines"]))
    return [one["name"], one["action"], one["category"], one["format"], *counts, one["version"], age, one["path"]]


def _verdict_row(one: dict[str, Any]) -> list[str]:
    matched = one.get("matched") or {}
    said = [matched.get(name, "") for name in ("list", "expression", "hop", "entry")]
    return [one["verdict"], one["url"], *said, ", ".join(one.get("signals", ()))]
