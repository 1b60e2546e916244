"""CPU a page of a crawl over many hosts: the floor, the embedded pipeline in this process and in its own, colly, Scrapy.

    SPIDERDUCK_CORPORA=… python -m benchmarks.crawl [PAGES] [--scrapy PYTHON]

Once on real article pages (`benchmarks.real_pages`), once on the page that is made here. The five take turns, so that
whatever else the machine does falls on all, and of each the turn with the least CPU counts. Ours does everything:
robots.txt, guard, all metadata, archive, store and notices; the others fetch and read five fields. colly is built where
there is a Go toolchain. `PYTHON` is an interpreter that has Scrapy; without it this one's is taken, if it has it.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from benchmarks.peer_scrapy import scrapy
from benchmarks.pipeline import HOSTS, Figures, floor, pipeline, running, settings, through, urls
from benchmarks.real_pages import real_pages
from benchmarks.site import running_site
from fetchers.standalone import make_transport
from tests.e2e.product import Product

TURNS = 5
EVENTS = 250
"""That are posted to the process at once, and asked for at once."""
TICKS = os.sysconf("SC_CLK_TCK")
COLLY = Path(__file__).parent / "colly"

Crawl = Callable[[list[str]], Awaitable[Figures]]


def in_its_process(product: Product, pages: list[str]) -> Figures:
    """Posted to the real process over HTTP, until every record has its ending."""
    cpu, began = _cpu_of(product), time.perf_counter()
    batches = [pages[start : start + EVENTS] for start in range(0, len(pages), EVENTS)]
    for batch in batches:
        product.send(*({"urls": [url]} for url in batch))
    for batch in batches:
        records = product.ended(*batch, seconds=120)
        assert all(one["status"] == "fetched" for one in records), records[0]
    wall = time.perf_counter() - began
    return Figures((_cpu_of(product) - cpu) / len(pages), wall / len(pages))


def _cpu_of(product: Product) -> float:
    assert product.process is not None
    fields = Path(f"/proc/{product.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def built_colly(folder: str) -> Path | None:
    """The program of `benchmarks/colly`, or None where it cannot be built here."""
    if shutil.which("go") is None:
        return None
    program = Path(folder) / "colly"
    built = subprocess.run(["go", "build", "-o", str(program), "."], cwd=COLLY, capture_output=True, text=True)
    if built.returncode:
        print(f"colly was not built: {built.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return program


def colly(program: Path, port: int, count: int) -> Figures:
    told = subprocess.run([program, str(port), str(count), str(HOSTS)], capture_output=True, check=True, text=True)
    said = json.loads(told.stdout)
    return Figures(said["cpu"], said["wall"])


def has_scrapy(python: str) -> bool:
    return subprocess.run([python, "-c", "import scrapy"], capture_output=True).returncode == 0


async def in_turns(port: int, count: int, python: str) -> dict[str, list[Figures]]:
    """The figures of everybody who is installed, a turn each."""
    with tempfile.TemporaryDirectory() as folder:
        config = settings(f"{folder}/embedded", port)
        environment = {
            "SPIDERDUCK_SCHEDULERS__PICTURES": "false",
            "SPIDERDUCK_FETCHERS__RATE_LIMIT__PER_SECOND": "1000000",
            "SPIDERDUCK_FETCHERS__RATE_LIMIT__BURST": "1000000",
        }
        transport = make_transport(config.fetchers)
        with Product(Path(folder) / "process", port, environment) as process:
            async with running(config) as embedded:
                crawls: dict[str, Crawl] = {
                    "floor": lambda pages: floor(transport, pages),
                    "in this process": lambda pages: pipeline(embedded, pages),
                    "in its process": lambda pages: asyncio.to_thread(in_its_process, process, pages),
                }
                if (program := built_colly(folder)) is not None:
                    crawls["colly"] = lambda pages: asyncio.to_thread(colly, program, port, len(pages))
                if has_scrapy(python):
                    crawls["Scrapy"] = lambda pages: asyncio.to_thread(scrapy, port, len(pages), python)
                warm_up = [f"{url}?warm" for url in urls(HOSTS)]
                await floor(transport, warm_up)
                await through(embedded, warm_up)
                await asyncio.to_thread(in_its_process, process, warm_up)
                pages = urls(count * TURNS)
                found: dict[str, list[Figures]] = {name: [] for name in crawls}
                for turn in range(TURNS):
                    for name, crawl in crawls.items():
                        found[name].append(await crawl(pages[turn::TURNS]))
        await transport.aclose()
    return found


def table(title: str, found: dict[str, list[Figures]]) -> None:
    print(f"\n{title:18} {'CPU a page':>11} {'of the floor':>13} {'pages/s':>9}")
    least = min(one.cpu for one in found["floor"])
    for name, figures in found.items():
        cpu, wall = min(one.cpu for one in figures), min(one.wall for one in figures)
        print(f"{name:18} {cpu * 1e3:8.2f} ms {cpu / least:12.2f}x {1 / wall:9.0f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pages", type=int, nargs="?", default=1000, help="pages a turn")
    parser.add_argument("--scrapy", default=sys.executable, help="a Python that has Scrapy")
    asked = parser.parse_args()
    if real_pages():
        with running_site(real=True) as port:
            table("real pages", uvloop.run(in_turns(port, asked.pages, asked.scrapy)))
    else:
        print("No real pages: SPIDERDUCK_CORPORA names no folder that has them.")
    with running_site() as port:
        table("the page made here", uvloop.run(in_turns(port, asked.pages, asked.scrapy)))


if __name__ == "__main__":
    main()
