"""Answers for a process that still waits for its engines: it lives, it is not ready, and this is what it waits for.

Serves the process's own ports until the product takes them over. A start that takes no time never comes this far.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec

from groundwork.clock import Clock
from groundwork.front.server import FrontServer
from groundwork.front.tls import Encryption
from groundwork.problems import MEDIA_TYPE, problem
from groundwork.readiness import Dependency, Trouble, dependency, readiness
from spiderduck.bootstrap.front import certificate_of
from spiderduck.bootstrap.remedies import START_REMEDY
from spiderduck.bootstrap.waiting import waited_for
from spiderduck.config import Config
from spiderduck.telemetry import Telemetry

DELAY_SECONDS = 0.5
LOOK_SECONDS = 0.02
STARTING = "this process is starting"
NOT_YET = problem(503, "starting", "Service Unavailable", f"{STARTING}; GET /readyz says what it waits for")


@asynccontextmanager
async def answering_meanwhile(config: Config, listeners: Sequence[socket.socket], clock: Clock) -> AsyncIterator[None]:
    """While the block runs, from half a second on. The listeners go on listening behind it."""
    server = FrontServer(
        not_yet(Telemetry()),
        config.api.front,
        trusted=config.api.trusted_proxies,
        encryption=Encryption(certificate_of(config, clock), ()),
        shutdown_seconds=1,
    )
    begun = False

    async def serve() -> None:
        nonlocal begun
        await clock.sleep(DELAY_SECONDS)
        begun = True
        await server.serve(sockets=[one.dup() for one in listeners])

    async with AsyncExitStack() as stack:
        serving = asyncio.create_task(serve(), name="answers while starting")

        async def end() -> None:
            while begun and not server.started and not serving.done():
                await clock.sleep(LOOK_SECONDS)  # before it has begun, it would not end in good order
            server.should_exit = True
            if not begun:
                serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

        stack.push_async_callback(end)
        yield


def not_yet(telemetry: Telemetry, waits: Callable[[], list[Dependency]] = waited_for) -> Any:
    """The ASGI application. `waits` names what is waited for, each with a sentence."""

    began = time.time()

    async def answer(scope: Any, _: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/healthz":
            await _send(send, 200, "text/plain; charset=utf-8", b"ok")
        elif scope["path"] == "/readyz":
            told = readiness(waits() or [dependency("start", Trouble(STARTING, "starting", START_REMEDY), began)])
            await _send(send, 503, "application/json", msgspec.json.encode(told))
        elif scope["path"] == "/metrics":
            await _send(send, 200, "text/plain; version=0.0.4", await telemetry.render())
        else:
            await _send(send, 503, MEDIA_TYPE, NOT_YET)

    return answer


async def _send(send: Any, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
