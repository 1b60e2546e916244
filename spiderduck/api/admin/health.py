"""Is this process alive, is it ready, and what does it count: `/healthz`, `/readyz`, `/metrics`."""

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from spiderduck.api.front.keys import READ
from spiderduck.api.services import Health


class Readiness(msgspec.Struct):
    """`missing`: what this process waits for before it can work, each with a sentence."""

    ready: bool
    missing: dict[str, str]


def health_routes(health: Health) -> list[HTTPRouteHandler]:
    """The handlers."""

    @get("/healthz", tags=["health"], summary="Alive", media_type="text/plain")
    async def get_health() -> str:
        return "ok"

    @get("/readyz", tags=["health"], summary="Ready")
    async def get_readiness() -> Response[Readiness]:
        missing = dict(await health.ready())
        if health.stopping.is_set():
            missing["stopping"] = "this process is shutting down"
        return Response(Readiness(not missing, missing), status_code=503 if missing else 200)

    return [get_health, get_readiness]


def metrics_route(health: Health, scope: str | None = READ) -> HTTPRouteHandler:
    """`scope` None: for everybody, on a port of its own (`metrics_port`)."""

    @get(
        "/metrics",
        opt={"scope": scope},
        tags=["health"],
        summary="Prometheus metrics",
        media_type="text/plain; version=0.0.4",
    )
    async def get_metrics() -> bytes:
        return await health.telemetry.render()

    return get_metrics
