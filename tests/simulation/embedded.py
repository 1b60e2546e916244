"""The product in one process: the real queue, store and outbox on SQLite, whose threads run in virtual time."""

import asyncio
from pathlib import Path
from random import Random

from fetchers.building import Adapters, build_fetcher
from fetchers.config import FetchersConfig
from fetchers.stores.memory import MemoryRobotsCache
from schedulers.model import Message, UrlState
from spiderduck.database.sqlite import Database
from spiderduck.fetching import FetchThroughClient
from spiderduck.host_states.sqlite import SqliteHostStates
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.stores.rows import state_from_json
from spiderduck.stores.sqlite import SqliteStore
from tests.simulation.checks import Told
from tests.simulation.flow import CONFIG, Archive, Ids, scheduler
from tests.simulation.loop import EPOCH, VirtualClock, VirtualLoop, VirtualThreads
from tests.simulation.web import Web

MACHINE = "duck"
TOLD = "SELECT id, outcome, at FROM notices"


class Embedded:
    """`folder` outlives the process."""

    machines = (MACHINE,)
    links: tuple[tuple[str, str], ...] = ()

    def __init__(self, loop: VirtualLoop, random: Random, web: Web, folder: Path) -> None:
        self._loop = loop
        self._random = random
        self._web = web
        self._clock = VirtualClock(loop)
        self._file = folder / "spiderduck.db"
        self._beside = (Archive(), Ids())
        self._starts = 0
        self._process = ""
        self._database: Database | None = None
        self._queue: SqliteQueue | None = None
        self.two_owners: list[str] = []
        self.start(MACHINE)

    # What the scenario asks for ---------------------------------------------------------------------------

    def start(self, name: str) -> None:
        if self._process:
            return
        self._starts += 1
        self._process = f"{name}#{self._starts}"
        self._loop.spawn(self._process, self._run())

    def crash(self, name: str) -> None:
        """What was committed is on the disk."""
        if self._process:
            self._loop.kill(self._process)
            self.close()
            self._process, self._queue, self._database = "", None, None

    def close(self) -> None:
        """The file, in whatever state it is."""
        if self._database is not None:
            for connection in (self._database._writing, *self._database._reading):
                connection.close()

    def cut(self, link: tuple[str, str]) -> None: ...

    def heal(self, link: tuple[str, str]) -> None: ...

    async def publish(self, message: Message) -> bool:
        """A caller that gives up after some seconds does not know whether it was accepted."""
        if self._queue is None:
            await asyncio.sleep(0.5)
            return False
        publishing = self._loop.spawn(self._process, self._queue.publish([message]))
        done, _ = await asyncio.wait((publishing,), timeout=3.0)
        return bool(done)

    async def is_idle(self) -> bool:
        if self._queue is None:
            return False
        asking = self._loop.spawn(self._process, self._queue.lengths())
        done, _ = await asyncio.wait((asking,), timeout=3.0)
        if not done:
            return False
        lengths = asking.result()
        return not lengths.ready and not lengths.deferred

    async def notices(self) -> list[Told]:
        return [Told(identity, outcome, at - EPOCH) for identity, outcome, at in self._rows(TOLD)]

    async def states(self) -> dict[str, UrlState]:
        found = [state_from_json(row[0]) for row in self._rows("SELECT state FROM urls")]
        return {state.key: state for state in found}

    async def dead(self) -> list[str]:
        return [f"{event}: {reason}" for event, reason in self._rows("SELECT event_id, reason FROM dead")]

    def _rows(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        return [] if self._database is None else self._database._reading[0].execute(sql).fetchall()

    # The process ---------------------------------------------------------------------------

    async def _run(self) -> None:
        database = self._database = Database(self._file, hand_over=VirtualThreads)
        database._writing.execute("PRAGMA synchronous=OFF")  # only the simulated machine loses its power
        queue = SqliteQueue(database, self._clock)
        store = SqliteStore(database, self._clock, lambda: None)
        adapters = Adapters(
            self._web.transport(lambda host: None, self._loop.time),
            SqliteHostStates(database, self._clock),
            MemoryRobotsCache(self._clock),
            self._clock,
            Random(self._random.getrandbits(64)),
        )
        fetcher = build_fetcher(FetchersConfig(), adapters)
        fetch = FetchThroughClient(fetcher.open_hop, 20, CONFIG.defer_after)
        flow = scheduler(queue, store, fetch, self._clock, self._beside)
        self._queue = queue
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.run())
            group.create_task(fetcher.run())
            group.create_task(flow.run())
