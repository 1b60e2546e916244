"""Added latency: from an event's acceptance to its notice, at half of the rate that saturates the embedded pipeline.

    python -m benchmarks.latency [SECONDS]

Open loop, Poisson arrivals, the rate limit open, the origin on loopback: what remains is queue, flow, archive and store.
Prints milliseconds. First the saturated rate is taken, in this run.
"""

import asyncio
import sys
import tempfile
import time
from random import Random
from statistics import quantiles

import msgspec
import uvloop

from benchmarks.pipeline import HOSTS, pipeline, running, settings, through, urls
from benchmarks.site import running_site
from schedulers.model import Message
from spiderduck.bootstrap.product import Product
from spiderduck.config import Config
from spiderduck.subscriptions.ports import Filter

SEED = 1


class Share(msgspec.Struct):
    """What of a notice is needed here."""

    subject: str


async def latencies(product: Product, rate: float, seconds: float) -> list[float]:
    """Seconds from the acceptance of each event to its notice."""
    assert product.services is not None
    subscription = await product.services.subscriptions.open(
        None, Filter(types=frozenset({"spiderduck.url.processed"}))
    )
    sent: dict[str, float] = {}
    took: list[float] = []

    async def listen() -> None:
        decode = msgspec.json.Decoder(Share).decode
        while True:
            received = await subscription.receive(500)
            now = time.perf_counter()
            took.extend(now - sent[decode(one.body).subject] for one in received)

    listening = asyncio.create_task(listen())
    random, sending, end = Random(SEED), set(), time.perf_counter() + seconds
    due = time.perf_counter()
    while due < end:
        due += random.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        number = len(sent)
        url = f"http://host{number % HOSTS}.test/late/{number}"
        sent[url] = time.perf_counter()
        message = Message(msgspec.json.encode({"id": url, "urls": [url]}), url)
        task = asyncio.create_task(product.services.queue.publish([message]))
        sending.add(task)
        task.add_done_callback(sending.discard)
    while len(took) < len(sent):
        await asyncio.sleep(0.01)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await subscription.close()
    return took


async def at_half(config: Config, seconds: float) -> tuple[float, list[float]]:
    """The saturated rate, and the latencies at half of it."""
    async with running(config) as product:
        await through(product, [f"{url}?warm" for url in urls(HOSTS)])
        saturated = 1 / (await pipeline(product, urls(2000))).wall
        return saturated, await latencies(product, saturated / 2, seconds)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with running_site() as port, tempfile.TemporaryDirectory() as folder:
        saturated, took = uvloop.run(at_half(settings(folder, port), seconds))
    cuts = quantiles(took, n=100)
    print(f"saturated {saturated:6.0f} pages/s; {len(took)} events at half of that")
    print(f"p50       {cuts[49] * 1e3:6.1f} ms (at most 20)")
    print(f"p99       {cuts[98] * 1e3:6.1f} ms (at most 200)")


if __name__ == "__main__":
    main()
