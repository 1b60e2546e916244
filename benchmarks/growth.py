"""What grows with what is stored: cost, latency, memory, disk and start-up, from a thousand pages to a million.

    python -m benchmarks.growth [PAGES] [--plot docs/growth.svg]
    python -m benchmarks.growth --domains
    python -m benchmarks.growth --flow [PAGES]

The store is filled through its adapters (`SqliteStore.complete`, `SqliteQueue.publish` and `ack`) with what the flow made of
one real page, under other URLs, events and titles; nothing is fetched over sockets, and the disk is not waited for
while it is filled. Beyond 100,000 pages the rows that the adapters wrote are copied in SQL, under other domains and
without their notices, which end after some days anyway. Then each size is measured as it runs, commits included, with a cache that is warm for none of the
URLs asked. `--flow` sends pages through the whole flow (event, queue, decide, robots-less fetch from memory, extract,
archive, store, notice) and looks at the memory. `--domains` spreads the pages over ever more domains.
"""

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import msgspec
import uvloop

from benchmarks.chart import Line, chart
from benchmarks.real_pages import real_pages, titled
from benchmarks.site import make_page
from fetchers.model import FetchResult, HopRequest, Response
from groundwork.clock import SystemClock
from groundwork.memory import resident_bytes
from schedulers.config import SchedulersConfig
from schedulers.events import EventLimits
from schedulers.model import ArchiveLocation, Change, Known, Message, Page
from schedulers.notice import Notice, processed
from schedulers.pipeline import Pipeline
from schedulers.ports import Archive, EventQueue, FlowPorts, MetadataStore
from schedulers.scheduler import Scheduler
from schedulers.stages.read_event import ReadEvent
from snowflake import Generator
from spiderduck.content.extraction import Extraction
from spiderduck.content.warc import WarcArchive
from spiderduck.database.sqlite import Database
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.telemetry import Telemetry

SIZES = (1_000, 10_000, 100_000, 1_000_000)
USUAL = 100_000
"""A million take fourteen gigabytes and some minutes."""
DOMAINS = (10, 100, 1_000, 10_000, 100_000)
BY_ADAPTERS = 100_000
PAGES_A_DOMAIN = 20
LABEL = slice(len("https://www.site"), len("https://www.site01234567"))
"""Where a domain's number stands, scattered, so that what comes next lies anywhere in an index."""
COPIES = (
    "INSERT INTO pages SELECT id + ?2 * (1 << 40), moved(key, ?2), moved(url, ?2), fetched_at, version, head, metadata, "
    "provenance FROM pages WHERE id <= ?1",
    "INSERT INTO urls SELECT moved(key, ?2), status, page_id + ?2 * (1 << 40), "
    "substr(moved('https://www.' || domain, ?2), 13), at, state FROM urls WHERE page_id <= ?1",
    "INSERT INTO finished SELECT randomblob(16), at + ?2 FROM finished "
    "LIMIT (SELECT count(*) FROM pages WHERE id <= ?1)",
    "INSERT INTO event_ids SELECT 'copied ' || moved(substr(id, 9), ?2), at FROM event_ids "
    "WHERE id LIKE 'generic %' LIMIT (SELECT count(*) FROM pages WHERE id <= ?1)",
)
AT_ONCE = 512
ASKED = 400
HTML = (("content-type", "text/html; charset=utf-8"), ("etag", '"a-validator"'))
PARTS = {
    "pages": ("pages", "pages_by_key", "pictures", "pictures_by_page"),
    "URLs": ("urls", "urls_by_domain", "urls_by_time", "redirects", "redirects_by_target", "domains"),
    "notices": ("notices",),
    "what was seen": ("finished", "finished_by_time", "event_ids", "event_ids_by_time", "sqlite_autoindex_event_ids_1"),
}


