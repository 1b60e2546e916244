"""READ FIRST. What `spiderduck up` starts: which parts run in this process, and in which order they come up.

    settings → parts (checked) → port (bound) → data folder (locked) → product (`product.py`) → run (`runtime.py`)
                                      └ only fetchers: a member of the fetching service (`fetchers.cluster`)

The only package that chooses adapters. The port is bound before anything is opened, so that a second start fails at
once and with the reason.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from groundwork.clock import SystemClock
from groundwork.memory import tune_allocator, tune_collector
from spiderduck.bootstrap.blocking import beside, open_blocking
from spiderduck.bootstrap.data_folder import DataFolder, keep_files_private
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.front import listen, make_server, url_of
from spiderduck.bootstrap.parts import EVERYTHING, check
from spiderduck.bootstrap.product import running_parts
from spiderduck.bootstrap.remedies import ZOOKEEPER_REMEDY
from spiderduck.bootstrap.runtime import run, stopping_on_signals
from spiderduck.bootstrap.starting import answering_meanwhile
from spiderduck.bootstrap.traces import tracing
from spiderduck.bootstrap.waiting import wait_for
from spiderduck.config import Config

BLOCKING_THREADS = 2
"""For what blocks now and then: reading the archive, parsing very large pages. With the writer, two readers, the
archive, the id lease and the image pipeline's own, that is every thread of the process, whatever the load."""

WITHOUT_DISK = frozenset({"api", "fetchers"})
"""Parts that keep nothing on disk, once the engines are elsewhere."""


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """What a person is told once everything runs. `data` is None where this process keeps nothing on disk."""

    url: str
    data: Path | None
    parts: frozenset[str]


Tell = Callable[[Started], None]


def up(config: Config, parts: frozenset[str], started: Tell) -> None:
    """Run these parts in this process until a signal ends it. Raises `SpiderDuckError` where they cannot start."""
    check(parts, config)
    tune_allocator()

    def told(where: Started) -> None:
        tune_collector()  # now: what was built until here lives as long as the process
        started(where)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config, told, parts))


def data_path(config: Config) -> Path:
    """The data folder, absolute."""
    return Path(config.data).expanduser().resolve()


async def serve(
    config: Config, started: Tell, parts: frozenset[str] = EVERYTHING, stop: asyncio.Event | None = None
) -> None:
    """The same on a running loop; `stop` ends it from within, also while it waits for its engines."""
    keep_files_private()
    stop, begun = stop or asyncio.Event(), False

    def tell(where: Started) -> None:
        nonlocal begun
        begun = True
        started(where)

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(BLOCKING_THREADS, "blocking"))
    serve_these = _serve_fetchers if parts == {"fetchers"} else _serve_parts
    async with tracing(config, parts):
        with stopping_on_signals(stop):
            await _until_over(serve_these(config, parts, tell, stop), stop, lambda: begun)


async def _until_over(work: Coroutine[Any, Any, None], stop: asyncio.Event, has_begun: Callable[[], bool]) -> None:
    """Until it ends. What waits for its engines is ended by `stop`; what has begun ends by itself then."""
    serving = asyncio.create_task(work, name="serving")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        if not has_begun() or not stop.is_set():
            serving.cancel()  # it waits for its engines, or we are cancelled ourselves; one that failed is over
        await asyncio.wait((serving,))
    if not serving.cancelled():
        serving.result()


async def _serve_parts(config: Config, parts: frozenset[str], started: Tell, stop: asyncio.Event) -> None:
    warn_of_open_proxy(config)
    with _listening(config) as listener, _listening_for_metrics(config) as metrics, _data(config, parts) as folder:
        listeners = [listener] if metrics is None else [listener, metrics]
        async with AsyncExitStack() as stack:
            async with answering_meanwhile(config, listeners, SystemClock()):
                product = await stack.enter_async_context(running_parts(config, folder, parts))
            server = make_server(product, config, SystemClock(), metrics)
            for one in listeners:
                one.listen(1024)
            started(Started(url_of(listener, secure=bool(config.api.tls_certificate)), folder, parts))
            await run(product, server, listeners, stop)


def warn_of_open_proxy(config: Config) -> None:
    """A proxy calls from this machine, which needs no key where there are none."""
    if (config.api.hosts or config.api.trusted_proxies) and not config.has_keys:
        log.warning(
            "api.hosts or api.trusted_proxies speaks of a reverse proxy, and there are no keys: whoever the proxy lets "
            "through may do everything; make one with `spiderduck keys create NAME --scopes read,write`"
        )


async def _serve_fetchers(config: Config, parts: frozenset[str], started: Tell, stop: asyncio.Event) -> None:
    """A process that keeps nothing on disk and knows no store: it can stand in a DMZ."""
    with needed_for("--only fetchers"):
        from fetchers.cluster import ClusterConfig, running_member
    zookeeper = config.zookeeper
    with _listening(config) as listener:
        async with answering_meanwhile(config, [listener], SystemClock()):
            await wait_for("ZooKeeper", zookeeper.hosts, SystemClock(), ZOOKEEPER_REMEDY)
        host, port = listener.getsockname()[:2]
        cluster = ClusterConfig(
            host=host,
            port=port,
            advertise=config.fetchers.advertise,
            token=config.fetchers.token,
            zookeeper=",".join(zookeeper.hosts),
            chroot=f"{zookeeper.chroot}/fetchers",
            auth=zookeeper.auth,
            session_seconds=zookeeper.session_seconds,
            memcached=config.memcached.hosts,
            memory_bytes=config.fetchers.memory_bytes,
            memcached_auth=config.memcached.auth,
            zookeeper_tls=zookeeper.tls,
            memcached_tls=config.memcached.tls,
        )
        blocking = open_blocking(config, SystemClock())
        async with (
            running_member(config.fetchers, cluster, listener, blocking.policy) as member,
            beside(blocking.work),
        ):
            started(Started(member.address, None, parts))
            await member.until(stop)


@contextlib.contextmanager
def _listening(config: Config) -> Iterator[socket.socket]:
    """Bound, so that nobody else gets the port and a busy one is said at once."""
    listener = listen(config.host, config.port)
    try:
        yield listener
    finally:
        listener.close()


@contextlib.contextmanager
def _listening_for_metrics(config: Config) -> Iterator[socket.socket | None]:
    """`metrics_port`, where there is one."""
    if not config.metrics_port:
        yield None
        return
    listener = listen(config.host, config.metrics_port)
    try:
        yield listener
    finally:
        listener.close()


@contextlib.contextmanager
def _data(config: Config, parts: frozenset[str]) -> Iterator[Path]:
    """Locked; but a process whose parts keep nothing on disk shares it with anybody."""
    if parts <= WITHOUT_DISK and config.broker.url:
        yield data_path(config)
        return
    folder = DataFolder(data_path(config))
    try:
        yield folder.path
    finally:
        folder.release()
