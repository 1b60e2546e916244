"""Ids: minted here under a worker id that nobody else has, or from ranges that the id service gives out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from litestar import Router

from groundwork.clock import Clock
from groundwork.readiness import Trouble
from schedulers.ports import Ids
from snowflake import FileLease, Generator
from snowflake.errors import LeaseUnavailable, ServiceUnavailable
from snowflake.leases.ordinal import OrdinalLease
from snowflake.leases.registered import RegisteredLease
from snowflake.ports import Lease
from snowflake.service.client import RangeClient
from snowflake.service.issuing import IdService
from snowflake.service.server import ids_router
from spiderduck.api.front.keys import READ, WRITE
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.id_peers import open_sanity, own_url
from spiderduck.bootstrap.keys import bearer
from spiderduck.bootstrap.remedies import CLOCK_REMEDY, IDS_REMEDY, LEASE_REMEDY, ZOOKEEPER_REMEDY
from spiderduck.bootstrap.storage import Work
from spiderduck.bootstrap.waiting import patiently, wait_for
from spiderduck.config import Config
from spiderduck.errors import WorkerIdLost

log = logging.getLogger(__name__)

BRIDGE_MS = 1000
"""A clock set back by less is bridged in logical time, so that a small correction stops no page; ids stay k-sorted."""
ANSWER_SECONDS = 3.0
LOOK_SECONDS = 1.0
IDS_PER_MS = 4
"""Of a range lease: far more than a process fetches, and 768 of them can share a server."""
WINDOW_MS, IN_HAND_MS = 840_000, 660_000
"""Eleven minutes without any id service. A process that ends leaves up to fourteen minutes of its share unused."""


async def _no_gauges() -> Mapping[str, tuple[str, float]]:
    return {}


class CountedIds:
    """The ids of this process's own pages, counted."""

    def __init__(self, ids: Ids, more: Callable[[], Mapping[str, tuple[str, float]]] = dict) -> None:
        self._next_id = ids.next_id
        self._more = more
        self.minted = 0

    def next_id(self) -> int:
        self.minted += 1
        return self._next_id()

    async def gauges(self) -> Mapping[str, tuple[str, float]]:
        """For `/metrics`."""
        minted = ("Ids that this process drew for pages of its own.", float(self.minted))
        return {"ids_minted_total": minted, **self._more()}


@dataclass(frozen=True, slots=True)
class IdParts:
    """The ids, and the calls that give them to others; `work` runs as long as the worker id is ours."""

    ids: Ids
    routes: Sequence[Any] = ()
    work: tuple[Work, ...] = ()
    trouble: Callable[[], Trouble | None] = lambda: None
    figures: Callable[[], Mapping[str, float]] = dict
    gauges: Callable[[], Awaitable[Mapping[str, tuple[str, float]]]] = _no_gauges


async def open_ids(given: Composition) -> IdParts:
    """Raises `SnowflakeError` where no worker id is to be had."""
    config, clock, stack = given.config, given.clock, given.stack
    if "ids" not in given.parts and config.ids.services:
        return await _from_service(config, clock, stack)
    hosts = config.zookeeper.hosts if config.ids.lease == "zookeeper" else ()
    await wait_for("ZooKeeper", hosts, clock, ZOOKEEPER_REMEDY)

    async def acquire() -> Lease:
        return await asyncio.to_thread(_acquire, config, given.folder / "snowflake")

    lease = await patiently("a worker id", acquire, LeaseUnavailable, clock)
    generator = Generator(lease=lease, bridge_ms=BRIDGE_MS)
    stack.push_async_callback(asyncio.to_thread, generator.close)
    log.info("the worker id %d is held here", generator.worker_id, extra={"worker_id": generator.worker_id})

    async def keep() -> None:
        await _until_lost(generator, clock)

    work: tuple[Work, ...] = (("worker id", keep),)
    if "ids" not in given.parts:
        doubt, ids = _Doubt(generator), CountedIds(generator, partial(_renewed, generator))
        return IdParts(ids, (), work, doubt.trouble, lambda: {"worker_id": generator.worker_id}, ids.gauges)
    sanity = await open_sanity(generator, lease, config, stack)
    # A lease takes ids from everybody for a while, so that a key which reads has none.
    service = IdService(generator)
    handlers = (ids_router(service, lease_opt={"scope": WRITE}),)
    routes = (Router("/", route_handlers=handlers, opt={"scope": READ}),)
    work = (*work, ("peers", sanity.run))
    doubt, ids = _Doubt(generator), CountedIds(generator, lambda: _served(service, generator))

    def trouble() -> Trouble | None:
        wrong = sanity.contradiction
        return doubt.trouble() or (Trouble(wrong, "clock", CLOCK_REMEDY) if wrong else None)

    return IdParts(ids, routes, work, trouble, lambda: _given(service), ids.gauges)


