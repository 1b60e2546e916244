"""CPU per URL of the whole embedded pipeline against the floor: a bare transport fetch, lexbor's parse, five CSS queries.

    python -m benchmarks.pipeline [PAGES]

Both in this process, one after the other, on the same pages of the same site; the site's process does not count.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import uvloop
from selectolax.lexbor import LexborHTMLParser

from benchmarks.site import running_site
from fetchers.exchange import PLACEHOLDER
from fetchers.standalone import make_transport
from fetchers.urls import split
from schedulers.model import Message
from spiderduck.bootstrap.data_folder import DataFolder
from spiderduck.bootstrap.product import Product, embedded
from spiderduck.config import Config, load
from spiderduck.subscriptions.ports import Filter

HOSTS = 200
AT_ONCE = 64
QUERIES = (
    "title",
    'meta[property="og:title"]',
    'meta[name="description"]',
    'link[rel="canonical"]',
    'meta[property="article:published_time"]',
)


class Figures(NamedTuple):
    """Per page: CPU and wall seconds."""

    cpu: float
    wall: float


def settings(folder: str, port: int) -> Config:
    """The rate limit open, every `*.bench.test` on the local site."""
    open_limit = {"per_second": 1e6, "burst": 1_000_000, "domains": {}}
    network = {"resolve": {"*.test": f"127.0.0.1:{port}"}}
    tables = {"fetchers": {"rate_limit": open_limit, "network": network}, "log_level": "error"}
    return load(None, {}, {"data": folder, **tables})


def urls(count: int) -> list[str]:
    """On many registrable domains."""
    return [f"http://host{number % HOSTS}.test/articles/{number}" for number in range(count)]


async def floor(config: Config, pages: list[str]) -> Figures:
    """What cannot be done without."""
    transport = make_transport(config.fetchers)
    waiting = iter(pages)

    async def work() -> None:
        for url in waiting:
            parts = split(url)
            request = httpx.Request(
                "GET",
                PLACEHOLDER,
                headers=[("Host", parts.authority), ("Accept", "*/*")],
                extensions={"url": url, "parts": parts, "target": parts.target.encode()},
            )
            response = await transport.handle_async_request(request)
            body = b"".join([chunk async for chunk in response.stream])  # type: ignore[union-attr]
            await response.aclose()
            tree = LexborHTMLParser(body)
            for query in QUERIES:
                tree.css_first(query)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    figures = Figures((time.process_time() - cpu) / len(pages), (time.perf_counter() - wall) / len(pages))
    await transport.aclose()
    return figures


async def pipeline(config: Config, pages: list[str]) -> Figures:
    """From the queue to the notice, everything durable."""
    folder = DataFolder(Path(config.data))
    async with embedded(config, folder) as product:
        background = [
            asyncio.create_task(work)
            for work in (product.fetcher.run(), product.queue.run(), *(one.run() for one in product.schedulers))
        ]
        warm_up = urls(HOSTS)
        await _through(product, [f"{url}?warm" for url in warm_up])
        cpu, wall = time.process_time(), time.perf_counter()
        await _through(product, pages)
        figures = Figures((time.process_time() - cpu) / len(pages), (time.perf_counter() - wall) / len(pages))
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
    folder.release()
    return figures


async def _through(product: Product, pages: list[str]) -> None:
    services = product.services
    subscription = await services.subscriptions.open(None, Filter(types=frozenset({"spiderduck.url.processed"})))
    messages = [Message(msgspec.json.encode({"id": url, "urls": [url]}), url) for url in pages]
    for start in range(0, len(messages), 500):
        await services.queue.publish(messages[start : start + 500])
    done = 0
    while done < len(pages):
        done += len(await subscription.receive(500))
    await subscription.close()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    pages = urls(count)
    with running_site() as port, tempfile.TemporaryDirectory() as folder:
        config = settings(folder, port)
        uvloop.run(floor(config, pages[:500]))
        least = uvloop.run(floor(config, pages))
        whole = uvloop.run(pipeline(config, pages))
    print(f"floor     {least.cpu * 1e3:6.2f} ms CPU a page, {1 / least.wall:7.0f} pages/s")
    print(f"pipeline  {whole.cpu * 1e3:6.2f} ms CPU a page, {1 / whole.wall:7.0f} pages/s")
    print(f"ratio     {whole.cpu / least.cpu:6.2f} (budget 2.5, later 2)")


if __name__ == "__main__":
    main()
