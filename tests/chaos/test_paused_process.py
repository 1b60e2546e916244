"""The whole process stands still for longer than any of its limits, twice, while it fetches and reads pages.

What was late for our sake is no failure of a site: every URL is fetched, and is asked for once.
"""

import asyncio
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, Request, http, page

pytestmark = pytest.mark.chaos

SETTINGS = {
    "SPIDERDUCK_FETCHERS__LIMITS__FIRST_BYTE_SECONDS": "3",
    "SPIDERDUCK_FETCHERS__LIMITS__READ_SECONDS": "3",
    "SPIDERDUCK_FETCHERS__LIMITS__TOTAL_SECONDS": "6",
    "SPIDERDUCK_EXTRACT__SECONDS": "3",
}
PAUSE_SECONDS = 8.0
MEDIA = http(b"\0\0\0\x18ftypmp42" + bytes(400_000), content_type="video/mp4")
"""Is read in a process of its own."""


async def slowly(request: Request, writer: asyncio.StreamWriter) -> None:
    """A page whose head and halves come apart, each a part of a second after the other."""
    number = int(request.target.strip("/")) if request.target.strip("/").isdigit() else 0
    head, end, body = page("Duck", "x" * (300_000 if number % 3 else 100)).partition(b"\r\n\r\n")
    for piece in (head + end, body[:50], body[50:]):
        await asyncio.sleep((number % 7) / 10)
        writer.write(piece)
        await writer.drain()


def test_a_process_that_stood_still_blames_no_site(tmp_path: Path) -> None:
    urls = [f"http://site{number}.test/{number}" for number in range(300)]
    with Origin(default=slowly) as origin, Product(tmp_path / "data", origin.port, SETTINGS) as product:
        origin.answers |= {url.removeprefix("http://"): MEDIA for url in urls[::10]}
        for start in range(0, len(urls), 100):
            product.send(*({"id": url, "urls": [url]} for url in urls[start : start + 100]))
        assert product.process is not None
        for _ in range(2):
            time.sleep(0.8)
            product.process.send_signal(signal.SIGSTOP)
            time.sleep(PAUSE_SECONDS)
            product.process.send_signal(signal.SIGCONT)
        records = product.ended(*urls, seconds=120.0)
        assert Counter((record["status"], record.get("reason")) for record in records) == {("fetched", None): len(urls)}
        asked = Counter(request.host for request in origin.requests if request.target != "/robots.txt")
        assert set(asked.values()) == {1}
