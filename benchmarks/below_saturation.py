"""What a URL costs where the machine is nearly idle, and what the product costs where nothing comes.

    python -m benchmarks.below_saturation [SECONDS]

The embedded product in this process, its HTTP server included, on a local site of many hosts. First nobody sends
anything: wake-ups (voluntary switches) and CPU a second, by thread. Then events come at fixed rates: CPU a URL, switches,
calls of the store and flushes of files. Pages of 60 KB, the rate limit open; the site's process is not counted.
"""

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop

from benchmarks.pipeline import HOSTS, running, settings, through, urls
from benchmarks.site import running_site
from groundwork.front.limits import FrontLimits
from groundwork.front.server import FrontServer, bound
from schedulers.model import Message
from spiderduck.bootstrap.product import Product
from spiderduck.config import Config
from spiderduck.database.sqlite import Database

RATES = (5, 50, 200)
QUIET_SECONDS = 12.0
"""After so long nothing is left to be done for what came before."""


class Look(NamedTuple):
    """Voluntary switches and CPU microseconds by thread, CPU seconds, calls of the store, all since the start."""

    switches: Counter[str]
    threads: Counter[str]
    cpu: float
    calls: Counter[str]


class Calls:
    """Counts what is asked of databases, by kind."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        for name in ("_write_batch", "read", "write", "write_later"):
            self._count(name)

    def _count(self, name: str) -> None:
        before = getattr(Database, name)

        def counting(*args: object) -> object:
            self.counts["commits" if name == "_write_batch" else name] += 1
            return before(*args)

        setattr(Database, name, counting)


def look(calls: Calls) -> Look:
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    switches, threads = Counter[str](), Counter[str]()
    for task in Path("/proc/self/task").iterdir():
        status, name = (task / "status").read_text(), names.get(int(task.name), "others")
        switches[name] += int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])
        threads[name] += int((task / "schedstat").read_text().split()[0]) // 1000
    return Look(switches, threads, time.process_time(), calls.counts.copy())


@asynccontextmanager
async def serving(product: Product) -> AsyncIterator[None]:
    """Its server, on a port of its own."""
    server = FrontServer(product.app, FrontLimits())
    with bound("127.0.0.1", 0) as listener:
        task = asyncio.create_task(server.serve([listener]))
        yield
        server.should_exit = True
        await task


async def send(product: Product, rate: float, seconds: float, name: str) -> int:
    """Events with a URL each, at that rate; returns how many, when all have been told of."""
    services = product.services
    assert services is not None
    count, began = int(rate * seconds), time.perf_counter()
    before = await told(product)
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        url = f"http://host{number % HOSTS}.test/{name}/{number}"
        await services.queue.publish([Message(msgspec.json.encode({"id": url, "urls": [url]}), url)])
    while await told(product) < before + count:
        await asyncio.sleep(0.5)
    return count


async def told(product: Product) -> int:
    return product.health.telemetry.outcomes.total()


def row(name: str, before: Look, after: Look, count: float) -> str:
    switches = {key: round(value / count, 1) for key, value in (after.switches - before.switches).most_common(6)}
    calls = {key: round(value / count, 2) for key, value in (after.calls - before.calls).most_common()}
    threads = {key: round(value / 1e3 / count, 2) for key, value in (after.threads - before.threads).most_common(5)}
    cpu = 1e3 * (after.cpu - before.cpu) / count
    return f"{name:12} {cpu:6.2f} ms CPU {threads}; switches {switches}; store {calls}"


async def measure(config: Config, seconds: float) -> None:
    calls = Calls()
    async with running(config) as product, serving(product):
        await through(product, [f"{url}?warm" for url in urls(HOSTS)])
        await asyncio.sleep(QUIET_SECONDS)
        before = look(calls)
        await asyncio.sleep(seconds)
        print(row("a second idle", before, look(calls), seconds), flush=True)
        for rate in RATES:
            before = look(calls)
            count = await send(product, rate, seconds, f"rate{rate}")
            print(row(f"{rate} URLs/s", before, look(calls), count), flush=True)
        before, began = look(calls), time.perf_counter()
        await through(product, [f"{url}?full" for url in urls(2000)])
        print(row(f"{2000 / (time.perf_counter() - began):.0f} URLs/s", before, look(calls), 2000))


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with running_site() as port, tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        uvloop.run(measure(settings(folder, port), seconds))


if __name__ == "__main__":
    main()
