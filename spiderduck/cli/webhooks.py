"""`spiderduck webhooks`: who is told of notices by a POST, and what became of the deliveries."""

import json
from typing import Annotated, Any

import typer

from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

app = typer.Typer(help="Create, list, test, rotate and replay webhooks (Standard Webhooks).", no_args_is_help=True)

PATH = "/v1/webhooks"
Id = Annotated[str, typer.Argument(help="Id of the webhook.")]
Types = Annotated[list[str] | None, typer.Option("--type", help="Only notices of this type. Repeatable.")]
Domains = Annotated[list[str] | None, typer.Option("--domain", help="Only this domain and its subdomains. Repeatable.")]
UNITS = {"h": 3600, "d": 86_400}


@app.command("list")
def list_webhooks(server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """List the webhooks."""
    found = _server(server, key).get(PATH)["webhooks"]
    if not found and not as_json:
        say("there are no webhooks")
        return
    _print(found, ("id", "url", "types", "domains", "state"), _webhook_row, as_json)


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where notices are posted to: https://…")],
    types: Types = None,
    domains: Domains = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Create a webhook and print its secret, which is shown only once."""
    order = {"url": url, "types": types or [], "domains": domains or []}
    made = _server(server, key).call("POST", PATH, order)
    _print_secret(made, as_json)


@app.command()
def change(
    webhook_id: Id,
    url: Annotated[str | None, typer.Option(help="Another URL.")] = None,
    types: Types = None,
    domains: Domains = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Deliver, or stop to.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Change, enable or disable a webhook. What is not named stays as it is."""
    wish = {"url": url, "types": types, "domains": domains, "enabled": enabled}
    given = {name: value for name, value in wish.items() if value is not None}
    found = _server(server, key).call("PATCH", f"{PATH}/{_segment(webhook_id)}", given)
    _print([found], ("id", "url", "types", "domains", "state"), _webhook_row, as_json)


@app.command()
def delete(webhook_id: Id, server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Delete a webhook, with what waits for it."""
    _server(server, key).call("DELETE", f"{PATH}/{_segment(webhook_id)}")
    if as_json:
        say_json(json.dumps({"deleted": webhook_id}))
    else:
        say(f"{webhook_id} is deleted")


@app.command()
def rotate(
    webhook_id: Id,
    old_valid: Annotated[str, typer.Option(help="How long the old secret signs as well: 12h, 2d; 0 ends it.")] = "1d",
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Make a new secret and print it. Until the old one ends, requests are signed with both."""
    order = {"old_valid_s": _seconds(old_valid)}
    _print_secret(_server(server, key).call("POST", f"{PATH}/{_segment(webhook_id)}/rotate", order), as_json)


@app.command()
def deliveries(
    webhook_id: Id,
    most: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 50,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of the deliveries, newest first."""
    found = _server(server, key).get(f"{PATH}/{_segment(webhook_id)}/deliveries", most=most)["deliveries"]
    _print(found, ("id", "made at", "state", "attempts", "next attempt", "last answer"), _delivery_row, as_json)


@app.command()
def replay(
    webhook_id: Id,
    ids: Annotated[list[str] | None, typer.Argument(help="Deliveries; without any, all that were given up.")] = None,
    since: Annotated[str | None, typer.Option(help="All from a time on, such as 2030-01-31T12:00:00Z.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Deliver again."""
    order = {"ids": ids or None, "since": since}
    answer = _server(server, key).call("POST", f"{PATH}/{_segment(webhook_id)}/replay", order)
    if as_json:
        _print_json([answer])
    else:
        say(f"delivered again: {answer['replayed']}")


@app.command("test")
def send_test(webhook_id: Id, server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Send a test notice. The exit code is 1 if the receiver did not take it."""
    answer = _server(server, key).call("POST", f"{PATH}/{_segment(webhook_id)}/test", {})
    if as_json:
        _print_json([answer])
    else:
        said = answer["reason"] or f"it answered {answer['status_code']}"
        say(f"{'taken' if answer['delivered'] else 'not taken'}: {said} ({answer['took_ms']} ms)")
    if not answer["delivered"]:
        raise typer.Exit(1)


def _server(server: str, key: str | None) -> Any:
    from spiderduck.cli.server import ServerClient

    return ServerClient(server, key)


def _segment(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _seconds(text: str) -> int:
    from spiderduck.errors import BadSetting

    number, unit = (text[:-1], UNITS[text[-1]]) if text[-1:] in UNITS else (text, 1)
    if not (number.isascii() and number.isdigit()):
        raise BadSetting(f"--old-valid is {text!r}; it takes seconds, or 12h, 2d")
    return int(number) * unit


def _print_secret(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json([made])
        return
    say(made["secret"])
    say(f"This is the secret of {made['id']}; it is not shown again. Public key: {made['public_keys'][0]}", error=True)


def _print_json(found: list[Any]) -> None:
    import msgspec

    for one in found:
        say_json(msgspec.json.encode(one))


def _print(found: list[Any], columns: tuple[str, ...], row: Any, as_json: bool) -> None:
    """Cells are others' words: no markup in them is ours."""
    if as_json:
        _print_json(found)
        return
    from rich.table import Column, Table
    from rich.text import Text

    rows = [row(one) for one in found]
    longest = max((len(cells[0]) for cells in rows), default=0)  # an id in one piece can be copied
    table = Table(Column(columns[0], no_wrap=True, min_width=longest), *columns[1:])
    for cells in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    plain_console().print(table)


def _webhook_row(one: dict[str, Any]) -> list[str]:
    state = "enabled" if one["enabled"] else f"disabled: {one['disabled_because']}"
    return [one["id"], one["url"], ", ".join(one["types"]), ", ".join(one["domains"]), state]


def _delivery_row(one: dict[str, Any]) -> list[str]:
    last = one["attempts"][-1] if one["attempts"] else {}
    said = last.get("reason") or str(last.get("status_code") or "")
    return [one["id"], one["created_at"], one["status"], str(len(one["attempts"])), one["next_attempt_at"] or "", said]