class FromMemory:
    """The ports of a flow that fetches nothing, and keeps the last thing that it stored."""

    def __init__(self) -> None:
        self.pages = real_pages() or [make_page()]
        self.number = 0
        self.completed: tuple[Change, Notice] | None = None

    async def fetch(self, request: HopRequest, knows: object = None) -> FetchResult:
        self.number += 1
        body = titled(self.pages[self.number % len(self.pages)], self.number)
        return FetchResult(request.url, (), Response(request.url, 200, HTML, body, time.time(), elapsed=0.1))

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        return Known()

    async def mark(self, state: object) -> None: ...

    async def complete(self, event_id: str, key: str, change: Change, notice: Notice) -> None:
        self.completed = change, notice

    async def append(self, page_id: int, response: Response, metadata: bytes) -> ArchiveLocation:
        return ArchiveLocation("spiderduck-1790000000000-00001.warc.gz", 123_456_789, 20_000, "ab" * 32)

    async def publish(self, messages: object, *, bulk: bool = False) -> list[bool]:
        return [True]


def flow_ports(outside: Any, queue: EventQueue | Any, store: MetadataStore | Any, archive: Archive | Any) -> FlowPorts:
    ids, extraction = Generator(worker_id=1), Extraction(1024 * 1024)
    return FlowPorts(queue, store, archive, outside, outside, outside, extraction, ids, SystemClock())


def event_of(url: str) -> Message:
    return Message(msgspec.json.encode({"id": url, "urls": [url]}), f"generic {url}")


