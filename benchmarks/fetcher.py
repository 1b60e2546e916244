"""What the fetcher costs beside the bare transport, and what a hundred thousand domain queues cost.

    python -m benchmarks.fetcher [PAGES]

CPU per fetch of 60 KB pages: the bare transport (`bare.py`); the whole fetcher (queue, rate limit open, robots, guard, decoding);
the fetcher behind its service, asked through the client library. All in this process, in turns, on the same pages of
the same site, whose own process does not count; for the third, client and service share the process, so that both
count.
"""

import asyncio
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from random import Random

import uvloop

from benchmarks.bare import fetch_bare, fetch_behind_httpx
from benchmarks.site import running_site
from fetchers.client.http import HttpFetchers
from fetchers.client.routing import Router
from fetchers.cluster import ClusterConfig, running_member
from fetchers.config import FetchersConfig, Network, Queues, RateLimits
from fetchers.model import HopRequest, RateLimit, Response
from fetchers.politeness.queue import BACK
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import DomainSlot
from fetchers.standalone import make_transport, running_fetcher
from groundwork.clock import SystemClock
from groundwork.memory import tune_allocator

HOSTS, AT_ONCE, ROUNDS = 60, 16, 8
Fetch = Callable[[str], Awaitable[int]]


def settings(port: int) -> FetchersConfig:
    return FetchersConfig(
        rate_limit=RateLimits(per_second=1e6, burst=1_000_000), network=Network(resolve={"*.test": f"127.0.0.1:{port}"})
    )


def urls(count: int, tag: str) -> list[str]:
    return [f"http://host{number % HOSTS}.test/{tag}/{number}" for number in range(count)]


async def cpu_per_fetch(fetch: Fetch, pages: list[str]) -> float:
    waiting = iter(pages)

    async def work() -> None:
        for url in waiting:
            assert await fetch(url) >= 60_000

    before = time.process_time()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return (time.process_time() - before) / len(pages)


def through(perform: Callable[[HopRequest], Awaitable[object]]) -> Fetch:
    async def fetch(url: str) -> int:
        by = time.time() + 60.0
        result = await perform(HopRequest(url, by, by))
        assert isinstance(result, Response), result
        return len(result.body)

    return fetch


async def costs(config: FetchersConfig, count: int) -> tuple[float, float, float, float]:
    """The least of some rounds each, in turns, so that what else the machine does falls on all."""
    transport = make_transport(config)

    async def bare(url: str) -> int:
        return len(await fetch_bare(transport, url))

    async def behind_httpx(url: str) -> int:
        return len(await fetch_behind_httpx(transport, url))

    clock = SystemClock()
    async with running_fetcher(config) as fetcher, running_member(config, ClusterConfig(port=0)) as member:
        router = Router([member.address], HttpFetchers(clock), clock, Random(1))
        ways = [bare, behind_httpx, through(fetcher.perform), through(router.perform)]
        for way in ways:
            await cpu_per_fetch(way, urls(HOSTS * 3, "warm"))
        figures: list[list[float]] = [[] for _ in ways]
        for turn in range(ROUNDS):
            for way, found in zip(ways, figures, strict=True):
                found.append(await cpu_per_fetch(way, urls(count // ROUNDS, str(turn))))
        await router.close()
    await transport.aclose()
    port, bare_httpx, whole, served = map(min, figures)
    return port, bare_httpx, whole, served


class StandingClock(SystemClock):
    """Moved by hand."""

    at = 1_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


async def queue_costs(count: int) -> tuple[float, float]:
    """Bytes per queue with one request in it (the asking task left out), seconds to find and give the next ready one."""
    clock = StandingClock()
    queues = RequestQueues(clock, Queues(total=10 * count))
    random, now, limit = Random(1), clock.at, RateLimit(1.0, 1)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    asking = []
    for number in range(count):
        slot = DomainSlot.starting_empty(limit, now + random.random())
        turn = queues.turn(
            queues.open(f"domain-number-{number}.test", slot), rank=BACK, start_by=now + 600, deadline=now + 600
        )
        turn.send(None)  # up to its wait; no task, since tasks belong to those who ask
        asking.append(turn)
    used = (tracemalloc.get_traced_memory()[0] - before) / count
    frames = sum(sys.getsizeof(turn) for turn in asking) / count
    tracemalloc.stop()
    clock.at += 10.0
    began = time.perf_counter()
    queues.dispatch()
    seconds = (time.perf_counter() - began) / count
    assert queues.waiting == 0, f"{queues.waiting} were not given their turn"
    for turn in asking:
        turn.close()
    return used - frames, seconds


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    tune_allocator()  # as in the service; otherwise every page is faulted in anew, which hides what is measured here
    with running_site() as port:
        own, bare, whole, served = uvloop.run(costs(settings(port), count))
    print(f"bare transport      {own * 1e3:6.3f} ms CPU a fetch of 60 KB")
    print(f"behind httpx types  {bare * 1e3:6.3f} ms, which the budgets are measured against")
    print(f"whole fetcher       {whole * 1e3:6.3f} ms, ratio {whole / bare:4.2f} (budget 1.6)")
    print(f"service and client  {served * 1e3:6.3f} ms, ratio {served / bare:4.2f} (budget 2.5)")
    for queues in (1_000, 10_000, 100_000):
        used, seconds = asyncio.run(queue_costs(queues))
        print(
            f"{queues:7d} queues     {used:6.0f} bytes a queue with a request (budget 1024), {seconds * 1e6:5.2f} µs to the next"
        )


if __name__ == "__main__":
    main()