def _given(service: IdService) -> Mapping[str, float]:
    told = service.identity()
    return {"worker_id": told.worker_id, "ids_given": told.ids, "leases_given": told.leases}


def _renewed(generator: Generator) -> Mapping[str, tuple[str, float]]:
    counts = generator.counts
    return {
        "ids_lease_renewals_total": ("Times that the lease of the worker id was extended.", counts["renewals"]),
        "ids_clock_refusals_total": ("Ids that were refused because the clock was set.", counts["clock_refusals"]),
    }


def _served(service: IdService, generator: Generator) -> Mapping[str, tuple[str, float]]:
    told = service.identity()
    return {
        **_renewed(generator),
        "ids_given_total": ("Ids given out one by one and in batches.", told.ids),
        "ids_leases_given_total": ("Range leases given to other processes.", told.leases),
    }


class _Doubt:
    """Why no ids are minted: the worker id was lost, or the clock cannot be believed at the moment."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._refusals = 0

    def trouble(self) -> Trouble | None:
        if self._generator.ended is not None:
            return Trouble(str(self._generator.ended), "lease_lost", LEASE_REMEDY)
        before, self._refusals = self._refusals, self._generator.counts["clock_refusals"]
        if self._refusals > before:
            return Trouble("ids were refused just now, since the clock was set", "clock", CLOCK_REMEDY)
        return None


async def _until_lost(generator: Generator, clock: Clock) -> None:
    """Ends this process, for the worker id does not come back to it: whoever started it starts it anew, with another.
    Another thread notices, which knows no event of this loop."""
    while generator.ended is None:
        await clock.sleep(LOOK_SECONDS)
    fields = {"worker_id": generator.worker_id, "reason": str(generator.ended)}
    log.error("the worker id %d was lost", generator.worker_id, extra=fields)
    raise WorkerIdLost(f"the lease of the worker id was lost: {generator.ended}") from generator.ended


async def _from_service(config: Config, clock: Clock, stack: AsyncExitStack) -> IdParts:
    """Ranges in hand outlast a restart of the services, and an outage of all of them for eleven minutes."""
    services = config.ids.services
    await wait_for("an id service", tuple(map(_address, services)), clock, IDS_REMEDY)
    http = httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS, headers=bearer(config, WRITE))
    stack.push_async_callback(http.aclose)
    client = RangeClient(services, per_ms=IDS_PER_MS, window_ms=WINDOW_MS, in_hand_ms=IN_HAND_MS, http=http)
    await patiently("an id service", client.start, ServiceUnavailable, clock, IDS_REMEDY)
    stack.push_async_callback(client.close)

    def trouble() -> Trouble | None:
        if client.in_hand_ms:
            return None
        return Trouble("no ids are in hand, and no id service gives any", "no_ids", IDS_REMEDY)

    ids = CountedIds(
        client,
        lambda: {"ids_in_hand_seconds": ("For so long ids last without any id service.", client.in_hand_ms / 1000)},
    )
    return IdParts(ids, trouble=trouble, figures=lambda: {"ids_in_hand_ms": client.in_hand_ms}, gauges=ids.gauges)


def _address(url: str) -> str:
    """`host:port`, as one connects to it."""
    parts = httpx.URL(url)
    return f"{parts.host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _acquire(config: Config, folder: Path) -> Lease:
    """Waits up to half a second after a crash."""
    if config.ids.lease == "zookeeper":
        with needed_for('ids.lease = "zookeeper"'):
            from snowflake.leases.zookeeper import ZooKeeperLease

        hosts = f"{','.join(config.zookeeper.hosts)}{config.zookeeper.chroot}/ids"
        registered = RegisteredLease(url=own_url(config))
        zookeeper = config.zookeeper
        return ZooKeeperLease(hosts, registered, auth=zookeeper.auth, tls=zookeeper.tls).acquire()
    folder.mkdir(parents=True, exist_ok=True)
    return (OrdinalLease(folder) if config.ids.lease == "ordinal" else FileLease(folder)).acquire()
