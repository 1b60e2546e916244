"""Runs a built product until it is told to stop, and then brings everything to its end within ten seconds.

On the way out nothing new is taken, what is in flight gets a few seconds, and what is not done by then comes again at
the next start.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from groundwork.front.server import FrontServer
from spiderduck.bootstrap.product import Product

log = logging.getLogger(__name__)

DRAIN_SECONDS = 4.0


async def run(product: Product, server: FrontServer, listeners: Sequence[socket.socket], stop: asyncio.Event) -> None:
    """Serve and work until `stop` is set, or until a part fails, whose error is raised."""
    serving = asyncio.create_task(server.serve(sockets=list(listeners)), name="http server")
    taking = [asyncio.create_task(one.run(), name="scheduler") for one in product.schedulers]
    background = [asyncio.create_task(begin(), name=name) for name, begin in product.work]
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((stopped, serving, *taking, *background), return_when=asyncio.FIRST_COMPLETED)
    finally:
        product.health.stopping.set()
        server.should_exit = True
        failed = [task for task in (serving, *taking, *background) if task.done() and not task.cancelled()]
        await _end(taking)
        await asyncio.gather(serving, *(one.drain(DRAIN_SECONDS) for one in product.schedulers), return_exceptions=True)
        await _end([*background, stopped])
    for task in failed:
        if (error := task.exception()) is not None:
            raise error


@contextlib.contextmanager
def stopping_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`; a second one of them ends the process at once, as people expect."""
    loop = asyncio.get_running_loop()

    def ask() -> None:
        if stop.is_set():
            raise SystemExit(130)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
