"""Look-ups from Cassandra through HTTP: one URL, batches of 20 and of 300, against the bare session.

    python -m tests.engines start cassandra rabbitmq -- python -m benchmarks.lookups [PAGES]

The API is a process of its own (`up --only api`), whose CPU is what counts; the rate that saturates it is found first,
then half of it is offered, open loop with Poisson arrivals, for the percentiles.
"""

import asyncio
import gc
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import msgspec
import uvloop

from benchmarks.cluster import Measured, bare, page, side_by_side, url
from groundwork.clock import SystemClock
from schedulers.model import Change, Status, UrlState
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.cassandra_migration import Migration
from spiderduck.stores.cassandra_opening import open_session
from tests.engines.ports import free_ports

SIZES = (1, 20, 300)
AT_ONCE = {1: 32, 20: 8, 300: 4}
WINDOWS = 5
START_SECONDS = 0.5
"""Making thousands of tasks takes 50 ms, which the first hundred requests, one in a hundred, would wait for."""
SECONDS = 5.0
TICKS = os.sysconf("SC_CLK_TCK")


class Api:
    """The process under test."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, http: aiohttp.ClientSession) -> None:
        self._process = process
        self._address = address
        self._http = http

    def cpu(self) -> float:
        """Seconds that it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    async def ready(self) -> None:
        while True:
            try:
                async with self._http.get(f"{self._address}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # not listening yet
            await asyncio.sleep(0.2)

    async def look_up(self, urls: Sequence[str]) -> None:
        if len(urls) == 1:
            request = self._http.get(f"{self._address}/v1/urls?url={quote(urls[0], safe='')}")
        else:
            request = self._http.post(f"{self._address}/v1/urls/batch", json={"urls": list(urls)})
        async with request as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()


@asynccontextmanager
async def running_api(config: CassandraConfig) -> AsyncIterator[Api]:
    (port,) = free_ports(1)
    settings = {
        "SPIDERDUCK_BROKER__URL": os.environ["SPIDERDUCK_TEST_RABBITMQ"],
        "SPIDERDUCK_BROKER__PREFIX": config.keyspace,
        "SPIDERDUCK_CASSANDRA__HOSTS": msgspec.json.encode(config.hosts).decode(),
        "SPIDERDUCK_CASSANDRA__PORT": str(config.port),
        "SPIDERDUCK_CASSANDRA__KEYSPACE": config.keyspace,
        "SPIDERDUCK_FETCHERS__ADDRESSES": '["http://127.0.0.1:9"]',
        "SPIDERDUCK_ARCHIVE__URL": "memory://nothing",
    }
    command = [sys.executable, "-m", "spiderduck", "up", "--only", "api", "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *command, "--data", folder, env={**os.environ, **settings}, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            async with aiohttp.ClientSession(headers={"content-type": "application/json"}) as http:
                api = Api(process, f"http://127.0.0.1:{port}", http)
                await api.ready()
                yield api
        finally:
            process.terminate()
            await process.wait()


async def measure(api: Api, pages: int, size: int) -> str:
    """Saturated rate and CPU, then percentiles at half of it: of some windows the middle one counts."""
    some = random.Random(size)

    def batch() -> list[str]:
        return [url(some.randrange(pages)) for _ in range(size)]

    await side_by_side(200 // size + 1, lambda _: api.look_up(batch()), AT_ONCE[size])
    count, began, used = max(40, 6 * pages // size), time.perf_counter(), api.cpu()
    await side_by_side(count, lambda _: api.look_up(batch()), AT_ONCE[size])
    seconds, cpu = time.perf_counter() - began, api.cpu() - used
    rate = count / seconds
    windows = []
    for _ in range(WINDOWS):
        took = await offered(api, [batch() for _ in range(int(rate / 2 * SECONDS))], rate / 2, some)
        windows.append((took[len(took) * 99 // 100] / took[len(took) // 2], took))
    ratio, took = sorted(windows)[WINDOWS // 2]
    p50, p99 = took[len(took) // 2] * 1e3, took[len(took) * 99 // 100] * 1e3
    return (
        f"batches of {size:3}: {count * size / seconds:7.0f} URLs/s, {cpu / count / size * 1e6:5.0f} µs CPU a URL; "
        f"at half of that p50 {p50:.1f} ms, p99 {p99:.1f} ms ({ratio:.1f}×, at most 5; "
        f"windows {' '.join(f'{one:.1f}' for one, _ in windows)})"
    )


async def offered(api: Api, batches: Sequence[list[str]], rate: float, some: random.Random) -> list[float]:
    """How long each took, sorted."""
    took: list[float] = []

    async def one(urls: list[str], due: float) -> None:
        await asyncio.sleep(due - time.perf_counter())
        await api.look_up(urls)
        took.append(time.perf_counter() - due)

    due, asked = time.perf_counter() + START_SECONDS, []
    for urls in batches:
        due += some.expovariate(rate)
        asked.append(one(urls, due))
    gc.collect()
    gc.freeze()  # thousands of waiting requests are ours, and no part of what is measured
    await asyncio.gather(*asked)
    return sorted(took)


async def run(pages: int) -> None:
    host, _, port = os.environ["SPIDERDUCK_TEST_CASSANDRA"].rpartition(":")
    config = CassandraConfig(hosts=(host,), port=int(port), keyspace=f"bench_{uuid4().hex[:8]}")
    session = await open_session(config)
    await Migration(session, config, SystemClock()).run()
    records = CassandraStore(session, config, SystemClock(), lambda identity: 1.7e9 + identity)

    async def complete(number: int) -> None:
        state = UrlState(url(number), url(number), Status.FETCHED, page_id=number + 1, checked_at=time.time())
        await records.write(url(number), Change((state,), page(number)))

    with Measured("a page's writes", pages):
        await side_by_side(pages, complete)
    await bare(session, config, pages)
    async with running_api(config) as api:
        for size in SIZES:  # the store's just-in-time compiler takes half a minute of load, and both cores meanwhile
            await measure(api, pages, size)
        for size in SIZES:
            print(await measure(api, pages, size), flush=True)
    await session.run(f"DROP KEYSPACE {config.keyspace}")
    await session.close()


def main() -> None:
    uvloop.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 3000))


if __name__ == "__main__":
    main()
