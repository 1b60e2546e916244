"""Is this process alive, is it ready, and what does it count: `/healthz`, `/readyz`, `/metrics`."""

from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from groundwork.readiness import STOPPING, Readiness, dependency, readiness
from spiderduck.api.front.keys import READ
from spiderduck.api.services import Health

OPENMETRICS = "application/openmetrics-text"
OPENMETRICS_TYPE, TEXT_TYPE = f"{OPENMETRICS}; version=1.0.0; charset=utf-8", "text/plain; version=0.0.4"


def health_routes(health: Health) -> list[HTTPRouteHandler]:
    """The handlers."""

    @get("/healthz", tags=["health"], summary="Alive", media_type="text/plain")
    async def get_health() -> str:
        return "ok"

    @get("/readyz", tags=["health"], summary="Ready")
    async def get_readiness() -> Response[Readiness]:
        found = health.needed.look()
        if health.stopping.is_set():
            found.append(dependency("stopping", STOPPING, health.needed.clock.now()))
        told = readiness(found)
        return Response(told, status_code=200 if told.ready else 503)

    return [get_health, get_readiness]


def metrics_route(health: Health, scope: str | None = READ) -> HTTPRouteHandler:
    """`scope` None: for everybody, on a port of its own (`metrics_port`)."""

    @get(
        "/metrics",
        opt={"scope": scope},
        tags=["health"],
        summary="Prometheus metrics",
        media_type="text/plain; version=0.0.4",
        description="With `Accept: application/openmetrics-text`, which Prometheus sends, histograms name traces.",
    )
    async def get_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        wanted = OPENMETRICS in request.headers.get("accept", "")
        body = await health.telemetry.render(openmetrics=wanted)
        return Response(body, media_type=OPENMETRICS_TYPE if wanted else TEXT_TYPE)

    return get_metrics
