"""`spiderduck cluster`: all processes of an installation in one table."""

from typing import Any

import typer

from groundwork.terminal import field, plain_console, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

SOMEBODY_IS_SILENT = 1
"""The exit code."""
SHOWN = {
    "messages_in_flight": "messages in flight",
    "requests_waiting": "requests waiting",
    "requests_in_flight": "requests in flight",
    "worker_id": "worker id",
    "leases_given": "leases given",
    "ids_in_hand_ms": "ms of ids in hand",
}


def cluster(server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show all processes with part, version, uptime and load. The exit code is 1 if one is silent."""
    import msgspec

    from spiderduck.cli.server import ServerClient

    found = ServerClient(server, key).get("/v1/cluster")
    if as_json:
        say_json(msgspec.json.encode(found))
    else:
        _show(found)
    if found["silent"]:
        raise typer.Exit(SOMEBODY_IS_SILENT)


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table

    console, table = plain_console(), Table(box=None, pad_edge=False)
    for column in ("process", "parts", "state", "version", "up", "load", "MiB", "domains", "what"):
        table.add_column(column)
    for one in found["processes"]:
        table.add_row(*(field(text) for text in _row(one)))
    console.print(table)
    queue = found["queue"]
    if queue is None:
        console.print(field("the broker does not say what waits"))
    else:
        text = "{ready} events wait or are worked on, {deferred} are put off, {dead} are dead letters"
        console.print(field(text.format(**queue)))
    if "incomplete" in found:
        console.print(field(found["incomplete"]))


def _row(one: dict[str, Any]) -> list[str]:
    held = f"{one['domains_held'] / 1024:.0%}" if "domains_held" in one else ""
    memory = f"{one['resident_bytes'] / 2**20:.0f}" if "resident_bytes" in one else ""
    said = [one["because"]] if "because" in one else []
    said += [f"{name}: {text}" for name, text in one.get("missing", {}).items()]
    said += [f"{one['figures'][name]:g} {text}" for name, text in SHOWN.items() if one.get("figures", {}).get(name)]
    load = f"{one['load']:.2f}" if "load" in one else ""
    return [
        one["name"],
        ", ".join(one.get("parts", [])),
        one["state"],
        one.get("version", ""),
        _time(one["uptime_s"]) if "uptime_s" in one else "",
        load,
        memory,
        held,
        "; ".join(said),
    ]


def _time(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
