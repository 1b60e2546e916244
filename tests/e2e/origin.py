"""A web of the tests' own on loopback: pages by host and path, every request written down with its time."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Answer = bytes | Callable[["Request"], bytes]


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    at: float
    host: str
    target: str
    headers: Mapping[str, str]


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


@dataclass
class Origin:
    """Serves `answers` by `host/path` (or by `*` + path); runs in a thread of its own, so that a test may block."""

    answers: dict[str, Answer] = field(default_factory=dict)
    default: Answer = NOT_FOUND
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> "Origin":
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    def asked(self, host: str, path: str | None = None) -> list[Request]:
        """Requests to a host, robots.txt left out unless it is asked for."""
        return [
            one
            for one in list(self.requests)
            if one.host == host and (one.target != "/robots.txt" if path is None else one.target == path)
        ]

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, sock=self._listener)
        await self._stop.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                host = headers.get("host", "").partition(":")[0]
                request = Request(time.time(), host, head[0].split(" ")[1], headers)
                self.requests.append(request)
                answer = self._find(request)
                said = answer(request) if callable(answer) else answer
                writer.write(said)
                await writer.drain()
                if b"\r\nConnection: close\r\n" in said[:2000]:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _find(self, request: Request) -> Answer:
        path = request.target.partition("?")[0]
        for key in (f"{request.host}{path}", f"*{path}"):
            if key in self.answers:
                return self.answers[key]
        return self.default
