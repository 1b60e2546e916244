"""`python -m benchmarks` (`make bench`): every figure of the budgets, one after the other, each in a process of its own."""

import subprocess
import sys

FIGURES = (
    ("benchmarks.crawl", "a crawl of real pages over many hosts, beside the floor, colly and Scrapy"),
    ("benchmarks.pipeline", "CPU per URL of the embedded pipeline against the floor"),
    ("benchmarks.below_saturation", "a URL's cost where the machine is nearly idle, and the cost of nothing"),
    ("benchmarks.growth", "what grows with a thousand, ten and a hundred thousand, a million stored pages"),
    ("benchmarks.latency", "added latency at half of the saturated rate"),
    ("benchmarks.busy_domains", "what a rare domain waits while others get more than their limit"),
    ("benchmarks.peer_scrapy", "pages per second per core against Scrapy"),
    ("benchmarks.fetcher", "the fetcher against the bare transport; 100,000 domain queues"),
    ("benchmarks.backlog", "100,000 URLs of 1,000 domains queued at once"),
    ("benchmarks.metadata", "extraction over the parse and five queries"),
    ("benchmarks.robots", "robots.txt against Protego"),
    ("benchmarks.shares", "a log of a million shares: its size, what is asked of it"),
    ("benchmarks.lists", "a million entries of lists: memory, reading, verdicts"),
    ("benchmarks.ids", "ids against a bare loop, the format's limit and a constant"),
    ("benchmarks.images", "pictures against libvips and a constant"),
    ("benchmarks.picture_quality", "bytes and likeness of pictures by format and quality"),
    ("benchmarks.images_memory", "memory of picture work"),
)


def main() -> int:
    """Returns how many of them failed."""
    failed = 0
    for module, what in FIGURES:
        print(f"\n== {what} ({module})", flush=True)
        failed += subprocess.run([sys.executable, "-m", module], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
