"""100,000 URLs of 1,000 domains queued at once: memory before, at the height, and afterwards.

    python -m benchmarks.backlog [URLS]

The rate limit is closed to one request an hour, so that every URL is deferred: the flow must take all of them in and give
all of its memory back. (What the next ready queue costs to find is `benchmarks/fetcher.py`.)
"""

import asyncio
import gc
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import uvloop

from benchmarks.pipeline import settings
from benchmarks.site import running_site
from fetchers.config import RateLimits
from schedulers.model import Message
from spiderduck.bootstrap.data_folder import DataFolder
from spiderduck.bootstrap.product import embedded
from spiderduck.config import Config

DOMAINS = 1000


def resident_mb() -> float:
    """This process's resident memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def run(config: Config, count: int) -> None:
    folder = DataFolder(Path(config.data))
    async with embedded(config, folder) as product:
        background = [
            asyncio.create_task(work)
            for work in (product.fetcher.run(), product.queue.run(), *(one.run() for one in product.schedulers))
        ]
        await publish(product.services.queue, 2_000, "warm")
        await drained(product)
        gc.collect()
        before, height = resident_mb(), 0.0
        started = time.perf_counter()
        await publish(product.services.queue, count, "url")
        while (lengths := await product.queue.lengths()).ready:
            height = max(height, resident_mb())
            await asyncio.sleep(0.05)
        seconds = time.perf_counter() - started
        gc.collect()
        print(f"{count} URLs of {DOMAINS} domains taken in within {seconds:.1f} s, {lengths.deferred} deferred")
        print(f"memory    {before:.0f} MB before, {height:.0f} MB at the height, {resident_mb():.0f} MB afterwards")
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
    folder.release()


async def publish(queue: object, count: int, name: str) -> None:
    urls = [f"http://domain{number % DOMAINS}.test/{name}/{number}" for number in range(count)]
    for start in range(0, count, 500):
        batch = [Message(msgspec.json.encode({"id": url, "urls": [url]}), url) for url in urls[start : start + 500]]
        await queue.publish(batch)  # type: ignore[attr-defined]


async def drained(product: object) -> None:
    while (await product.queue.lengths()).ready:  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with running_site() as port, tempfile.TemporaryDirectory() as folder:
        config = settings(folder, port)
        closed = replace(config.fetchers, rate_limit=RateLimits(per_second=1 / 3600, burst=1))
        uvloop.run(run(replace(config, fetchers=closed), count))


if __name__ == "__main__":
    main()
