"""Makes a fetcher of the settings and the adapters that a deployment chooses. Used by everyone who needs one.

fetcher = build_fetcher(config, Adapters(transport=…, states=…, robots_cache=…))
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from fetchers.body.budget import BodyBudget
from fetchers.config import FetchersConfig
from fetchers.counters import Counters
from fetchers.exchange import Exchanges
from fetchers.fetcher import Fetcher, FetcherParts
from fetchers.politeness.back_off import BackOff
from fetchers.politeness.domains import DomainLimits, Domains
from fetchers.politeness.places import Places
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.vultures import Vultures, no_pressure
from fetchers.ports import (
    HostStateStore,
    LimitStore,
    LocalOwnership,
    NothingBlocked,
    Ownership,
    PerformHop,
    RobotsCache,
    Transport,
    UrlPolicy,
)
from fetchers.robots.gate import HostCache, RobotsGate
from fetchers.robots.loading import RobotsLoader
from fetchers.stores.memory import MemoryLimitStore
from groundwork.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Adapters:
    """What serves a fetcher's ports.

    Without `ownership` it owns every domain. `policy` says what may be asked for: without one, everything. `pressure`
    is used / allowed memory. `perform_hop` takes a robots.txt redirect to another host's owner.
    """

    transport: Transport
    states: HostStateStore
    robots_cache: RobotsCache
    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=Random)
    ownership: Ownership | None = None
    limit_store: LimitStore = field(default_factory=MemoryLimitStore)
    policy: UrlPolicy = field(default_factory=NothingBlocked)
    pressure: Callable[[], float] = no_pressure
    perform_hop: PerformHop | None = None


def build_fetcher(config: FetchersConfig, adapters: Adapters, bodies: BodyBudget | None = None) -> Fetcher:
    """A fetcher; what it fetches waits until it runs (`Fetcher.run`). `bodies`: instead of a budget of its own."""
    clock, counters = adapters.clock, Counters()
    queues = RequestQueues(clock, config.queues)
    limits = DomainLimits(config.rate_limit, adapters.limit_store)
    adapters.limit_store.on_change(lambda: queues.change_limits(limits.of))
    ownership = adapters.ownership or LocalOwnership(clock.now())
    ownership.on_lost(queues.close_lost)
    hosts = HostCache()
    loader = RobotsLoader(
        config, clock, adapters.robots_cache, lambda request: perform(request), counters, keep=hosts.put
    )
    robots = RobotsGate(config, clock, hosts, loader, counters)
    fetcher = Fetcher(
        FetcherParts(
            clock=clock,
            policy=adapters.policy,
            robots=robots,
            domains=Domains(queues, limits, ownership, adapters.states),
            back_off=BackOff(queues, adapters.states, clock, adapters.random, counters),
            exchanges=Exchanges(adapters.transport, config, clock, counters),
            bodies=bodies or BodyBudget.of(config.limits),
            places=Places(config.queues.connections, clock),
            vultures=Vultures(clock, config.queues, queues, hosts, adapters.pressure),
            counters=counters,
        )
    )
    perform = adapters.perform_hop or fetcher.perform
    return fetcher
