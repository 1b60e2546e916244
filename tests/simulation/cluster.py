"""Schedulers and fetchers as processes of their own: ownership by ZooKeeper, hops through the client, broker, store."""

import asyncio
from random import Random

from fetchers.building import Adapters, build_fetcher
from fetchers.client.routing import Router
from fetchers.config import FetchersConfig
from fetchers.model import NotMine
from fetchers.ownership.zookeeper import ZookeeperOwnership
from fetchers.stores.memory import MemoryHostStates, MemoryRobotsCache
from fetchers.urls import registrable_domain
from schedulers.model import Message, UrlState
from spiderduck.fetching import FetchThroughClient
from spiderduck.stores.announcing import AnnouncingStore
from tests.simulation import coordinator
from tests.simulation.checks import Told
from tests.simulation.durable import BROKER, STORE, Broker, BrokerQueue, Records, Tables
from tests.simulation.flow import CONFIG, Archive, Ids, scheduler
from tests.simulation.loop import VirtualClock, VirtualLoop
from tests.simulation.network import Network, SimulatedFetchers
from tests.simulation.web import Web

SESSION_SECONDS = 10.0


class Cluster:
    """`schedulers` and `fetchers` of each kind of process."""

    def __init__(self, loop: VirtualLoop, random: Random, web: Web, *, schedulers: int = 2, fetchers: int = 3) -> None:
        self._loop = loop
        self._random = random
        self._web = web
        self._clock = VirtualClock(loop)
        self._network = Network(loop, random)
        self._server = coordinator.Server(loop.time, SESSION_SECONDS)
        self._broker = Broker(self._network)
        self._network.on_change(self._broker.links_changed)
        self._tables, self._beside = Tables(), (Archive(), Ids())
        self._states, self._robots = MemoryHostStates(), MemoryRobotsCache(self._clock)
        self._running: dict[str, str] = {}
        self._starts = 0
        self._intake = BrokerQueue(self._broker, "api")
        self._addresses = [f"http://fetcher-{number}:80" for number in range(fetchers)]
        self.two_owners: list[str] = []
        self.machines = (
            *(f"scheduler-{number}" for number in range(schedulers)),
            *(f"fetcher-{number}" for number in range(fetchers)),
        )
        self.links = tuple(
            (one, other)
            for one in self.machines
            for other in ((BROKER, STORE) if one.startswith("scheduler") else (coordinator.NAME, "scheduler-0"))
        )
        for name in self.machines:
            self.start(name)

    # What the scenario asks for ---------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start the process of that machine, where it does not run."""
        if name in self._running:
            return
        self._starts += 1
        process = self._running[name] = f"{name}#{self._starts}"
        work = self._scheduler(process) if name.startswith("scheduler") else self._fetcher(process)
        self._loop.spawn(process, work)

    def crash(self, name: str) -> None:
        """What it knew is lost; what was durable, and what is on its way, is not."""
        process = self._running.pop(name, None)
        if process is None:
            return
        self._loop.kill(process)
        self._network.died(process)
        self._broker.disconnect(process)

    def cut(self, link: tuple[str, str]) -> None:
        self._network.cut(*link)

    def heal(self, link: tuple[str, str]) -> None:
        self._network.heal(*link)

    async def publish(self, message: Message) -> bool:
        """Whether it was accepted."""
        await self._intake.publish([message])
        return True

    async def is_idle(self) -> bool:
        return self._broker.is_empty

    async def notices(self) -> list[Told]:
        return self._broker.notices

    def close(self) -> None: ...

    async def states(self) -> dict[str, UrlState]:
        return self._tables.states

    async def dead(self) -> list[str]:
        return [f"{message.event_id}: {reason}" for message, reason in self._broker.dead]

    # The processes ---------------------------------------------------------------------------

    async def _scheduler(self, process: str) -> None:
        queue = BrokerQueue(self._broker, process)
        store = AnnouncingStore(Records(self._tables, self._network, process), queue)
        http = SimulatedFetchers(self._network, process, self._clock)
        router = Router(self._addresses, http, self._clock, self._seeded())
        fetch = FetchThroughClient(router.open_hop, 20, CONFIG.defer_after)
        await scheduler(queue, store, fetch, self._clock, self._beside).run()

    async def _fetcher(self, process: str) -> None:
        address = f"http://{process.partition('#')[0]}:80"
        client = coordinator.Client(self._server, self._network, process, self._seeded())
        client.start_async()
        named = self._seeded()
        ownership = ZookeeperOwnership(
            client, address, self._clock, SESSION_SECONDS, lambda: f"{named.getrandbits(32):08x}"
        )
        http = SimulatedFetchers(self._network, process, self._clock)
        router = Router((), http, self._clock, self._seeded(), own_address=address, known_addresses=ownership.addresses)
        adapters = Adapters(
            self._web.transport(self._may_send, self._loop.time),
            self._states,
            self._robots,
            self._clock,
            self._seeded(),
            ownership=ownership,
            perform_hop=router.perform,
        )
        fetcher = build_fetcher(FetchersConfig(), adapters)
        router.local = fetcher.open_own_hop
        self._network.fetchers[address] = (process, fetcher, ownership, self._clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(ownership.run())
            group.create_task(fetcher.run())

    def _may_send(self, host: str) -> None:
        """Asked in the moment of each write: at most one process may."""
        domain = registrable_domain(host)
        owners = [
            process
            for process, _, ownership, _ in self._network.fetchers.values()
            if not isinstance(ownership.holding_of(domain), NotMine)
        ]
        if len(owners) > 1:
            self.two_owners.append(f"{domain} had the owners {', '.join(owners)} at {self._loop.time():.3f} s")

    def _seeded(self) -> Random:
        return Random(self._random.getrandbits(64))
