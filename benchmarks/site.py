"""A local site for the benchmarks: article pages on as many host names as wanted, served by a process of its own.

`python -m benchmarks.site PORT_FILE [real]` serves until it is killed: one page of 60 KB that is made here, or with
`real` those of `real_pages`, in turn by the number at the end of the path. No pictures.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.real_pages import real_pages, titled

PAGE_BYTES = 60_000


def make_page() -> bytes:
    """An article of 60 KB with what such pages have in their head, the markup of menus, and paragraphs."""
    head = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>An article about ponds | Pond News</title>',
        '<meta name="description" content="What lives in ponds, and why it stays there.">',
        '<meta property="og:title" content="An article about ponds"><meta property="og:site_name" content="Pond News">',
        '<meta property="og:type" content="article"><meta property="og:description" content="What lives in ponds.">',
        '<meta name="author" content="Anna Mallard"><link rel="canonical" href="/canonical">',
        '<meta property="article:published_time" content="2026-05-04T08:30:00Z">',
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="/favicon.ico">',
        '<link rel="stylesheet" href="/a.css"><script src="/a.js"></script></head><body>',
    ]
    menu = "".join(
        f'<li class="item item-{n}"><a href="/section/{n}" data-n="{n}">Section {n}</a></li>' for n in range(150)
    )
    parts = [*head, f"<nav><ul>{menu}</ul></nav><article><h1>An article about ponds</h1>"]
    size = sum(map(len, parts))
    number = 0
    while size < PAGE_BYTES - 400:
        number += 1
        paragraph = (
            f'<p class="text" id="p{number}">Paragraph {number} tells of ducks, reeds and <em>water lilies</em>, of the way '
            f'they <a href="/word/{number}">grow</a>, and of the small animals that live on their leaves all summer long.</p>'
        )
        parts.append(paragraph)
        size += len(paragraph)
    parts.append("</article></body></html>")
    return "".join(parts).encode().ljust(PAGE_BYTES)


class Site(asyncio.Protocol):
    """HTTP/1.1 with nothing to spare: pages, robots.txt, and nothing else."""

    pages: Sequence[bytes] = ()
    robots = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 23\r\n\r\nUser-agent: *\nAllow: /\n\n"
    nothing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            self.transport.write(self.answer(head.split(b" ", 2)[1]))  # type: ignore[attr-defined]

    def answer(self, path: bytes) -> bytes:
        if path == b"/robots.txt":
            return self.robots
        if path.startswith(b"/.well-known/"):
            return self.nothing
        number = int(b"0" + path.partition(b"?")[0].rpartition(b"/")[2])
        return titled(self.pages[number % len(self.pages)], number)


def answer_of(page: bytes, content_type: str) -> bytes:
    """The page with its head."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(page)}\r\n\r\n".encode() + page


async def serve(port_file: Path, *, real: bool) -> None:
    """Listen on a free loopback port, and write it down."""
    if real:  # which say themselves in which encoding they are
        Site.pages = [answer_of(page, "text/html") for page in real_pages()]
        if not Site.pages:
            sys.exit("SPIDERDUCK_CORPORA names no folder that has real pages")
    else:
        Site.pages = [answer_of(make_page(), "text/html; charset=utf-8")]
    server = await asyncio.get_running_loop().create_server(Site, "127.0.0.1", 0, backlog=2048)
    port_file.write_text(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


@contextmanager
def running_site(*, real: bool = False) -> Iterator[int]:
    """The site in a process of its own; gives its port."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        command = [sys.executable, "-m", "benchmarks.site", str(port_file)]
        process = subprocess.Popen([*command, "real"] if real else command)
        try:
            while not (port_file.exists() and port_file.read_text()):
                if process.poll() is not None:
                    raise RuntimeError("the local site ended before it listened")
                time.sleep(0.01)
            yield int(port_file.read_text())
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(Path(sys.argv[1]), real="real" in sys.argv[2:]))
