"""The id service as a process of its own: `python -m snowflake serve`. Called by the command line.

    lease ─► generator ─► peers agree? ─► serve (and keep asking the peers) ─► give the worker id back

It does not listen before it has a worker id and its peers do not contradict it.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
import uvloop
from litestar import Litestar, MediaType, Response, get
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from groundwork.front.browsers import BrowserFront, BrowserRules
from groundwork.front.limits import FrontLimits
from groundwork.front.server import FrontServer, bound
from groundwork.queries import once
from snowflake.config import GeneratorConfig, ServiceConfig
from snowflake.errors import SnowflakeError
from snowflake.generator import Generator
from snowflake.leases.registered import HeldRegisteredLease
from snowflake.ports import Lease
from snowflake.service import problems
from snowflake.service.issuing import IdService
from snowflake.service.metrics import render_metrics
from snowflake.service.sanity import Sanity
from snowflake.service.server import ids_router

_PEER_SECONDS = 2.0
_GRACE_SECONDS = 2
_LOOK_SECONDS = 0.5
_PROBES = ("/healthz", "/readyz", "/metrics")


@dataclass(frozen=True, slots=True)
class Address:
    """Where it listens; `names` lead there, besides `localhost`."""

    host: str = "127.0.0.1"
    port: int = 8080
    names: tuple[str, ...] = ()


def serve(lease: Lease, options: GeneratorConfig, config: ServiceConfig, address: Address) -> None:
    """Until SIGINT or SIGTERM. Raises `LeaseLost` when the worker id is lost, `InsaneNeighbourhood` and what a
    generator's start raises."""
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with Generator.from_config(options, lease) as generator, runner:
        runner.run(_serve(generator, lease, config, address))


async def _serve(generator: Generator, lease: Lease, config: ServiceConfig, address: Address) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=_PEER_SECONDS) as http:
        sanity = Sanity(generator, lambda: peers_of(lease, config), http)
        await sanity.check_start()
        rules = BrowserRules.around(address.host, *address.names)
        app = BrowserFront(build(IdService(generator, config), sanity), rules, open_paths=_PROBES)
        server = _Server(app, FrontLimits(), shutdown_seconds=_GRACE_SECONDS, alone=True)
        listener = bound(address.host, address.port)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, server.leave)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_leave_without_lease(generator, server))
            await server.serve([listener])
            watching.cancel()
    if generator.ended is not None:
        raise generator.ended


async def _leave_without_lease(generator: Generator, server: "_Server") -> None:
    """A lost worker id does not come back to this process: whoever started it starts it anew, with another id."""
    while generator.ended is None:  # noqa: ASYNC110 -- it is ended by another thread, which knows no event of this loop
        await asyncio.sleep(_LOOK_SECONDS)
    server.leave()


class _Server(FrontServer):
    """uvicorn would end the process by the signal itself, before the worker id is given back."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()

    def leave(self) -> None:
        self.should_exit = True


async def peers_of(lease: Lease, config: ServiceConfig) -> Mapping[str, int | None]:
    """Those of the registry, where the lease has one, and those that the settings name."""
    peers: dict[str, int | None] = dict.fromkeys(config.peers)
    if isinstance(lease, HeldRegisteredLease):
        registered = await asyncio.to_thread(lease.peers)
        peers |= {peer.url: worker_id for worker_id, peer in registered.items() if peer.url}
    return peers


def build(service: IdService, sanity: Sanity) -> Litestar:
    """The application: ids, health, metrics and their description."""

    @get("/healthz", summary="Is the process alive?")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @get("/readyz", summary="Can this server give out ids?")
    async def readyz() -> Response[dict[str, object]]:
        missing = sanity.missing()
        return Response({"ready": not missing, "missing": missing}, status_code=503 if missing else 200)

    @get("/metrics", media_type=MediaType.TEXT, summary="For Prometheus")
    async def metrics() -> str:
        return render_metrics(service.identity())

    @contextlib.asynccontextmanager
    async def looking(app: Litestar) -> AsyncIterator[None]:
        task = asyncio.create_task(sanity.run(), name="snowflake-sanity")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return Litestar(
        [ids_router(service), healthz, readyz, metrics],
        guards=[once],
        lifespan=[looking],
        openapi_config=OpenAPIConfig(
            "Snowflake ids", "1", path="/", render_plugins=[JsonRenderPlugin(path="/openapi.json")]
        ),
        exception_handlers={HTTPException: problems.answer_http, SnowflakeError: problems.answer},
        logging_config=None,
    )
