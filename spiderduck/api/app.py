"""The HTTP server's application: every group of calls, the console, and the documentation that is generated from
them."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders, State
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute
from litestar.types import Message, Scope

from fetchers.config import VERSION
from groundwork.front.browsers import BrowserRules
from groundwork.single_flight import SingleFlight
from spiderduck.api.admin.cluster import cluster_routes
from spiderduck.api.admin.dead_letters import dead_letter_routes
from spiderduck.api.admin.domains import domain_routes
from spiderduck.api.admin.health import health_routes, metrics_route
from spiderduck.api.admin.history import history_routes
from spiderduck.api.admin.installation import installation_routes
from spiderduck.api.admin.own_key import own_key_routes
from spiderduck.api.admin.takedowns import takedown_routes
from spiderduck.api.compat.discovery import discovery
from spiderduck.api.compat.handlers import compat_routes
from spiderduck.api.contract.bodies import StrictRequest
from spiderduck.api.contract.described import document_of, operation_id
from spiderduck.api.contract.problems import answer
from spiderduck.api.contract.shapes import shape_routes
from spiderduck.api.front.audit import audit_routes
from spiderduck.api.front.browsers import BrowserGuard
from spiderduck.api.front.keys import GUARD, KeyGuard, send_rate_limit
from spiderduck.api.front.retries import answer_retry, keep_answer
from spiderduck.api.notices.queues import queue_routes
from spiderduck.api.notices.stream import stream_routes
from spiderduck.api.notices.webhooks import webhook_routes
from spiderduck.api.pages.bot import bot_routes
from spiderduck.api.pages.problem_reference import problem_routes
from spiderduck.api.services import Health, Services
from spiderduck.api.sharing.events import event_routes
from spiderduck.api.urls.analytics import analytics_routes
from spiderduck.api.urls.fetch import fetch_routes
from spiderduck.api.urls.lookups import lookup_routes
from spiderduck.api.urls.owned_pictures import picture_routes
from spiderduck.api.urls.recent import recent_routes
from spiderduck.api.urls.resolve import resolve_routes
from spiderduck.api.urls.robots import robots_routes
from spiderduck.api.urls.told import told_routes
from spiderduck.api.urls.trends import trend_routes
from spiderduck.api.urls.unfurl import unfurl_routes
from spiderduck.api.urls.verdicts import verdict_routes
from spiderduck.api.urls.why import why_routes
from spiderduck.config import Config
from spiderduck.console.documentation import documentation_routes
from spiderduck.console.pages import console_routes

FRAMEWORKS_DOCUMENT = "/v1/schema"
"""Where the framework would serve its own description, which knows neither scopes nor problems."""


def document_route() -> HTTPRouteHandler:
    """`GET /openapi.json`, where every tool looks for it. Made when somebody asks first, once, and beside the loop: it
    takes longer than the loop may be held."""
    made: list[bytes] = []
    making = SingleFlight[str, bytes](goes_on=True)

    @get("/openapi.json", include_in_schema=False)
    async def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
        def make() -> bytes:
            return msgspec.json.encode(document_of(request.app))

        if not made:
            made[:] = [await making.run("document", partial(asyncio.to_thread, make))]
        return Response(made[0], media_type=MediaType.JSON, headers={"Cache-Control": "private, max-age=60"})

    return openapi_json


async def send_methods(message: Message, scope: Scope) -> None:
    """Litestar's `before_send`: `Allow` names every method that the path takes. The framework answers OPTIONS with
    those of the handler that came first."""
    if scope.get("method") != "OPTIONS" or message["type"] != "http.response.start":
        return
    headers, path = MutableScopeHeaders.from_message(message), scope.get("path_template")
    if "allow" in headers:
        routes = (one for one in scope["litestar_app"].routes if isinstance(one, HTTPRoute) and one.path_format == path)
        taken = {str(method) for route in routes for method in route.methods}
        headers["allow"] = ", ".join(sorted(taken)) or headers["allow"]


async def _nothing_here(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    raise NotFoundException


MOST_BODY_BYTES = 4 * 1024 * 1024
"""Of a request other than events. Such a body is decoded in one piece, to values that take twenty times its size."""


def api_routes(services: Services) -> list[Any]:
    """The handlers of the part `api`: events, look-ups, stream, domains, fetch, dead letters and the console."""
    return [
        *unfurl_routes(services),
        *event_routes(services),
        *lookup_routes(services),
        *recent_routes(services),
        *resolve_routes(services),
        *verdict_routes(services),
        *takedown_routes(services),
        *audit_routes(services),
        *why_routes(services),
        *trend_routes(services),
        *analytics_routes(services),
        *stream_routes(services),
        *webhook_routes(services),
        *queue_routes(services),
        *domain_routes(services),
        *fetch_routes(services),
        *dead_letter_routes(services),
        *own_key_routes(),
        *cluster_routes(services),
        *history_routes(services),
        *installation_routes(services),
        *robots_routes(services),
        *told_routes(services),
        *picture_routes(services),
        *compat_routes(services),
        *bot_routes(services),
        *shape_routes(),
        *problem_routes(),
        *console_routes(_elsewhere(services.config)),
        *documentation_routes(),
    ]


def _elsewhere(config: Config) -> frozenset[str]:
    """What the console need not ask this process for, by the settings of a cluster."""
    told = {"order": config.cassandra.hosts, "ids": config.ids.services, "pictures": config.images.url}
    return frozenset(name for name, given in told.items() if given)


def browser_rules(config: Config) -> BrowserRules:
    """Names that lead to this process: those of the settings, and those in the settings of where our services are."""
    named = [urlsplit(url).hostname for url in (*config.ids.services, config.images.url) if url]
    listening = [] if ":" in config.host else [config.host]
    ours = [*config.api.hosts, *listening, *(name for name in named if name and ":" not in name)]
    return BrowserRules(ours, config.api.origins, secure=bool(config.api.tls_certificate))


def build_metrics(health: Health) -> Litestar:
    """The application of `metrics_port`: metrics and health, open to everybody who reaches it."""
    return Litestar([*health_routes(health), metrics_route(health, None)], openapi_config=None, logging_config=None)


def build(config: Config, health: Health, routes: Sequence[Any], guard: KeyGuard) -> Litestar:
    """The application of a process: the handlers of its parts, health, and what describes them."""
    return Litestar(
        route_handlers=[*routes, *health_routes(health), metrics_route(health), document_route()],
        guards=[BrowserGuard(browser_rules(config), guard), guard],
        before_request=answer_retry,
        before_send=[send_rate_limit, send_methods, *discovery(config), keep_answer],
        state=State({GUARD: guard}),
        exception_handlers={Exception: answer},
        request_class=StrictRequest,
        request_max_body_size=min(MOST_BODY_BYTES, config.api.most_event_bytes),
        openapi_config=OpenAPIConfig(
            title="SpiderDuck",
            version=VERSION,
            description="Understands the links people share.",
            operation_id_creator=operation_id,
            openapi_router=Router(
                FRAMEWORKS_DOCUMENT, route_handlers=[], guards=[_nothing_here], include_in_schema=False
            ),
            render_plugins=[JsonRenderPlugin()],
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
        ),
        logging_config=None,
    )
