"""The one web server that tests fetch from, on loopback: answers by host and path, raw where a test wants bytes.

    with Origin({"news.test/a": page("A")}) as origin:        in a thread of its own, so that a test may block
    async with Origin(default=http("hello")) as origin:       on the test's loop

Every request is written down with its time. An answer is bytes, or a function of the request that gives bytes, or a
coroutine function of the request and the connection that writes what it likes, when it likes.
"""

import asyncio
import inspect
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, cast

Writes = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]
Answer = bytes | Callable[["Request"], bytes] | Writes


@dataclass(frozen=True)
class Request:
    """One request as it arrived. `host` is without its port; `head` is everything up to the empty line."""

    at: float
    host: str
    target: str
    headers: Mapping[str, str]
    head: bytes = b""


def http(
    body: bytes | str = b"", status: str = "200 OK", content_type: str = "text/html; charset=utf-8", **headers: str
) -> bytes:
    """An answer's bytes."""
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(raw)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def page(title: str, more: str = "") -> bytes:
    """An HTML page."""
    return http(
        f'<!doctype html><html lang="en"><head><title>{title}</title>{more}</head><body><p>Text.</p></body></html>'
    )


def redirect(location: str, status: str = "301 Moved Permanently") -> bytes:
    return http(status=status, Location=location)


NOT_FOUND = http("nothing here", "404 Not Found", "text/plain")


class Origin:
    """Serves `answers` by `host/path` (or by `*` + path), and `default` for everything else."""

    def __init__(self, answers: Mapping[str, Answer] | None = None, default: Answer = NOT_FOUND) -> None:
        self.answers: dict[str, Answer] = dict(answers or {})
        self.default: Answer = default
        self.requests: list[Request] = []
        self.connections = 0
        self.broken_off = 0
        self.port = 0
        self._conversations: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def target(self) -> str:
        """Where it listens, as `fetchers.network.resolve` takes it."""
        return f"127.0.0.1:{self.port}"

    @property
    def heads(self) -> list[bytes]:
        return [request.head for request in self.requests]

    def asked(self, host: str, path: str | None = None) -> list[Request]:
        """Requests to a host, robots.txt left out unless it is asked for."""
        return [
            one
            for one in list(self.requests)
            if one.host == host and (one.target != "/robots.txt" if path is None else one.target == path)
        ]

    async def has_seen(self, requests: int) -> None:
        """Return when so many requests have arrived."""
        while len(self.requests) < requests:
            self._arrived.clear()
            await self._arrived.wait()

    async def start(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        """Listen on a free port, with TLS where a context is given."""
        self._server = await asyncio.start_server(self._converse, host, 0, ssl=context, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and drop every connection."""
        if self._server is None:
            return
        self._server.close()
        for conversation in list(self._conversations):
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    async def __aenter__(self) -> "Origin":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __enter__(self) -> "Origin":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._there(self.start())
        return self

    def __exit__(self, *_: object) -> None:
        self._there(self.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _there(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._conversations.add(task)
        self.connections += 1
        try:
            while await self._answer(_request(await reader.readuntil(b"\r\n\r\n")), writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.broken_off += 1
        except asyncio.CancelledError:
            return
        finally:
            self._conversations.discard(task)
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        self.requests.append(request)
        self._arrived.set()
        answer = self._find(request)
        if inspect.iscoroutinefunction(answer):
            await answer(request, writer)
            return True
        said = answer if isinstance(answer, bytes) else cast("Callable[[Request], bytes]", answer)(request)
        writer.write(said)
        await writer.drain()
        return b"\r\nConnection: close\r\n" not in said[:2000]

    def _find(self, request: Request) -> Answer:
        path = request.target.partition("?")[0]
        for key in (f"{request.host}{path}", f"*{path}"):
            if key in self.answers:
                return self.answers[key]
        return self.default


def _request(head: bytes) -> Request:
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    host = headers.get("host", "").partition(":")[0]
    return Request(time.time(), host, lines[0].split(" ")[1], headers, head)