class Filled:
    """A store in `folder`, and what fills it. `domains`: over so many, or one for each twenty pages."""

    def __init__(self, folder: Path, domains: int = 0) -> None:
        self._file = folder / "spiderduck.db"
        self._domains = domains
        self.count = 0
        self.clock = SystemClock()
        self._ids = Generator(worker_id=2)

    def open(self) -> None:
        self.database = Database(self._file)
        self.store = SqliteStore(self.database, self.clock, lambda: None)
        self.queue = SqliteQueue(self.database, self.clock)

    def url(self, number: int) -> str:
        domain = (number % self._domains if self._domains else number // PAGES_A_DOMAIN) * 2_654_435_761 % 2**32
        return f"https://www.site{domain:08x}.example/2026/11/30/an-article-about-ponds-{number}"

    async def template(self) -> None:
        """What the flow makes of a page."""
        outside, url = FromMemory(), self.url(0)
        pipeline = Pipeline(
            flow_ports(outside, outside, outside, outside), SchedulersConfig(pictures=False), Telemetry()
        )
        await pipeline.handle(event_of(url))
        assert outside.completed is not None, "the flow stored something"
        self._change = outside.completed[0]
        self._read = ReadEvent(EventLimits.of(SchedulersConfig()))

    async def complete(self, number: int) -> None:
        url, page_id = self.url(number), self._ids.next_id()
        event, (state,), page = await self._read(event_of(url)), self._change.states, self._change.page
        assert page is not None, "a page was fetched"
        page = replace(page, id=page_id, key=url, url=url, canonical_url=None, metadata=numbered(page, number))
        state = replace(state, key=url, url=url, page_id=page_id, resolved_url=url, checked_at=self.clock.now())
        told = processed(event, "fetched", Known(state=state, page=page), None, self.clock.now())
        await self.store.complete(event.identity, url, Change((state,), page), told)

    async def share(self, numbers: range) -> None:
        """All that a share leaves: the event is queued and acknowledged, and the page complete."""
        await self.queue.publish([event_of(self.url(number)) for number in numbers])
        for _ in numbers:
            await self.queue.ack(await self.queue.receive())
        await asyncio.gather(*(self.complete(number) for number in numbers))

    async def fill(self, size: int) -> None:
        self.database._writing.execute("PRAGMA synchronous=OFF")
        running = asyncio.create_task(self.queue.run())
        while self.count < min(size, BY_ADAPTERS):
            some = range(self.count, min(self.count + AT_ONCE, size))
            await self.share(some)
            self.count = some.stop
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await self.queue.lengths()  # what was acknowledged is forgotten
        if size > self.count:
            self.database._writing.create_function("moved", 2, moved, deterministic=True)
            sql = f"SELECT id FROM pages ORDER BY id LIMIT 1 OFFSET {BY_ADAPTERS - 1}"
            (last,) = await self.database.read(lambda connection: connection.execute(sql).fetchone())
            for copy in range(1, size // BY_ADAPTERS):
                for sql in COPIES:
                    await self.database.write(partial(_execute, sql=sql, values=(last, copy)))
            self.count = size
        self.database._writing.execute("PRAGMA synchronous=FULL")
        await self.database.fold()

    async def disk(self) -> dict[str, float]:
        """Bytes a page, by part."""
        sql = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name"
        sizes = dict(await self.database.read(lambda connection: connection.execute(sql).fetchall()))
        told = await self.database.read(lambda c: c.execute("SELECT count(*) FROM notices").fetchone()[0])
        counts = dict.fromkeys(PARTS, self.count) | {"notices": told}
        parts = {name: sum(sizes.pop(one, 0) for one in tables) / counts[name] for name, tables in PARTS.items()}
        return {**parts, "the rest": sum(sizes.values()) / self.count}


def moved(url: str, copy: int) -> str:
    """The same of another domain."""
    label = int(url[LABEL], 16) ^ copy * 0x9E3779B1 & 0xFFFFFFFF
    return f"{url[: LABEL.start]}{label:08x}{url[LABEL.stop :]}"


def _execute(connection: sqlite3.Connection, sql: str, values: tuple[int, ...]) -> None:
    connection.execute(sql, values)


def numbered(page: Page, number: int) -> bytes:
    """Another title of the same length."""
    return page.metadata.replace(b"0000001", b"%07d" % number)


async def timed(ask: Callable[[int], Awaitable[object]], rounds: int) -> tuple[float, float, float]:
    """CPU, p50 and p99 of a call, in milliseconds."""
    took, used = [], time.process_time()
    for number in range(rounds):
        began = time.perf_counter()
        await ask(number)
        took.append((time.perf_counter() - began) * 1e3)
    cuts = quantiles(took, n=100)
    return (time.process_time() - used) * 1e3 / rounds, cuts[49], cuts[98]


async def measured(filled: Filled, first_new: int) -> dict[str, float]:
    """At the size that there is; `first_new`: numbers from there on are new pages."""
    random, store = Random(filled.count), filled.store
    urls = [filled.url(random.randrange(filled.count)) for _ in range(ASKED)]
    some = [[filled.url(random.randrange(filled.count)) for _ in range(300)] for _ in range(10)]
    one = await timed(lambda number: store.look_up(urls[number], "generic nobody"), ASKED)
    many = await timed(lambda number: store.known(some[number]), len(some))
    latest = await timed(lambda number: store.latest(50), 50)
    domains = [url.split("/")[2].removeprefix("www.") for url in urls]
    recent = await timed(lambda number: store.recent(domains[number], 50), 50)
    stored = await timed(
        lambda number: asyncio.gather(*(filled.complete(first_new + number * 64 + add) for add in range(64))), 12
    )
    filled.count += 12 * 64
    return {
        "look-up, CPU": one[0],
        "look-up, p50": one[1],
        "look-up, p99": one[2],
        "one of 300 looked up together": many[1] / 300,
        "the latest 50": latest[1],
        "the latest 50 of a domain": recent[1],
        "stored among 64, CPU": stored[0] / 64,
        "stored among 64": stored[1] / 64,
        "resident, MB": resident_bytes() / 1e6,
    }


async def started(filled: Filled) -> float:
    """Milliseconds until the first look-up of a start is answered."""
    await filled.database.close()
    began = time.perf_counter()
    filled.open()
    await filled.store.look_up(filled.url(7), "generic nobody")
    running = asyncio.create_task(filled.queue.run())
    await filled.queue.lengths()
    took = (time.perf_counter() - began) * 1e3
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return took


async def grow(folder: Path, sizes: list[int]) -> dict[int, dict[str, float]]:
    """Figures by size."""
    filled, found = Filled(folder), {}
    filled.open()
    await filled.template()
    for size in sizes:
        await filled.fill(size)
        disk = {f"disk, bytes a page: {name}": value for name, value in (await filled.disk()).items()}
        start = await started(filled)
        figures = {"start, ms": start, **await measured(filled, size), **disk}
        found[size] = figures
        show(f"{size:,} pages", figures)
    await filled.database.close()
    return found


async def spread(folder: Path, pages: int) -> None:
    for domains in DOMAINS:
        inside = folder / str(domains)
        inside.mkdir()
        filled = Filled(inside, domains)
        filled.open()
        await filled.template()
        await filled.fill(pages)
        show(f"{pages:,} pages of {domains:,} domains", await measured(filled, pages))
        await filled.database.close()


async def flow(folder: Path, pages: int) -> None:
    """The whole flow but the network, and the process's memory meanwhile."""
    database, clock, outside = Database(folder / "spiderduck.db"), SystemClock(), FromMemory()
    queue, store = SqliteQueue(database, clock), SqliteStore(database, clock, lambda: None)
    archive = WarcArchive(folder / "archive", clock, software="benchmark")
    config = SchedulersConfig(pictures=False)
    telemetry = Telemetry()
    pipeline = Pipeline(flow_ports(outside, queue, store, archive), config, telemetry)
    scheduler = Scheduler(queue, pipeline, clock, config)
    background = [asyncio.create_task(work) for work in (queue.run(), scheduler.run())]
    used = time.process_time()
    for start in range(0, pages, 1_000):
        urls = [f"https://www.site{n % 5_000}.example/{n}" for n in range(start, min(start + 1_000, pages))]
        await queue.publish([event_of(url) for url in urls])
        while telemetry.outcomes.total() < start + len(urls):
            await asyncio.sleep(0.02)
        if not start % 10_000 or start + 1_000 >= pages:
            cpu = (time.process_time() - used) * 1e3 / (start + len(urls))
            print(
                f"{start + len(urls):>9,} pages: {resident_bytes() / 1e6:6.0f} MB resident, {cpu:.2f} ms CPU a page",
                flush=True,
            )
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    await archive.close()
    await database.close()
    size = sum(path.stat().st_size for path in (folder / "archive").iterdir()) / pages
    print(f"archive: {size:,.0f} bytes a page")


def show(name: str, figures: dict[str, float]) -> None:
    print(f"\n{name}")
    for what, value in figures.items():
        print(f"  {what:45} {value:12,.3f}")


def plot(found: dict[int, dict[str, float]], file: Path) -> None:
    """Small charts of the same sizes."""
    sizes = list(found)

    def line(name: str, key: str) -> Line:
        return Line(name, [found[size][key] for size in sizes])

    disk = [name for name in found[sizes[0]] if name.startswith("disk")]
    charts = (
        ("Look-up, ms", [line("p50", "look-up, p50"), line("p99", "look-up, p99"), line("CPU", "look-up, CPU")]),
        ("Stored among 64, ms a page", [line("wall", "stored among 64"), line("CPU", "stored among 64, CPU")]),
        ("Lists, ms", [line("latest 50", "the latest 50"), line("of a domain", "the latest 50 of a domain")]),
        ("Resident, MB", [line("process", "resident, MB")]),
        ("Start to first answer, ms", [line("start", "start, ms")]),
        ("Disk, bytes a page", [line(name.partition(": ")[2], name) for name in disk]),
    )
    file.write_text(chart([f"{size:,}" for size in sizes], charts), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    parser.add_argument("pages", nargs="?", type=int)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--flow", action="store_true")
    parser.add_argument("--domains", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        if given.flow:
            uvloop.run(flow(Path(folder), given.pages or 200_000))
        elif given.domains:
            uvloop.run(spread(Path(folder), given.pages or 100_000))
        else:
            found = uvloop.run(grow(Path(folder), [size for size in SIZES if size <= (given.pages or USUAL)]))
            if given.plot is not None:
                plot(found, given.plot)


if __name__ == "__main__":
    main()
