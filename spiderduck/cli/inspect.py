"""`spiderduck inspect`: what the pure parts see in a text, a URL, a page, a robots.txt or an address, and why."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.terminal import field, plain_console, say_json
from spiderduck.cli.fetch import fetched
from spiderduck.cli.settings import AsJson, ConfigFile
from spiderduck.errors import SpiderDuckError

if TYPE_CHECKING:
    from schedulers.metadata import Metadata

app = typer.Typer(
    help="Show how a text, URL, page, robots.txt or address is understood, which rule decided, and why.",
    no_args_is_help=True,
)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise SpiderDuckError(f"{file} cannot be read: {error.strerror}") from error


def _show(rows: Sequence[tuple[str, ...]], head: tuple[str, ...], data: Any, as_json: bool) -> None:
    import msgspec
    from rich.table import Table

    if as_json:
        say_json(msgspec.json.encode(data))
        return
    table = Table(*head)
    for row in rows:
        table.add_row(*(field(cell) for cell in row))
    plain_console().print(table)


@app.command()
def text(
    file: Annotated[str, typer.Argument(help="A file with text; - reads standard input.")], as_json: AsJson = False
) -> None:
    """Find the URLs in a text."""
    from schedulers.urls import extract_urls

    found = extract_urls(_read(file).decode("utf-8", "replace"))
    rows = [(one.url, str(one.start), str(one.end)) for one in found]
    data = [{"url": one.url, "start": one.start, "end": one.end} for one in found]
    _show(rows, ("url", "start", "end"), data, as_json)


@app.command()
def url(url: Annotated[str, typer.Argument(help="A URL.")], as_json: AsJson = False) -> None:
    """Show the parts of a URL, what is sent on the wire, and its dedup key."""
    from fetchers.urls import registrable_domain, split
    from schedulers.errors import InvalidUrl
    from schedulers.urls import dedup_key, parse_url

    try:
        parsed = parse_url(url)
    except InvalidUrl as error:
        raise SpiderDuckError(str(error)) from error
    parts = split(parsed)
    data = {
        "url": parsed,
        "dedup_key": dedup_key(parsed),
        "host": parts.host,
        "port": parts.port,
        "registrable_domain": registrable_domain(parts.host),
        "target": parts.target,
    }
    _show([(name, str(value)) for name, value in data.items()], ("what", "value"), data, as_json)


@app.command()
def page(
    source: Annotated[
        str, typer.Argument(help="An HTML file (or another type), or the URL of a page; - reads standard input.")
    ],
    page_url: Annotated[str, typer.Option("--url", help="The URL that a file came from.")] = "http://page.invalid/",
    content_type: Annotated[str | None, typer.Option(help="A file's Content-Type header.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a page's metadata: each value, the rule that gave it, what the other rules offered, why its title is what
    it is, and what of it a card leaves out.

    A URL is fetched politely (robots.txt, rate limit, address guard).
    """
    import time

    import msgspec

    from schedulers.metadata import (
        encode_metadata,
        encode_provenance,
        encode_usage,
        extract_metadata,
        shown,
        title_explained,
        wall_kind,
        withheld,
    )

    if source.lower().startswith(("http://", "https://")):
        metadata = _of_url(source, config)
    else:
        metadata = extract_metadata(_read(source), url=page_url, content_type=content_type)
    values = msgspec.json.decode(encode_metadata(metadata))
    provenance = msgspec.json.decode(encode_provenance(metadata))
    rows = []
    for name, value in values.items():
        origin = provenance.get(name, {})
        others = "\n".join(
            f"{one['rule']}: {'the same' if one['value'] == value else one['value']}"
            for one in origin.get("alternatives", [])
        )
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        rows.append((name, text, origin.get("rule", ""), others))
    usage = msgspec.json.decode(encode_usage(metadata) or b"{}")
    rows += [(f"usage: {name}", str(said["value"]).lower(), said["source"], "") for name, said in usage.items()]
    why = title_explained(metadata)
    data = {"metadata": values, "provenance": provenance, "usage": usage, "title_because": why}
    _show(rows, ("field", "value", "rule", "alternatives"), data, as_json)
    if as_json:
        return
    notes = [f"The title: {why}", *withheld(shown(metadata, time.time()))]
    if (wall := metadata.interstitial) is not None:
        kind = "" if wall == wall_kind(wall) else f", {wall_kind(wall)}"
        notes.append(
            f"This is a wall ({wall}{kind}) and no page: it never becomes metadata; the link ends as interstitial."
        )
    for note in notes:
        plain_console().print(field(note))


def _of_url(url: str, config: Path | None) -> "Metadata":
    """The metadata of the answer that a fetch ends with."""
    from fetchers.model import Response
    from fetchers.report import print_hops
    from schedulers.metadata import ReadingOptions, extract_metadata

    result = fetched(url, config)
    print_hops(result, sys.stderr)
    answer = result.outcome
    if not isinstance(answer, Response):
        raise typer.Exit(1)
    return extract_metadata(
        answer.body,
        url=answer.url,
        content_type=answer.content_type,
        status_code=answer.status_code,
        headers=answer.headers,
        options=ReadingOptions(preferences=answer.preferences),
    )


@app.command()
def robots(
    file: Annotated[str, typer.Argument(help="A robots.txt; - reads standard input.")],
    page_url: Annotated[str, typer.Option("--url", help="URL of the page to check.")] = "http://site.invalid/",
    agent: Annotated[str, typer.Option(help="Our user agent's name.")] = "SpiderDuck",
    as_json: AsJson = False,
) -> None:
    """Show whether a robots.txt allows a page to be fetched, and which line decides."""
    from fetchers import robots_txt

    rules = robots_txt.parse(_read(file))
    verdict = rules.verdict(agent, page_url)
    data = {
        "allowed": verdict.allowed,
        "rule": verdict.rule,
        "line": verdict.line,
        "crawl_delay": rules.crawl_delay(agent),
        "sitemaps": list(rules.sitemaps),
    }
    _show([(name, str(value)) for name, value in data.items()], ("what", "value"), data, as_json)


@app.command()
def address(address: Annotated[str, typer.Argument(help="An IP address.")], as_json: AsJson = False) -> None:
    """Show whether the address guard allows a connection to an address, and why not."""
    from groundwork.address_guard import AddressPolicy

    refusal = AddressPolicy().refusal(address)
    data = {"address": address, "allowed": refusal is None, "reason": refusal or ""}
    _show([(name, str(value)) for name, value in data.items()], ("what", "value"), data, as_json)
