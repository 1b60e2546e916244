"""The processes that know the store, in one partition of Cassandra: each writes what it tells of itself every few
seconds, and takes it away when it ends. What is left is a process that fell silent.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from groundwork.clock import Clock
from groundwork.process import ProcessStatus
from spiderduck.cluster.ports import OwnStatus, Processes, Registered
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.cassandra_keys import Stamps
from spiderduck.stores.sessions.ports import Session, Statement

ALL = "all"
LIVE_SECONDS = 3600
EVERY_SECONDS = 5.0
LEAVE_SECONDS = 1.0
"""For the last word of a process that ends, within the ten seconds that it has."""

log = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(ProcessStatus).decode


class CassandraProcesses:
    """See `Processes`."""

    def __init__(self, session: Session, keyspace: str, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._stamps = Stamps()
        table = f"{keyspace}.processes"
        values = "(list, name, at, told) VALUES (?, ?, ?, ?)"
        self._put = Statement(f"INSERT INTO {table} {values} USING TIMESTAMP ? AND TTL ?")
        self._remove = Statement(f"DELETE FROM {table} USING TIMESTAMP ? WHERE list = ? AND name = ?")
        self._get = Statement(f"SELECT at, told FROM {table} WHERE list = ?", reads=True)

    async def put(self, status: ProcessStatus) -> None:
        now = self._clock.now()
        values = (ALL, status.name, now, msgspec.json.encode(status), self._stamps.next(now), LIVE_SECONDS)
        await self._session.execute(self._put, values)

    async def remove(self, name: str) -> None:
        await self._session.execute(self._remove, (self._stamps.next(self._clock.now()), ALL, name))

    async def all(self) -> Sequence[Registered]:
        return [Registered(at, _decode(told)) for at, told in await self._session.execute(self._get, (ALL,))]


async def keep_registered(processes: Processes, own: OwnStatus, clock: Clock) -> None:
    """Until cancelled. A store that is away is no trouble of this process; others take it for silent meanwhile."""
    name = ""
    try:
        while True:
            try:
                status = await own()
                await processes.put(status)
                name = status.name
            except StoreUnavailable as error:
                log.debug("it is not written down that this process runs: %s", error)
            await clock.sleep(EVERY_SECONDS)
    finally:
        if name:
            await _leave(processes, name)


async def _leave(processes: Processes, name: str) -> None:
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await processes.remove(name)
    except (StoreUnavailable, TimeoutError) as error:
        log.info("others will see for an hour that this process is silent: %s", error or "the store is slow")
