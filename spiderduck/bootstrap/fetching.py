"""The way to the fetchers: one in this process, or those of the cluster through the client library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from fetchers.body.budget import BodyBudget
from fetchers.body.chunks import OpenHop
from fetchers.building import Adapters, build_fetcher
from fetchers.client.routing import Router
from fetchers.client.running import running_client
from fetchers.fetcher import Fetcher
from fetchers.model import DomainState, RateLimit
from fetchers.ports import HostStateStore, RobotsCache
from fetchers.standalone import make_transport
from fetchers.stores.memory import MemoryHostStates, MemoryRobotsCache
from schedulers.model import Failure, Status
from spiderduck.analytics.noting import Noting
from spiderduck.api.services import Domains
from spiderduck.bootstrap.blocking import Blocking, open_blocking
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.storage import Work
from spiderduck.database.sqlite import Database
from spiderduck.fetching import FetchThroughClient, refusing
from spiderduck.host_states.sqlite import SqliteHostStates

Gauges = Mapping[str, tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Fetching:
    """`work` must run for as long as something is fetched; `blocking` says what may be asked for. `open_hop` is one
    request, without redirects, by whichever fetcher owns the domain. `local` is the fetcher of this process, `router`
    the way to others. `room` are those of `gauges` that `FetcherCollector` does not tell."""

    fetch: FetchThroughClient
    open_hop: OpenHop
    domains: Domains
    blocking: Blocking
    work: tuple[Work, ...] = ()
    gauges: Callable[[], Gauges] = dict
    room: Callable[[], Gauges] = dict
    local: Fetcher | None = None
    router: Router | None = None

    def refusal(self, url: str) -> Failure | None:
        """Why the URL may not be asked for; None where it may."""
        blocked = self.blocking.policy.verdict(url)
        return None if blocked is None else Failure(Status(blocked.ending.value), blocked.reason, blocked.code)


class LocalDomains:
    """The API's `Domains` port, served by the fetcher in this process."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def domain_state(self, domain: str) -> DomainState:
        return await self._fetcher.kept_domain_state(domain)

    async def set_limit(self, name: str, limit: RateLimit | None, by: str) -> None:
        await self._fetcher.set_limit(name, limit, by)

    async def resume_domain(self, domain: str, by: str) -> None:
        await self._fetcher.resume_domain(domain, by)


async def open_fetching(given: Composition, database: Database | None, noting: Noting | None) -> Fetching:
    """With `database`, politeness outlives a restart; `noting` is told of every hop. Raises `BadSetting`."""
    config, clock, stack = given.config, given.clock, given.stack
    blocking, patience = open_blocking(config, clock), config.schedulers.defer_after
    if "fetchers" not in given.parts:
        fetchers = config.fetchers
        bodies = BodyBudget.of(fetchers.limits)
        client = running_client(fetchers.addresses, fetchers.token, fetchers.tls, bodies)
        router = await stack.enter_async_context(client)
        open_hop = refusing(_noted(router.open_hop, noting), blocking.policy)
        fetch = FetchThroughClient(open_hop, fetchers.limits.redirects, patience)
        room = partial(_room, bodies)
        return Fetching(fetch, open_hop, router, blocking, blocking.work, room, room, router=router)
    states, robots_cache = _caches(given, database)
    transport = make_transport(config.fetchers)
    stack.push_async_callback(transport.aclose)
    fetcher = build_fetcher(config.fetchers, Adapters(transport, states, robots_cache, clock, policy=blocking.policy))
    open_hop = _noted(fetcher.open_hop, noting)
    fetch = FetchThroughClient(open_hop, config.fetchers.limits.redirects, patience)
    work = (("fetcher", fetcher.run), *blocking.work)
    gauges, room = partial(_gauges, fetcher), partial(_room, fetcher.bodies)
    return Fetching(fetch, open_hop, LocalDomains(fetcher), blocking, work, gauges, room, fetcher)


def _noted(open_hop: OpenHop, noting: Noting | None) -> OpenHop:
    return open_hop if noting is None else noting.around(open_hop)


def _caches(given: Composition, database: Database | None) -> tuple[HostStateStore, RobotsCache]:
    """Behind the fetcher's own: shared with other fetchers, or for the next start of this one."""
    if given.config.memcached.hosts:
        with needed_for("memcached.hosts"):
            from fetchers.stores.memcached import MemcachedHostStates, MemcachedRing, MemcachedRobotsCache
        memcached = given.config.memcached
        ring = MemcachedRing(memcached.hosts, given.clock, auth=memcached.auth, tls=memcached.tls)
        given.stack.push_async_callback(ring.close)
        return MemcachedHostStates(ring, given.clock), MemcachedRobotsCache(ring)
    states = MemoryHostStates() if database is None else SqliteHostStates(database, given.clock)
    return states, MemoryRobotsCache(given.clock)


def _gauges(fetcher: Fetcher) -> Gauges:
    return {
        "domain_queues": ("Domains with a queue in memory.", len(fetcher.queues)),
        "domains_paused": ("Domains that are left alone for a while.", len(fetcher.queues.paused())),
        "requests_waiting": ("Requests waiting for their domain's turn.", fetcher.queues.waiting),
        "requests_in_flight": ("Requests being sent or answered.", fetcher.queues.in_flight),
        **_room(fetcher.bodies),
        "connections_used": ("Connections that requests hold.", fetcher.places.used),
        "connections_given_way_total": ("Requests that gave way to others, since the start.", fetcher.places.given_way),
        "vultures_queues_freed_total": ("Idle queues evicted since the start.", fetcher.vultures.eaten.queues),
        "vultures_hosts_freed_total": ("Robots entries evicted since the start.", fetcher.vultures.eaten.hosts),
    }


def _room(bodies: BodyBudget) -> Gauges:
    return {"bodies_bytes": ("Bytes of decoded bodies in flight.", bodies.used)}
