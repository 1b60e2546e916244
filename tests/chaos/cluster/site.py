"""The web that the cluster under test reads: some hundred hosts on one loopback port, every arrival written down.

Pages (`/p/N`), short links to a page of another host (`/r/N`), pages that are gone (`/m/N`). Runs in a thread of its
own, and measures by how much that thread was ever late, which is by how much an arrival may have been noted too late.
"""

import asyncio
import socket
import threading
import time
from collections import defaultdict

HOSTS_TAKE_TURNS = 20
"""Of so many URLs the first two are short links, and the third is gone."""
TICK_SECONDS = 0.01
HEADERS = "Content-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n%s\r\n"


class Site:
    """`hosts` of them, `h0.test`, `h1.test` …; a context manager."""

    def __init__(self, hosts: int) -> None:
        self.hosts = hosts
        self.arrivals: dict[str, list[float]] = defaultdict(list)
        self.asked: dict[str, int] = defaultdict(int)
        self.latest = 0.0

    def url(self, number: int) -> str:
        turn = number % HOSTS_TAKE_TURNS
        kind = "r" if turn < 2 else "m" if turn == 2 else "p"
        return f"http://h{number % self.hosts}.test/{kind}/{number}"

    def wanted(self, number: int) -> str:
        """The status in which that URL has to end."""
        return "http_error" if number % HOSTS_TAKE_TURNS == 2 else "fetched"

    def __enter__(self) -> "Site":
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="site", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Conversation(self), sock=self._listener)
        while not self._stop.is_set():
            due = time.monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self.latest = max(self.latest, time.monotonic() - due)
        server.close()

    def answer(self, host: str, target: str) -> bytes:
        """Note the arrival, and answer it."""
        self.arrivals[host].append(time.monotonic())
        self.asked[f"http://{host}{target}"] += 1
        kind, _, number = target.strip("/").partition("/")
        if kind == "r":
            away = f"Location: http://h{(int(number) + 7) % self.hosts}.test/p/from-{number}\r\n"
            return _http("302 Found", "", away)
        if kind == "p":
            return _http("200 OK", f"<!doctype html><title>Page {number} of {host}</title><p>Some text.</p>")
        return _http("404 Not Found", "" if kind == "robots.txt" else "gone")


class _Conversation(asyncio.Protocol):
    def __init__(self, site: Site) -> None:
        self._site = site
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            host = next(line[5:].strip() for line in lines if line.lower().startswith("host:"))
            self._transport.write(self._site.answer(host.partition(":")[0], first.split(" ")[1]))


def _http(status: str, body: str, more: str = "") -> bytes:
    raw = body.encode()
    return f"HTTP/1.1 {status}\r\n{HEADERS % (len(raw), more)}".encode() + raw
