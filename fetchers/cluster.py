"""A fetcher as one of many: the composition of everything that it needs, from settings to listening.

    `running_member(config, cluster)`   for `python -m fetchers serve` and `spiderduck up --only fetchers`

Whoever only sends hops to a cluster takes `fetchers.client.running` instead, which needs no coordinator. What was begun
is ended in the reverse order. On the way out the domains are given up first, so that others can take them while what is
on its way here is finished.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from fetchers.building import Adapters, build_fetcher
from fetchers.client.http import HttpFetchers
from fetchers.client.routing import Router
from fetchers.config import VERSION, FetchersConfig
from fetchers.fetcher import Fetcher
from fetchers.ownership import kazoo_calls
from fetchers.ownership.assignment import BUCKETS
from fetchers.ownership.zookeeper import ZookeeperOwnership
from fetchers.politeness.vultures import memory_pressure
from fetchers.ports import HostStateStore, LimitStore, LocalOwnership, NothingBlocked, Ownership, RobotsCache, UrlPolicy
from fetchers.service.metrics import Figure, Metrics, More, cache_figures, ownership_figures
from fetchers.service.server import Callers, Owners, Service, bound, listening
from fetchers.standalone import make_transport
from fetchers.stores.memcached import MemcachedHostStates, MemcachedRing, MemcachedRobotsCache
from fetchers.stores.memory import MemoryHostStates, MemoryLimitStore, MemoryRobotsCache
from fetchers.stores.zookeeper import ZookeeperLimitStore
from fetchers.tls import client_context, server_context
from groundwork.clock import SystemClock
from groundwork.engine_tls import EngineTls
from groundwork.process import Vitals
from groundwork.process_metrics import LoopDelay
from groundwork.readiness import ClockWatch, Needed, Needs, Trouble
from groundwork.zookeeper import make_client

log = logging.getLogger(__name__)

DRAIN_SECONDS = 8.0
"""Every process is to be gone ten seconds after SIGTERM."""


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Where this fetcher listens and whom it knows. Without `zookeeper` it is alone and owns everything.

    `advertise` is where others reach it (`http://host:port`); empty: `host` and the port it got. `auth` is
    `user:password` (digest) for `chroot`, which should be the fetchers' own. `session_seconds` must lie within what the
    ZooKeeper server grants (2 to 20 of its ticks); a silent fetcher's domains move after a quarter of them, two and a
    half seconds at the least.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    advertise: str = ""
    token: str = ""
    zookeeper: str = ""
    chroot: str = "/spiderduck/fetchers"
    auth: str = ""
    session_seconds: float = 10.0
    memcached: tuple[str, ...] = ()
    memory_bytes: int = 0
    memcached_auth: str = field(default="", repr=False)
    zookeeper_tls: EngineTls = field(default_factory=EngineTls)
    memcached_tls: EngineTls = field(default_factory=EngineTls)

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if self.chroot and (not self.chroot.startswith("/") or self.chroot.endswith("/")):
            raise ValueError(f'fetchers.chroot is {self.chroot!r}; it takes a path such as "/spiderduck/fetchers"')
        if self.auth and ":" not in self.auth:
            raise ValueError('fetchers.auth takes "user:password"')
        if not 1.0 <= self.session_seconds <= 60.0:
            raise ValueError(f"fetchers.session_seconds is {self.session_seconds}; it takes 1 to 60")
        if self.advertise and not self.advertise.startswith(("http://", "https://")):
            raise ValueError(
                f'fetchers.advertise is {self.advertise!r}; it takes an address such as "http://host:8080"'
            )


@dataclass(frozen=True, slots=True)
class Member:
    """What runs. `router.perform` takes a hop to whichever fetcher owns it."""

    fetcher: Fetcher
    router: Router
    service: Service
    port: int
    address: str
    parts: Sequence[asyncio.Task[None]]

    async def until(self, stop: asyncio.Event) -> None:
        """Return when told to stop. Raises what a part of it raised, for without that one the rest is of no use."""
        stopped = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait((stopped, *self.parts), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        for part in done - {stopped}:
            part.result()


class AloneOwners:
    """For a fetcher without a coordinator."""

    trouble: Trouble | None = None

    def __init__(self, address: str) -> None:
        self._address = address

    def routes(self) -> Mapping[str, object]:
        return {"addresses": [self._address], "owners": [0] * BUCKETS}


@dataclass(slots=True)
class _Coordination:
    """The parts that are different alone and in company."""

    ownership: Ownership
    limits: LimitStore
    owners: Owners
    leave: Callable[[], Coroutine[Any, Any, None]]
    known: Callable[[], Sequence[str]] = tuple
    figures: More = lambda: (Figure("buckets_held", "Buckets of domains held here.", BUCKETS),)
    parts: Sequence[asyncio.Task[None]] = ()


@asynccontextmanager
async def running_member(
    config: FetchersConfig,
    cluster: ClusterConfig,
    listener: socket.socket | None = None,
    policy: UrlPolicy | None = None,
) -> AsyncIterator[Member]:
    """A fetcher that listens (at `listener`, or where the settings say) and gives turns for as long as the block
    lasts. `policy` says what may be asked for; without one, everything.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        listener = listener or stack.enter_context(bound(cluster.host, cluster.port))
        port: int = listener.getsockname()[1]
        certificates = server_context(config.tls)
        scheme = "http" if certificates is None else "https"
        address = cluster.advertise or f"{scheme}://{cluster.host}:{port}"
        ring = _ring(cluster, clock, stack)
        coordination = await _coordination(cluster, address, clock, stack)
        http = HttpFetchers(clock, cluster.token, client_context(config.tls))
        router = Router((), http, clock, Random(), own_address=address, known_addresses=coordination.known)
        stack.push_async_callback(router.close)
        transport = make_transport(config)
        stack.push_async_callback(transport.aclose)
        adapters = Adapters(
            transport,
            *_caches(ring, clock),
            clock,
            ownership=coordination.ownership,
            limit_store=coordination.limits,
            policy=policy or NothingBlocked(),
            pressure=memory_pressure(cluster.memory_bytes),
            perform_hop=router.perform,
        )
        fetcher = build_fetcher(config, adapters)
        router.local = fetcher.open_own_hop
        turns = _beside(fetcher.run(), "fetcher", stack)
        metrics = Metrics(fetcher, lambda: (*coordination.figures(), *(cache_figures(ring) if ring else ())))
        callers = Callers(cluster.token, certificates is not None)
        needed = Needed(_needs(coordination.owners, ring, clock), clock)
        vitals = Vitals(address, ("fetchers",), VERSION, needed)
        metrics.process.needs = needed.look
        watching = _beside(needed.run(), "readiness", stack)
        delay = _beside(LoopDelay(clock, metrics.process.loop_delay).run(), "event loop delay", stack)
        service = Service(fetcher, coordination.owners, metrics, vitals, callers)
        await stack.enter_async_context(listening(service, listener, certificates))
        stack.push_async_callback(_drain, service, coordination)
        yield Member(fetcher, router, service, port, address, (turns, watching, delay, *coordination.parts))


