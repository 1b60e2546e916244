"""A real server around a small application, and clients on raw sockets. Deadlines are short settings, not sleeps."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from groundwork.front.limits import FrontLimits
from groundwork.front.server import FrontServer
from groundwork.front.tls import Certificate, Encryption


@dataclass
class Echo:
    """Answers with the path and the body's length; `/wait` answers when `go` is set, `/large` with 32 MB, `/early`
    before the body is read. Notes what it saw."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    hosts: list[bytes] = field(default_factory=list)
    fields: list[int] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.hosts += [value for name, value in scope["headers"] if name == b"host"]
        length = 0
        while scope["path"] != "/early":
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                return
            length += len(message["body"])
            if not message["more_body"]:
                break
        self.fields.append(len(scope["headers"]))
        if scope["path"] == "/wait":
            await self.go.wait()
        if scope["path"] == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            self.gone.set()
            return
        body = bytes(32 * 1024 * 1024) if scope["path"] == "/large" else f"{scope['path']} {length}".encode()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> tuple[int, bytes]:
        """The next answer: its status and its body, by `content-length`."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(head.split(b" ")[1]), await self.reader.readexactly(length)

    async def ended(self) -> bytes:
        """What comes until the server has closed the connection."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        self.writer.transport.abort()


@dataclass
class Served:
    """The server and its port."""

    server: FrontServer
    port: int

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[Client]:
        """A connection for as long as the block lasts."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**20, **options))
        try:
            yield client
        finally:
            client.close()


@asynccontextmanager
async def serving(app: Any, certificate: Certificate | None = None, **limits: Any) -> AsyncIterator[Served]:
    """`limits`: fields of `FrontLimits`; `trusted`: proxies."""
    trusted = limits.pop("trusted", ())
    server = FrontServer(app, FrontLimits(**limits), trusted=trusted, encryption=Encryption(certificate))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup([listener])
        try:
            yield Served(server, listener.getsockname()[1])
        finally:
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            for one in server.servers:
                one.close()
            for task in list(server.server_state.tasks):
                task.cancel()
            await asyncio.sleep(0)
