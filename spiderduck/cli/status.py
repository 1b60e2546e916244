"""`spiderduck status` and `spiderduck queues`: what works, what waits, what is paused, and why."""

from collections.abc import Iterator
from typing import Any

import typer

from groundwork.terminal import field, plain_console, say, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

AWAY = 503
SOMETHING_IS_MISSING = 1
"""The exit code."""
MOST_PAUSED = 20
STYLES = {"ok": "green", "warning": "yellow", "missing": "red", "silent": "red"}


def status(server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show what works, what waits, and what is paused and why, of all processes.

    The exit code is 0 if everything works, and 1 if something is missing or a process is silent.
    """
    import msgspec

    from spiderduck.cli.server import Refused, ServerClient

    client = ServerClient(server, key)
    seen = client.get("/v1/cluster")
    try:
        queues = client.get("/v1/queues")["queues"]
    except Refused as error:
        if error.status != AWAY:
            raise
        queues = None  # the broker is away, which is what one wants to read of
    found = summary(seen, queues)
    if as_json:
        say_json(msgspec.json.encode(found))
    else:
        _show(found)
    if not found["works"]:
        raise typer.Exit(SOMETHING_IS_MISSING)


def queues(server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """List the durable queues of notices: how much waits in each, for how long, and when it expires."""
    import msgspec
    from rich.table import Table

    from spiderduck.cli.server import ServerClient

    found = ServerClient(server, key).get("/v1/queues")["queues"]
    if as_json:
        for one in found:
            say_json(msgspec.json.encode(one))
        return
    if not found:
        say("there are no durable queues; PUT /v1/queues/NAME makes one")
        return
    table = Table("queue", "wait", "oldest", "last read", "expires", box=None, pad_edge=False)
    for one in found:
        row = (one["name"], str(one["lag"]), _time(one["age_s"]), one["used_at"], one["expires_at"] or "never")
        table.add_row(*map(field, row))
    plain_console().print(table)


def summary(seen: dict[str, Any], queues: list[dict[str, Any]] | None) -> dict[str, Any]:
    """What `status` tells, of the answers to `GET /v1/cluster` and `GET /v1/queues` (None where that is away)."""
    needs = list(_needs(seen["processes"]))
    paused = [{**one, "process": process["name"]} for process in seen["processes"] for one in process.get("paused", [])]
    paused.sort(key=lambda one: (-one.get("waiting", 0), one["until"]))
    return {
        "works": not any(one["state"] in ("missing", "silent") for one in needs),
        "processes": len(seen["processes"]),
        "versions": seen["versions"],
        "needs": needs,
        "events": seen["queue"],
        "queues": queues,
        "paused": paused,
        "incomplete": seen.get("incomplete"),
    }


def _needs(processes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What is not as it should be, by process; and a process that says nothing."""
    for process in processes:
        if process["state"] == "silent":
            why = process.get("because", "it does not answer")
            remedy = "look whether it runs, and at its log"
            told = {"since": process.get("seen_at"), "says": why, "remedy": remedy}
            yield {"process": process["name"], "name": "process", "state": "silent", **told}
            continue
        for one in process.get("dependencies", []):
            if one["state"] != "ok":
                yield {"process": process["name"], **one}


def _show(found: dict[str, Any]) -> None:
    console = plain_console()
    versions = ", ".join(sorted(found["versions"]))
    state = "everything works" if found["works"] else "something is missing"
    console.print(field(f"{state}: {_count(found['processes'], 'process', 'processes')}, version {versions}"))
    for one in found["needs"]:
        since = f" since {one['since']}" if one.get("since") else ""
        console.print(field(f"  {one['process']}: {one['name']} {one['state']}{since}: {one.get('says', '')}"))
        if one.get("remedy"):
            console.print(field(f"    {one['remedy']}"))
    if found["incomplete"]:
        console.print(field(f"  {found['incomplete']}"))
    _show_events(found["events"])
    for one in found["queues"] or ():
        if one["lag"]:
            waits = f"{_count(one['lag'], 'notice waits', 'notices wait')} in the queue {one['name']}"
            console.print(field(f"{waits}, the oldest for {_time(one['age_s'])}"))
    _show_paused(found["paused"])


def _show_events(events: dict[str, Any] | None) -> None:
    console = plain_console()
    if events is None:
        console.print(field("the broker does not say what waits"))
        return
    oldest = events.get("oldest_s")
    age = f", the oldest for {_time(oldest)}" if oldest and oldest >= 1 else ""
    console.print(field(f"{_count(events['ready'], 'event waits', 'events wait')} or are worked on{age}"))
    if events["deferred"]:
        console.print(field(f"{_count(events['deferred'], 'event is', 'events are')} put off to a later time"))
    if events["dead"]:
        given_up = _count(events["dead"], "event was", "events were")
        console.print(field(f"{given_up} given up: `spiderduck dead list` has the reasons"))


def _show_paused(paused: list[dict[str, Any]]) -> None:
    console = plain_console()
    if paused:
        console.print(field(f"{_count(len(paused), 'domain is', 'domains are')} paused:"))
    for one in paused[:MOST_PAUSED]:
        waits = f", {one['waiting']} wait" if one.get("waiting") else ""
        console.print(
            field(f"  {one['name']} until {one['until']}{waits}: {one.get('because') or 'it asked for rest'}")
        )
    if len(paused) > MOST_PAUSED:
        console.print(field(f"  and {len(paused) - MOST_PAUSED} more (--json shows all)"))


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