async def _drain(service: Service, coordination: _Coordination) -> None:
    """Give the domains up, then finish what is under way."""
    service.draining = True
    await coordination.leave()
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await service.idle()
    except TimeoutError:
        log.warning("some requests were not finished within %.0f s", DRAIN_SECONDS)


def _needs(owners: Owners, ring: MemcachedRing | None, clock: SystemClock) -> Needs:
    """A cache that is away is told, and does not keep this fetcher from its work."""
    watch = ClockWatch(clock)

    def cache() -> Trouble | None:
        if ring is None or not ring.left_out:
            return None
        says = f"{ring.left_out} of {len(ring.addresses)} cache servers do not answer"
        return Trouble(says, "away", "start them, or correct memcached.hosts", blocks=False)

    def look() -> Mapping[str, Trouble | None]:
        beside = {} if ring is None else {"memcached": cache()}
        return {"zookeeper": owners.trouble, "clock": watch.trouble(), **beside}

    return look


def _ring(cluster: ClusterConfig, clock: SystemClock, stack: AsyncExitStack) -> MemcachedRing | None:
    if not cluster.memcached:
        return None
    ring = MemcachedRing(cluster.memcached, clock, auth=cluster.memcached_auth, tls=cluster.memcached_tls)
    stack.push_async_callback(ring.close)
    return ring


def _caches(ring: MemcachedRing | None, clock: SystemClock) -> tuple[HostStateStore, RobotsCache]:
    if ring is None:
        return MemoryHostStates(), MemoryRobotsCache(clock)
    return MemcachedHostStates(ring, clock), MemcachedRobotsCache(ring)


async def _coordination(
    cluster: ClusterConfig, address: str, clock: SystemClock, stack: AsyncExitStack
) -> _Coordination:
    if not cluster.zookeeper:
        return _Coordination(LocalOwnership(clock.now()), MemoryLimitStore(), AloneOwners(address), _nothing)
    hosts = cluster.zookeeper + cluster.chroot
    client = make_client(hosts, cluster.auth, cluster.session_seconds, cluster.zookeeper_tls)
    await kazoo_calls.start(client)
    stack.push_async_callback(kazoo_calls.stop, client)
    ownership = ZookeeperOwnership(client, address, clock, cluster.session_seconds)
    limits = ZookeeperLimitStore(client, clock)
    parts = (_beside(ownership.run(), "ownership of domains", stack), _beside(limits.run(), "limits", stack))

    async def leave() -> None:
        ownership.leave()
        await kazoo_calls.stop(client)

    figures = partial(ownership_figures, ownership)
    return _Coordination(ownership, limits, ownership, leave, ownership.addresses, figures, parts)


async def _nothing() -> None:
    return None


def _beside(work: Coroutine[Any, Any, None], name: str, stack: AsyncExitStack) -> asyncio.Task[None]:
    """Run it until the stack unwinds."""
    task = asyncio.create_task(work, name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)
    return task
