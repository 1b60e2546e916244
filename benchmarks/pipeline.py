"""CPU per URL of the whole embedded pipeline against the floor: a bare transport fetch, lexbor's parse, five CSS queries.

    python -m benchmarks.pipeline [PAGES]

Both in this process, in turns, on the same pages of the same site, so that whatever else the machine does falls on
both; the median of the turns counts. The site's process does not.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
import uvloop
from selectolax.lexbor import LexborHTMLParser

from benchmarks.bare import fetch_behind_httpx
from benchmarks.site import running_site
from fetchers.ports import Transport
from fetchers.standalone import make_transport
from schedulers.model import Message
from spiderduck.bootstrap.data_folder import DataFolder
from spiderduck.bootstrap.product import Product, running_parts
from spiderduck.config import Config, load
from spiderduck.subscriptions.ports import Filter

HOSTS = 200
AT_ONCE = 64
TURNS = 7
TRAILING_SECONDS = 0.1
"""After the last notice there are acknowledgements to write: they belong to the turn."""
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
    tables = {
        "fetchers": {"rate_limit": open_limit, "network": network},
        "schedulers": {"pictures": False},  # real pages name those of their publishers
        "log_level": "error",
    }
    return load(None, {}, {"data": folder, **tables})


def urls(count: int) -> list[str]:
    """On many registrable domains."""
    return [f"http://host{number % HOSTS}.test/articles/{number}" for number in range(count)]


async def floor(transport: Transport, pages: Sequence[str]) -> Figures:
    """What cannot be done without."""
    waiting = iter(pages)

    async def work() -> None:
        for url in waiting:
            body = await fetch_behind_httpx(transport, url)
            tree = LexborHTMLParser(body)
            for query in QUERIES:
                tree.css_first(query)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return Figures((time.process_time() - cpu) / len(pages), (time.perf_counter() - wall) / len(pages))


async def pipeline(product: Product, pages: Sequence[str]) -> Figures:
    """From the queue to the notice, everything durable."""
    cpu, began = time.process_time(), time.perf_counter()
    await through(product, pages)
    wall = time.perf_counter() - began
    await asyncio.sleep(TRAILING_SECONDS)
    return Figures((time.process_time() - cpu) / len(pages), wall / len(pages))


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Product]:
    """The embedded product at work, without its HTTP server."""
    folder = DataFolder(Path(config.data))
    async with running_parts(config, folder.path) as product:
        background = [
            asyncio.create_task(work)
            for work in (*(begin() for _, begin in product.work), *(one.run() for one in product.schedulers))
        ]
        yield product
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
    folder.release()


async def in_turns(config: Config, pages: Sequence[str]) -> tuple[list[Figures], list[Figures]]:
    """The floor's figures and the pipeline's, a turn each."""
    least, whole = [], []
    transport = make_transport(config.fetchers)
    async with running(config) as product:
        warm_up = [f"{url}?warm" for url in urls(HOSTS)]
        await floor(transport, warm_up)
        await through(product, warm_up)
        for turn in range(TURNS):
            some = pages[turn::TURNS]
            least.append(await floor(transport, some))
            whole.append(await pipeline(product, some))
    await transport.aclose()
    return least, whole


async def through(product: Product, pages: Sequence[str]) -> None:
    services = product.services
    assert services is not None
    subscription = await services.subscriptions.open(None, Filter(types=frozenset({"spiderduck.url.processed"})))
    messages = [Message(msgspec.json.encode({"id": url, "urls": [url]}), url) for url in pages]
    for start in range(0, len(messages), 500):
        await services.queue.publish(messages[start : start + 500])
    done = 0
    while done < len(pages):
        done += len(await subscription.receive(500))
    await subscription.close()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500 * TURNS
    with running_site() as port, tempfile.TemporaryDirectory() as folder:
        least, whole = uvloop.run(in_turns(settings(folder, port), urls(count)))
    for name, figures in (("floor", least), ("pipeline", whole)):
        cpu, wall = median(one.cpu for one in figures), median(one.wall for one in figures)
        print(f"{name:9} {cpu * 1e3:6.2f} ms CPU a page, {1 / wall:7.0f} pages/s")
    ratio = median(above.cpu / below.cpu for above, below in zip(whole, least, strict=True))
    print(f"ratio     {ratio:6.2f} (budget 2.5, later 2)")


if __name__ == "__main__":
    main()
