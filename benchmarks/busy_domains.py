"""What a URL of a rare domain waits while a few domains get far more than their limit.

    python -m benchmarks.busy_domains [SECONDS] [URLS_A_SECOND] [DOMAINS] [IN_FLIGHT]

Open loop: Poisson arrivals, domains by Zipf's law, default limits for each of them, the origin on loopback. A domain is
rare when it gets fewer than a fifth of the URLs that its limit allows. Prints the seconds from acceptance to notice.
"""

import asyncio
import math
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import accumulate
from random import Random
from typing import Any

import msgspec
import uvloop

from benchmarks.pipeline import running, settings
from benchmarks.site import running_site
from fetchers.config import RateLimits
from schedulers.model import Message
from spiderduck.bootstrap.product import Product
from spiderduck.config import Config
from spiderduck.subscriptions.ports import Filter

SEED = 7
RARE_SHARE = 0.2
DRAIN_SECONDS = 5.0
"""So long after the last event a notice still counts as seen."""


class Share(msgspec.Struct):
    """What of a notice is needed here."""

    subject: str


@dataclass
class Load:
    """The URLs that were sent, and how long each took to its notice."""

    rates: list[float]
    limit: float
    sent: dict[str, tuple[int, float]] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def is_rare(self, rank: int) -> bool:
        return self.rates[rank] < RARE_SHARE * self.limit

    def waits(self, *, rare: bool) -> tuple[list[float], int]:
        """The seconds of one kind of URLs in order, and how many of them were sent."""
        urls = [url for url, (rank, _) in self.sent.items() if self.is_rare(rank) is rare]
        return sorted(self.took[url] for url in urls if url in self.took), len(urls)


def zipf(domains: int, per_second: float) -> list[float]:
    """URLs a second of each domain."""
    whole = sum(1 / rank for rank in range(1, domains + 1))
    return [per_second / rank / whole for rank in range(1, domains + 1)]


async def offer(product: Product, load: Load, seconds: float) -> None:
    """Send for so long, then wait a moment for what is still under way."""
    assert product.services is not None
    queue = product.services.queue
    subscription = await product.services.subscriptions.open(
        None, Filter(types=frozenset({"spiderduck.url.processed"}))
    )

    async def listen() -> None:
        decode = msgspec.json.Decoder(Share).decode
        while True:
            received = await subscription.receive(500)
            now = time.perf_counter()
            for one in received:
                subject = decode(one.body).subject
                load.took[subject] = now - load.sent[subject][1]

    listening = asyncio.create_task(listen())
    random, sums = Random(SEED), list(accumulate(load.rates))
    due = time.perf_counter()
    end = due + seconds
    sending = set()
    while (due := due + random.expovariate(sums[-1])) < end:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        (rank,) = random.choices(range(len(sums)), cum_weights=sums)
        url = f"http://domain{rank}.test/page/{len(load.sent)}"
        load.sent[url] = (rank, time.perf_counter())
        task = asyncio.create_task(queue.publish([Message(msgspec.json.encode({"id": url, "urls": [url]}), url)]))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await asyncio.sleep(DRAIN_SECONDS)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await subscription.close()


def count_deferrals(product: Product) -> Counter[str]:
    """How often each URL is put off from now on, by URL."""
    assert product.services is not None
    queue: Any = product.services.queue
    counted: Counter[str] = Counter()
    defer = queue.defer

    async def counting(message: Message, until: float) -> None:
        counted[message.url or ""] += 1
        await defer(message, until)

    queue.defer = counting
    return counted


async def run(config: Config, load: Load, seconds: float) -> None:
    cpu = time.process_time()
    async with running(config) as product:
        assert product.services is not None
        put_off = count_deferrals(product)
        await offer(product, load, seconds)
        lengths = await product.services.dead_letters.lengths()
    cpu = time.process_time() - cpu
    often = list(put_off.values()) or [0]
    for rare, name in ((True, "rare"), (False, "busy")):
        waits, sent = load.waits(rare=rare)
        print(f"{name} domains: {sent} URLs sent, {len(waits)} done; seconds {_quantiles(waits)}")
    print(f"put off: {len(often)} URLs, {sum(often) / len(often):.2f} times on the average, at most {max(often)}")
    print(
        f"queue: {lengths.ready} ready, {lengths.deferred} deferred; {1000 * cpu / max(1, len(load.took)):.1f} ms CPU a page done"
    )


def _quantiles(waits: list[float]) -> str:
    if not waits:
        return "none"
    at = {
        name: waits[min(len(waits) - 1, math.floor(share * len(waits)))]
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }
    return f"p50 {at['p50']:.2f}, p99 {at['p99']:.2f}, longest {waits[-1]:.2f}"


def main() -> None:
    given = [float(one) for one in sys.argv[1:]]
    seconds, per_second, domains, places = [*given, *(60.0, 300.0, 2000.0, 256.0)[len(given) :]]
    with running_site() as port, tempfile.TemporaryDirectory() as folder:
        config = settings(folder, port)
        # All names lead to one loopback address, whose own limit would be the only one to be measured.
        limits = RateLimits(address_per_second=1e6, address_burst=1_000_000)
        config = replace(
            config,
            fetchers=replace(config.fetchers, rate_limit=limits),
            schedulers=replace(config.schedulers, in_flight=int(places)),
        )
        uvloop.run(run(config, Load(zipf(int(domains), per_second), limits.per_second), seconds))


if __name__ == "__main__":
    main()
