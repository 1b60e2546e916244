"""uvicorn with `FrontProtocol`: limits, places and TLS for any ASGI application. Signals are the caller's business."""

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from groundwork.front.connections import Connections
from groundwork.front.limits import FrontLimits
from groundwork.front.protocol import FrontProtocol
from groundwork.front.tls import Certificate

log = logging.getLogger(__name__)

BACKLOG = 1024
OTHER_FILES = 4096
"""Open files beside the connections: fetches, the store, caches."""


class FrontServer(uvicorn.Server):
    """Serves `app` on sockets that are bound already: `serve(sockets=[…])`."""

    def __init__(
        self,
        app: Any,
        limits: FrontLimits,
        *,
        trusted: Sequence[str] = (),
        certificate: Certificate | None = None,
        plain: Collection[socket.socket] = (),
        shutdown_seconds: int = 2,
        lifespan: bool = False,
    ) -> None:
        """`trusted`: networks of proxies. `plain`: sockets that get no TLS in any case. `lifespan`: the application has
        a start and an end of its own."""
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="on" if lifespan else "off",
                http="httptools",
                ws="none",
                proxy_headers=False,  # whose X-Forwarded-For counts is a setting, not uvicorn's 127.0.0.1
                server_header=False,
                timeout_keep_alive=int(limits.idle_seconds) + 1,  # the protocol's own deadline comes first
                timeout_graceful_shutdown=shutdown_seconds,
            )
        )
        self.limits = limits
        self._certificate = certificate
        self._plain = plain
        self._trusted = trusted
        self._handshakes: set[asyncio.Task[None]] = set()
        self.places: Connections | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, on our protocol. A file for every connection is asked of the system."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        loop = asyncio.get_running_loop()
        self.places = places = Connections(self.limits, self._trusted, loop.time)
        allow_open_files(self.limits.connections + OTHER_FILES)

        def plain() -> asyncio.Protocol:
            return FrontProtocol(self.config, self.server_state, self.lifespan.state, self.limits, places)

        def secured() -> asyncio.Protocol:
            return _Handshake(self, places)

        self.servers = []
        for one in sockets or ():
            factory = plain if self._certificate is None or one in self._plain else secured
            self.servers.append(await loop.create_server(factory, sock=one, backlog=BACKLOG))
        self.started = True

    def secure(self, transport: asyncio.Transport, places: Connections, handshake: "_Handshake") -> None:
        """Begin TLS on a connection."""
        task = asyncio.get_running_loop().create_task(self._secure(transport, places, handshake))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _secure(self, transport: asyncio.Transport, places: Connections, handshake: "_Handshake") -> None:
        if self._certificate is None:
            return
        loop = asyncio.get_running_loop()
        protocol = FrontProtocol(self.config, self.server_state, self.lifespan.state, self.limits, places)
        try:
            secured = await loop.start_tls(
                transport,
                protocol,
                self._certificate.context(),
                server_side=True,
                ssl_handshake_timeout=self.limits.head_seconds,
                ssl_shutdown_timeout=self.limits.head_seconds,
            )
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError) as error:
            log.debug("a TLS handshake failed: %s", error)
            secured = None
        finally:
            places.release(handshake)
        if secured is None or transport.is_closing():
            transport.abort()
        else:
            protocol.connection_made(secured)


class _Handshake(asyncio.Protocol):
    """Holds a connection's place until TLS is agreed on, which the limits on heads cannot see."""

    def __init__(self, server: FrontServer, places: Connections) -> None:
        self._server = server
        self._places = places
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        if self._places.admit(self, peer[0] if isinstance(peer, tuple) else None):
            transport.pause_reading()
            self._server.secure(transport, self._places, self)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._places.release(self)

    def displace(self) -> None:
        """Another takes its place."""
        if self._transport is not None:
            self._transport.abort()


def allow_open_files(wanted: int) -> None:
    """Raise this process's limit as far as the system lets it. Many systems begin with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
