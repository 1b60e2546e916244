"""uvicorn with `FrontProtocol`: limits, places and TLS for any ASGI application."""

import asyncio
import contextlib
import resource
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from groundwork.front.connections import Connections
from groundwork.front.limits import FrontLimits
from groundwork.front.protocol import FrontProtocol
from groundwork.front.tls import Encryption

BACKLOG = 1024
OTHER_FILES = 4096
"""Open files beside the connections: fetches, the store, caches."""
TICK_SECONDS = 1.0
"""So often the date of answers is made anew. uvicorn looks ten times as often whether it shall end; we are told."""


class FrontServer(uvicorn.Server):
    """Serves `app` on sockets that are bound already: `serve(sockets=[…])`."""

    def __init__(
        self,
        app: Any,
        limits: FrontLimits,
        *,
        trusted: Sequence[str] = (),
        encryption: Encryption | None = None,
        shutdown_seconds: int = 2,
        alone: bool = False,
    ) -> None:
        """`trusted`: networks of proxies. `encryption`: none by default. `alone`: the server is all that
        runs, so that SIGTERM and SIGINT end it, and the application has a start and an end of its own."""
        self._leaving: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="on" if alone else "off",
                http="httptools",
                ws="none",
                proxy_headers=False,  # whose X-Forwarded-For counts is a setting, not uvicorn's 127.0.0.1
                server_header=False,
                timeout_keep_alive=int(limits.idle_seconds) + 1,  # the protocol's own deadline comes first
                timeout_graceful_shutdown=shutdown_seconds,
            )
        )
        self.limits = limits
        self._alone = alone
        encryption = encryption or Encryption()
        self._certificate = encryption.certificate
        self._plain = encryption.plain
        self._trusted = trusted
        self.places: Connections | None = None

    @property
    def should_exit(self) -> bool:
        """Whether the server ends, or has ended. May be set in a signal handler."""
        return self._should_exit

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self._should_exit = value
        if value and self._leaving is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leaving.set)

    async def main_loop(self) -> None:
        """Until it shall end."""
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):  # at 0 uvicorn makes the date anew
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._leaving.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals() if self._alone else contextlib.nullcontext():
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, on our protocol. A file for every connection is asked of the system."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        loop = asyncio.get_running_loop()
        self.places = places = Connections(self.limits, self._trusted, loop.time)
        allow_open_files(self.limits.connections + OTHER_FILES)

        def connected() -> asyncio.Protocol:
            if self._certificate is not None:
                self._certificate.renew()
            return FrontProtocol(self.config, self.server_state, self.lifespan.state, self.limits, places)

        self.servers = []
        for one in sockets or ():
            tls = None if self._certificate is None or one in self._plain else self._certificate.context
            server = await loop.create_server(
                connected,
                sock=one,
                backlog=BACKLOG,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else self.limits.head_seconds,
                ssl_shutdown_timeout=None if tls is None else self.limits.head_seconds,
            )
            self.servers.append(server)
        self.started = True


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that whoever is told of it may connect. Raises OSError."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def allow_open_files(wanted: int) -> None:
    """Raise this process's limit as far as the system lets it. Many systems begin with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
