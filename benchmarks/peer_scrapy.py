"""Pages per second per core against Scrapy extracting five fields of the same site in the same run.

    python -m benchmarks.peer_scrapy [PAGES]

Scrapy runs in a process of its own with everything off that the comparison does not need (robots.txt, cookies, throttling,
logs); ours runs the whole pipeline, robots.txt, archive, store and notices included. They take turns, and the median of
the turns counts.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from statistics import median

import uvloop

from benchmarks.pipeline import HOSTS, Figures, pipeline, running, settings, through, urls
from benchmarks.site import running_site

TURNS = 3

SPIDER = """
import json, resource, sys, time
import scrapy
from scrapy.crawler import CrawlerProcess

port, count, hosts = (int(value) for value in sys.argv[1:4])

class Site(scrapy.Spider):
    name = "site"
    custom_settings = {"LOG_ENABLED": False, "ROBOTSTXT_OBEY": False, "COOKIES_ENABLED": False, "CONCURRENT_REQUESTS": 64,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 64, "TELNETCONSOLE_ENABLED": False, "RETRY_ENABLED": False, "DOWNLOAD_DELAY": 0}

    async def start(self):
        for number in range(count):
            yield scrapy.Request(f"http://127.0.0.1:{port}/host{number % hosts}/articles/{number}", dont_filter=True)

    def parse(self, response):
        yield {
            "title": response.css("title::text").get(),
            "og": response.css('meta[property="og:title"]::attr(content)').get(),
            "description": response.css('meta[name="description"]::attr(content)').get(),
            "canonical": response.css('link[rel="canonical"]::attr(href)').get(),
            "published": response.css('meta[property="article:published_time"]::attr(content)').get(),
        }

process = CrawlerProcess()
crawler = process.create_crawler(Site)
process.crawl(crawler)
started, used = time.perf_counter(), time.process_time()
process.start()
done = crawler.stats.get_value("item_scraped_count")
print(json.dumps({"cpu": (time.process_time() - used) / done, "wall": (time.perf_counter() - started) / done, "done": done}))
"""


def scrapy(port: int, count: int, python: str = sys.executable) -> Figures:
    """What it takes in a process of `python`, an interpreter that has it."""
    command = [python, "-c", SPIDER, str(port), str(count), str(HOSTS)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-1])
    return Figures(float(told["cpu"]), float(told["wall"]))


async def in_turns(folder: str, port: int, pages: list[str]) -> tuple[list[float], list[float]]:
    """CPU seconds a page of Scrapy and of ours, a turn each."""
    theirs, ours = [], []
    async with running(settings(folder, port)) as product:
        await through(product, [f"{url}?warm" for url in urls(HOSTS)])
        for turn in range(TURNS):
            some = pages[turn::TURNS]
            theirs.append((await asyncio.to_thread(scrapy, port, len(some))).cpu)
            ours.append((await pipeline(product, some)).cpu)
    return theirs, ours


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000 * TURNS
    with running_site() as port, tempfile.TemporaryDirectory() as folder:
        theirs, ours = uvloop.run(in_turns(folder, port, urls(count)))
    for name, cpu in (("scrapy", median(theirs)), ("pipeline", median(ours))):
        print(f"{name:9} {cpu * 1e3:6.2f} ms CPU a page, {1 / cpu:6.0f} pages/s per core")
    ratio = median(their / our for their, our in zip(theirs, ours, strict=True))
    print(f"ratio     {ratio:6.2f} (budget 2.5)")


if __name__ == "__main__":
    main()
