"""The HTTP server's application: every group of calls, the console, and the documentation that is generated from
them."""

from typing import Any

from litestar import Litestar, Request, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from fetchers.config import VERSION
from spiderduck.api.dead_letters import dead_letter_routes
from spiderduck.api.domains import domain_routes
from spiderduck.api.events import event_routes
from spiderduck.api.fetch import fetch_routes
from spiderduck.api.health import health_routes
from spiderduck.api.keys import KeyGuard
from spiderduck.api.lookups import lookup_routes
from spiderduck.api.problems import answer
from spiderduck.api.services import Services
from spiderduck.api.stream import stream_routes
from spiderduck.console.pages import console_routes


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi_json(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Where every tool looks for it."""
    return request.app.openapi_schema.to_schema()


def build(services: Services) -> Litestar:
    """The application over finished services."""
    return Litestar(
        route_handlers=[
            *event_routes(services),
            *lookup_routes(services),
            *stream_routes(services),
            *domain_routes(services),
            *fetch_routes(services),
            *dead_letter_routes(services),
            *health_routes(services),
            openapi_json,
            *console_routes(),
            *services.more_routes,
        ],
        guards=[KeyGuard(services.config.api.keys)],
        exception_handlers={Exception: answer},
        request_max_body_size=services.config.api.most_event_bytes,
        openapi_config=OpenAPIConfig(
            title="SpiderDuck",
            version=VERSION,
            description="Understands the links people share.",
            path="/v1/schema",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
        ),
        logging_config=None,
    )
