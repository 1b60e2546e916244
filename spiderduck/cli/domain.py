"""`spiderduck domain`: how a domain is asked, why it is paused, and another limit for it."""

from typing import Annotated, Any

import typer

from groundwork.terminal import field, plain_console, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

MOST_SHOWN = 20


def domain(
    name: Annotated[str, typer.Argument(help="The domain, or a name below it.")],
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    per_second: Annotated[
        float | None,
        typer.Option("--per-second", help="From now on so many requests a second. 0: as configured again."),
    ] = None,
    burst: Annotated[int, typer.Option("--burst", help="With --per-second: so many at once after a pause.")] = 4,
    ceiling: Annotated[
        float | None,
        typer.Option("--ceiling", help="With --per-second: the rate may rise to that while the domain answers well."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="End its pause now; its limit holds on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a domain's limit, its pause with the reason, and what came of its URLs; or change its limit (scope `admin`),
    which is then that of every fetcher, or end its pause."""
    import msgspec

    from spiderduck.cli.server import ServerClient

    client = ServerClient(server, key)
    if per_second is not None:
        change = {"per_second": per_second or None, "burst": burst, "ceiling": ceiling}
        client.put(f"/v1/domains/{name}", content=msgspec.json.encode(change))
    if resume:
        client.post(f"/v1/domains/{name}/resume", content=b"")
    found = client.get(f"/v1/domains/{name}")
    if as_json:
        say_json(msgspec.json.encode(found))
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    console, limits = plain_console(), found["limits"]
    rise = f", up to {limits['ceiling']:g}" if "ceiling" in limits else ""
    console.print(
        field(f"{found['domain']}: {limits['per_second']:g} requests a second{rise}, {limits['burst']} at once")
    )
    pace = found.get("pace", 1.0)
    if pace != 1.0:
        console.print(field(f"it gets {pace:g} of that rate, by what it answered lately"))
    if "crawl_delay" in found:
        console.print(field(f"its robots.txt asks for {found['crawl_delay']:g} s between two requests"))
    if "backoff_until" in found:
        console.print(field(f"until {found['backoff_until']}: {found.get('pause_reason', 'it is paused')}"))
    console.print(field(f"{found.get('waiting', 0)} requests wait, {found.get('in_flight', 0)} are under way"))
    for one in found.get("recent", [])[:MOST_SHOWN]:
        console.print(field(f"{one.get('at', '')} {one['status']} {one['url']} {one.get('reason', '')}".strip()))
