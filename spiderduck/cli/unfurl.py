"""`spiderduck unfurl`: the card of a URL, without a server."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.terminal import plain_console, say_json
from spiderduck.cli.progress import Tell, working
from spiderduck.cli.settings import AsJson, ConfigFile, read_settings

if TYPE_CHECKING:
    from schedulers.record import Record
    from spiderduck.config import Config

PATIENCE_SECONDS = 120.0


def unfurl(
    urls: Annotated[list[str], typer.Argument(help="One or more URLs.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Fetch URLs politely and show their cards. Needs no server and stores nothing.

    The exit code is 1 if a URL could not be understood.
    """
    import msgspec

    from spiderduck.cli.card import print_record

    settings = read_settings(config)
    fetched = True
    with working("starting") as tell:
        records = asyncio.run(_unfurl(urls, settings, tell))
    for record in records:
        fetched = fetched and record.status == "fetched"
        encoded = msgspec.json.encode(record)
        if as_json:
            say_json(encoded)
        else:
            print_record(plain_console(), msgspec.json.decode(encoded))
    if not fetched:
        raise typer.Exit(1)


async def _unfurl(urls: list[str], settings: "Config", tell: Tell) -> "list[Record]":
    from fetchers.standalone import running_fetcher
    from groundwork.clock import SystemClock
    from schedulers.pipeline import unfurl as unfurl_one
    from spiderduck.bootstrap.blocking import open_blocking
    from spiderduck.content.extraction import Extraction
    from spiderduck.fetching import FetchThroughClient

    clock = SystemClock()
    policy = open_blocking(settings, clock).policy
    async with running_fetcher(settings.fetchers, policy=policy) as fetcher:
        fetch = FetchThroughClient(fetcher.open_hop, settings.fetchers.limits.redirects)
        extractor = Extraction(settings.extract.inline_bytes, product=settings.fetchers.product_token)
        records = []
        for number, url in enumerate(urls):
            tell(f"asking {url} (the first request to a site waits its turn)", number, len(urls))
            records.append(await unfurl_one(url, fetch, extractor, clock, PATIENCE_SECONDS))
        return records
