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

from benchmarks.pipeline import running, settings
from benchmarks.site import running_site
from fetchers.config import RateLimits
from schedulers.model import Message
from schedulers.ports import EventQueue
from spiderduck.config import Config
from spiderduck.queues.ports import DeadLetters

DOMAINS = 1000


def resident_mb() -> float:
    """This process's resident memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def run(config: Config, count: int) -> None:
    async with running(config) as product:
        assert product.services is not None
        dead_letters = product.services.dead_letters
        await publish(product.services.queue, 2_000, "warm")
        await drained(dead_letters)
        gc.collect()
        before, height = resident_mb(), 0.0
        started = time.perf_counter()
        await publish(product.services.queue, count, "url")
        while (lengths := await dead_letters.lengths()).ready:
            height = max(height, resident_mb())
            await asyncio.sleep(0.05)
        seconds = time.perf_counter() - started
        gc.collect()
        print(f"{count} URLs of {DOMAINS} domains taken in within {seconds:.1f} s, {lengths.deferred} deferred")
        print(f"memory    {before:.0f} MB before, {height:.0f} MB at the height, {resident_mb():.0f} MB afterwards")


async def publish(queue: EventQueue, count: int, name: str) -> None:
    urls = [f"http://domain{number % DOMAINS}.test/{name}/{number}" for number in range(count)]
    for start in range(0, count, 500):
        batch = [Message(msgspec.json.encode({"id": url, "urls": [url]}), url) for url in urls[start : start + 500]]
        await queue.publish(batch)


async def drained(letters: DeadLetters) -> None:
    while (await letters.lengths()).ready:
        await asyncio.sleep(0.05)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with running_site() as port, tempfile.TemporaryDirectory() as folder:
        config = settings(folder, port)
        closed = replace(config.fetchers, rate_limit=RateLimits(per_second=1 / 3600, burst=1))
        uvloop.run(run(replace(config, fetchers=closed), count))


if __name__ == "__main__":
    main()
