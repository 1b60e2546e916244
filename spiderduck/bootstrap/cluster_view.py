"""What this process tells of itself, and its way to all others."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import httpx
import msgspec

from fetchers.client.routing import Router
from fetchers.config import VERSION
from fetchers.errors import FetcherUnavailable
from fetchers.fetcher import Fetcher
from groundwork.http_reason import http_reason
from groundwork.process import ProcessStatus, Vitals
from spiderduck.api.front.keys import READ
from spiderduck.api.services import Health
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.fetching import Fetching
from spiderduck.bootstrap.keys import bearer
from spiderduck.bootstrap.storage import ForApi, Storage, Work
from spiderduck.cluster.history import Backlog, History
from spiderduck.cluster.ports import OwnStatus, Silent
from spiderduck.cluster.registry import keep_registered
from spiderduck.cluster.view import ClusterView, Neighbours
from spiderduck.config import Config
from spiderduck.telemetry import PATIENCE_SECONDS

Gauges = Callable[[], Awaitable[Mapping[str, float]]]


@dataclass(frozen=True, slots=True)
class OpenedView:
    """`work` must run for others to know of this process, and for the history to go on."""

    view: ClusterView
    history: History
    work: tuple[Work, ...]


def own_status(given: Composition, health: Health, gauges: Gauges, fetcher: Fetcher | None) -> OwnStatus:
    """What `GET /v1/process` says. `fetcher` is the one of this process."""
    config = given.config
    vitals = Vitals(_name(config), sorted(given.parts), VERSION, health.needed, _neighbours(given))

    async def status() -> ProcessStatus:
        told = vitals.status(await gauges(), () if fetcher is None else fetcher.paused_domains())
        telemetry = health.telemetry
        return msgspec.structs.replace(told, counts=dict(telemetry.outcomes), took=telemetry.took())

    return status


def open_view(given: Composition, own: OwnStatus, fetching: Fetching, storage: Storage) -> OpenedView:
    """For a process with the API, which keeps the history; and one with a store is on the list from now on."""
    others = httpx.AsyncClient(trust_env=False, headers=bearer(given.config, READ))
    given.stack.push_async_callback(others.aclose)
    router = fetching.router
    neighbours = Neighbours(
        ask_fetcher=None if router is None else partial(_ask_fetcher, router),
        fetchers=None if router is None else router.addresses,
        ask_other=partial(_ask_other, others),
        others=_neighbours(given),
    )
    processes = storage.processes
    work: tuple[Work, ...] = ()
    if processes is not None:
        work = (("list of processes", partial(keep_registered, processes, own, given.clock)),)
    view = ClusterView(own, given.clock, neighbours, processes)
    history = History(partial(_statuses, view), partial(_backlog, storage.api), given.clock)
    if "api" in given.parts:
        work = (*work, ("history", history.run))
    return OpenedView(view, history, work)


async def _statuses(view: ClusterView) -> list[ProcessStatus]:
    return [one.status for one in (await view.look()).processes if one.status is not None]


async def _backlog(api: ForApi | None) -> Backlog:
    """Raises `StoreUnavailable`, TimeoutError."""
    if api is None:
        return Backlog(0, 0, 0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        lengths = await api.dead_letters.lengths()
    return Backlog(lengths.ready, lengths.deferred, lengths.dead)


def _name(config: Config) -> str:
    """As a person finds it: the machine and the port; of two without a fixed port, the process."""
    return f"{socket.gethostname()}:{config.port or f'process-{os.getpid()}'}"


def _neighbours(given: Composition) -> list[str]:
    """Id services and image processes; fetchers know one another."""
    config = given.config
    ids = () if "ids" in given.parts else config.ids.services
    images = () if "images" in given.parts or not config.images.url else (config.images.url,)
    return [*ids, *images]


async def _ask_fetcher(router: Router, address: str) -> ProcessStatus:
    try:
        return await router.process(address)
    except (FetcherUnavailable, ValueError) as error:
        raise Silent(str(error)) from error


async def _ask_other(http: httpx.AsyncClient, address: str) -> ProcessStatus:
    try:
        answer = await http.get(f"{address.rstrip('/')}/v1/process")
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=ProcessStatus)
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError) as error:
        raise Silent(http_reason(error)) from error
