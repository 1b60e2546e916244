"""READ FIRST. What `spiderduck up` starts: which parts run in this process, and in which order they come up.

    settings → data folder (locked) → port (bound) → product (`product.py`) → run until told to stop (`runtime.py`)

The only package that chooses adapters. The port is bound before anything is opened, so that a second start fails at
once and with the reason.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import uvloop

from spiderduck.bootstrap.data_folder import DataFolder
from spiderduck.bootstrap.listener import listen, url_of
from spiderduck.bootstrap.product import embedded
from spiderduck.bootstrap.runtime import make_server, run, stopping_on_signals
from spiderduck.config import Config

BLOCKING_THREADS = 2
"""For what blocks now and then: reading the archive, parsing very large pages. With the writer, two readers, the
archive, the id lease and the image pipeline's own, that is every thread of the process, whatever the load."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a person is told once everything runs."""

    url: str
    data: Path


def up(config: Config, started: Callable[[Started], None]) -> None:
    """Run the product in this process until a signal ends it. Raises `SpiderDuckError` where it cannot start."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config, started))


def data_path(config: Config) -> Path:
    """The data folder, absolute."""
    return Path(config.data).expanduser().resolve()


async def serve(config: Config, started: Callable[[Started], None], stop: asyncio.Event | None = None) -> None:
    """The same on a running loop; `stop` ends it from within."""
    stop = stop or asyncio.Event()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(BLOCKING_THREADS, "blocking"))
    listener = listen(config.host, config.port)
    try:
        folder = DataFolder(data_path(config))
        try:
            with stopping_on_signals(stop):
                async with embedded(config, folder) as product:
                    server = make_server(product)
                    listener.listen(1024)
                    started(Started(url_of(listener), folder.path))
                    await run(product, server, listener, stop)
        finally:
            folder.release()
    finally:
        listener.close()
