"""A fetcher on its own: the composition for `python -m fetchers` and for whoever needs no cluster and no store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fetchers.building import Adapters, build_fetcher
from fetchers.config import FetchersConfig
from fetchers.fetcher import Fetcher
from fetchers.model import RateLimit
from fetchers.politeness.address_pace import AddressPace
from fetchers.ports import HostStateStore, NothingBlocked, RobotsCache, UrlPolicy
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from fetchers.transport.aiohttp import AiohttpTransport
from fetchers.transport.connection import PoolLimits
from groundwork.address_guard import AddressPolicy
from groundwork.clock import SystemClock
from groundwork.interfaces import own_addresses


def make_transport(config: FetchersConfig) -> AiohttpTransport:
    """The way to the network, behind the address guard."""
    policy = AddressPolicy(config.network.allow_addresses, own_addresses(), config.network.ports)
    rate, connections = config.rate_limit, PoolLimits(config.queues.connections)
    pace = AddressPace(SystemClock(), RateLimit(rate.address_per_second, rate.address_burst))
    return AiohttpTransport(policy, resolve=config.network.resolve, limits=connections, pace=pace)


@asynccontextmanager
async def running_fetcher(
    config: FetchersConfig,
    states: HostStateStore | None = None,
    robots_cache: RobotsCache | None = None,
    policy: UrlPolicy | None = None,
) -> AsyncIterator[Fetcher]:
    """A fetcher that gives turns for as long as the block lasts."""
    transport = make_transport(config)
    adapters = Adapters(
        transport,
        states or MemoryHostStates(),
        robots_cache or NoSharedCache(),
        policy=policy or NothingBlocked(),
    )
    fetcher = build_fetcher(config, adapters)
    running = asyncio.create_task(fetcher.run(), name="fetcher")
    try:
        yield fetcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await transport.aclose()
