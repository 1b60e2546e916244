"""`GET /v1/process`: what this process tells of itself; and `GET /v1/cluster`: all of them in one view."""

import asyncio
from collections.abc import Sequence

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from groundwork.process import ProcessStatus
from groundwork.readiness import Dependency
from schedulers.record import Time, iso_time
from spiderduck.api.front.keys import READ
from spiderduck.api.services import Services
from spiderduck.cluster.ports import OwnStatus
from spiderduck.cluster.view import Seen
from spiderduck.errors import StoreUnavailable
from spiderduck.telemetry import PATIENCE_SECONDS

OLDEST = "oldest_message_age_seconds"
"""The figure by which schedulers on a broker tell it."""
RUNNING, NOT_READY, SILENT = "running", "not_ready", "silent"


class PausedDomain(msgspec.Struct, omit_defaults=True):
    """A domain that is left alone until `until`; `because` says which answer to which URL did that. `waiting` requests
    wait for it there."""

    name: str
    until: Time
    because: str = ""
    waiting: int = 0


class ProcessReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`state` is `running`, `not_ready` (`missing` says what it waits for) or `silent` (`because` says why it counts as
    that; everything else is then what it said last). `load` is in processors; `domains_held`: of 1024 shares of all
    domains, those of this fetcher; `dependencies`: what it needs, and how that is; `paused`: domains that this
    fetcher leaves alone for a while, the most waited for first; `figures` are the gauges of its metrics."""

    name: str
    state: str
    parts: list[str] = []
    version: str | None = None
    started_at: Time | None = None
    uptime_s: int | None = None
    seen_at: Time | None = None
    because: str | None = None
    load: float | None = None
    resident_bytes: int | None = None
    domains_held: int | None = None
    missing: dict[str, str] = {}
    dependencies: list[Dependency] = []
    paused: list[PausedDomain] = []
    figures: dict[str, float] = {}


class QueueReport(msgspec.Struct):
    """Events: that wait or are worked on, that were put off, and that were given up. `oldest_s` and
    `deferred_oldest_s`: for how long the oldest of them lie there, where that is known."""

    ready: int
    deferred: int
    dead: int
    oldest_s: float | None = None
    deferred_oldest_s: float | None = None


class ClusterReport(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The silent ones first; `silent` has their names. `versions` says how many processes run which. `queue` is null
    where the broker does not answer. `incomplete`: why processes may be missing here that are there."""

    processes: list[ProcessReport]
    silent: list[str]
    versions: dict[str, int]
    queue: QueueReport | None
    incomplete: str | None = None


def process_route(own: OwnStatus) -> HTTPRouteHandler:
    """Of every process."""

    @get("/v1/process", opt={"scope": READ}, tags=["health"], summary="What this process tells of itself")
    async def get_process() -> ProcessStatus:
        return await own()

    return get_process


def cluster_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""

    @get(
        "/v1/cluster",
        opt={"scope": READ},
        tags=["health"],
        summary="All processes",
        description="With part, version, uptime, load, domains held and leases, and what waits in the queue. "
        "Schedulers and API processes are on a list in the store; fetchers, id services and image processes are asked. "
        "One that does not answer, or has said nothing for fifteen seconds, is named as silent.",
    )
    async def get_cluster() -> ClusterReport:
        look, now = await services.cluster.look(), services.clock.now()
        reports = [_report(one, now) for one in look.processes]
        live = [one.version for one in reports if one.state != SILENT and one.version is not None]
        return ClusterReport(
            processes=reports,
            silent=[one.name for one in reports if one.state == SILENT],
            versions={version: live.count(version) for version in sorted(set(live))},
            queue=await _queue(services, reports),
            incomplete=look.incomplete,
        )

    return [get_cluster]


async def _queue(services: Services, reports: Sequence[ProcessReport]) -> QueueReport | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            lengths = await services.dead_letters.lengths()
    except (StoreUnavailable, TimeoutError):
        return None  # as the report says
    now = services.clock.now()
    held = [one.figures[OLDEST] for one in reports if OLDEST in one.figures and one.state != SILENT]
    oldest = _age(lengths.oldest_at, now)
    return QueueReport(
        lengths.ready,
        lengths.deferred,
        lengths.dead,
        max([*held, *([] if oldest is None else [oldest])], default=None),
        _age(lengths.deferred_at, now),
    )


def _age(since: float | None, now: float) -> float | None:
    return None if since is None else round(max(0.0, now - since), 1)


def _report(one: Seen, now: float) -> ProcessReport:
    status = one.status
    if status is None:
        return ProcessReport(name=one.name, state=SILENT, because=one.silent)
    held = status.figures.get("buckets_held")
    answering = NOT_READY if status.missing else RUNNING
    return ProcessReport(
        name=one.name,
        state=answering if one.silent is None else SILENT,
        parts=status.parts,
        version=status.version,
        started_at=iso_time(status.started_at),
        uptime_s=max(0, round((now if one.silent is None else one.at or now) - status.started_at)),
        seen_at=None if one.at is None else iso_time(one.at),
        because=one.silent,
        load=status.load,
        resident_bytes=status.resident_bytes,
        domains_held=None if held is None else int(held),
        missing=status.missing,
        dependencies=status.dependencies,
        paused=[PausedDomain(one.name, iso_time(one.until), one.because, one.waiting) for one in status.paused],
        figures=status.figures,
    )
