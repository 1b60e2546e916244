"""`GET /bot`: for publishers. What this bot is, how to slow it or keep it out, and what it last asked of their domain.

Open to everybody, so it tells times and paths only: no query, no title, and not who shared what.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from fetchers.errors import InvalidUrl
from fetchers.urls import registrable_domain, split
from schedulers.model import UrlState
from schedulers.record import Time, iso_time
from spiderduck.api.parameters import A_DOMAIN, domain_name
from spiderduck.api.services import Services
from spiderduck.console.pages import document

MOST_RECENT = 50
LONGEST_PATH = 200
HOW = (
    "It fetches a page once somebody has shared a link to it, and robots.txt before that. It keeps to RFC 9309, to "
    "Crawl-delay, Retry-After, 429 and 503, and to the limit told here."
)


class BotRequest(msgspec.Struct, omit_defaults=True):
    """One request: when it was answered, the path, the status or ending, and the line of robots.txt that allowed it."""

    at: Time
    path: str
    result: str
    robots_rule: str | None = None


class BotReport(msgspec.Struct, omit_defaults=True, kw_only=True):
    """`product` is the name to use in robots.txt. `requests` are the latest to `domain`, where one was asked for."""

    user_agent: str
    product: str
    how: str
    block: str
    slow: str
    per_second: float
    burst: int
    domain: str | None = None
    requests: list[BotRequest] | None = None


def bot_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    page = document("bot")
    config = services.config.fetchers

    @get("/bot", tags=["for publishers"], summary="What this bot is, and what it asked of a domain")
    async def get_bot(
        request: Request[Any, Any, Any],
        domain: Annotated[
            str | None, Parameter(description="A domain of yours.", max_length=253, schema_extra=A_DOMAIN)
        ] = None,
    ) -> Response[Any]:
        if "text/html" in request.headers.get("accept", ""):
            return page
        product = config.product_token
        report = BotReport(
            user_agent=config.user_agent,
            product=product,
            how=HOW,
            block=f"User-agent: {product}\nDisallow: /\n",
            slow=f"User-agent: {product}\nCrawl-delay: 10\n",
            per_second=config.rate_limit.per_second,
            burst=config.rate_limit.burst,
        )
        if domain is not None:
            report.domain = registrable_domain(domain_name(domain))
            limit = await services.domains.domain_state(report.domain)
            report.per_second, report.burst = limit.per_second, limit.burst
            states = await services.lookups.recent(report.domain, MOST_RECENT)
            found = [one for state in states for one in _requests(state, report.domain)]
            report.requests = sorted(found, key=lambda one: one.at, reverse=True)[:MOST_RECENT]
        return Response(report, media_type=MediaType.JSON, headers={"Cache-Control": "public, max-age=60"})

    return [get_bot]


def _requests(state: UrlState, domain: str) -> Iterator[BotRequest]:
    for hop in state.trace:
        try:
            parts = split(hop.url)
        except InvalidUrl:
            continue
        if hop.at and registrable_domain(parts.host) == domain:
            path = parts.target.partition("?")[0][:LONGEST_PATH]
            yield BotRequest(iso_time(hop.at), path, hop.result, hop.robots_rule)
