"""The way to the fetchers: one in this process, or those of the cluster through the client library."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random

from fetchers.client.running import running_client
from fetchers.fetcher import Fetcher
from fetchers.model import DomainState, RateLimit
from fetchers.ports import HostStateStore, RobotsCache, UrlPolicy
from fetchers.standalone import make_transport
from fetchers.stores.memory import MemoryHostStates, MemoryRobotsCache
from groundwork.clock import Clock
from schedulers.model import Failure, Status
from spiderduck.api.services import Domains
from spiderduck.bootstrap.backing import Work
from spiderduck.bootstrap.blocking import open_blocking
from spiderduck.bootstrap.bridges import FetchThroughClient
from spiderduck.bootstrap.extras import needed_for
from spiderduck.config import Config
from spiderduck.database.sqlite import Database
from spiderduck.host_states.sqlite import SqliteHostStates

Gauges = Mapping[str, tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Fetching:
    """`work` must run for as long as something is fetched. `policy` says what may be asked for, `blocked` only whom
    nobody asks for anything."""

    fetch: FetchThroughClient
    domains: Domains
    policy: UrlPolicy
    blocked: UrlPolicy
    work: tuple[Work, ...] = ()
    gauges: Callable[[], Gauges] = dict

    def refusal(self, url: str) -> Failure | None:
        """Why the URL may not be asked for; None where it may."""
        blocked = self.policy.verdict(url)
        return None if blocked is None else Failure(Status(blocked.ending.value), blocked.reason, blocked.code)


class LocalDomains:
    """The API's `Domains` port, served by the fetcher in this process."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def domain_state(self, domain: str) -> DomainState:
        return self._fetcher.domain_state(domain)

    async def set_limit(self, name: str, limit: RateLimit | None, by: str) -> None:
        await self._fetcher.set_limit(name, limit, by)


async def open_fetching(
    config: Config,
    parts: frozenset[str],
    database: Database | None,
    clock: Clock,
    stack: AsyncExitStack,
) -> Fetching:
    """With `database`, politeness outlives a restart. Raises `BadSetting`."""
    blocking, patience = open_blocking(config, clock), config.schedulers.defer_after
    if "fetchers" not in parts:
        fetchers = config.fetchers
        router = await stack.enter_async_context(running_client(fetchers.addresses, fetchers.token, fetchers.tls))
        fetch = FetchThroughClient(router.perform, router.stream, fetchers.limits.redirects, patience)
        return Fetching(fetch, router, blocking.policy, blocking.domains, blocking.work)
    states, robots_cache = _caches(config, database, clock, stack)
    transport = make_transport(config.fetchers)
    stack.push_async_callback(transport.aclose)
    fetcher = Fetcher(
        config=config.fetchers,
        clock=clock,
        random=Random(),
        transport=transport,
        states=states,
        robots_cache=robots_cache,
        policy=blocking.policy,
    )
    fetch = FetchThroughClient(fetcher.perform, fetcher.stream, config.fetchers.limits.redirects, patience)
    work = (("fetcher", fetcher.run), *blocking.work)
    return Fetching(fetch, LocalDomains(fetcher), blocking.policy, blocking.domains, work, lambda: _gauges(fetcher))


def _caches(
    config: Config, database: Database | None, clock: Clock, stack: AsyncExitStack
) -> tuple[HostStateStore, RobotsCache]:
    """Behind the fetcher's own: shared with other fetchers, or for the next start of this one."""
    if config.memcached.hosts:
        with needed_for("memcached.hosts"):
            from fetchers.stores.memcached import MemcachedHostStates, MemcachedRing, MemcachedRobotsCache
        ring = MemcachedRing(config.memcached.hosts, clock)
        stack.push_async_callback(ring.close)
        return MemcachedHostStates(ring, clock), MemcachedRobotsCache(ring)
    states = MemoryHostStates() if database is None else SqliteHostStates(database, clock)
    return states, MemoryRobotsCache(clock)


def _gauges(fetcher: Fetcher) -> Gauges:
    return {
        "domain_queues": ("Domains with a queue in memory.", len(fetcher.queues)),
        "requests_waiting": ("Requests waiting for their domain's turn.", fetcher.queues.waiting),
        "requests_in_flight": ("Requests under way.", fetcher.queues.in_flight),
        "bodies_bytes": ("Bytes of decoded bodies in flight.", fetcher.bodies.used),
        "vultures_queues_freed": ("Idle queues evicted since the start.", fetcher.vultures.eaten.queues),
        "vultures_hosts_freed": ("Robots entries evicted since the start.", fetcher.vultures.eaten.hosts),
    }
