"""`GET` and `PUT /v1/domains/{domain}`: its queue, its limits, its pauses, and what came of its URLs lately."""

import asyncio
from typing import Annotated

import msgspec
from litestar import get, post, put
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter

from fetchers.model import RateLimit
from fetchers.rates import FASTEST, LARGEST_BURST, SLOWEST
from fetchers.urls import registrable_domain
from schedulers.record import iso_time
from spiderduck.api.front.audit import AnyRequest, Audit
from spiderduck.api.front.keys import ADMIN, READ
from spiderduck.api.parameters import A_DOMAIN, domain_name
from spiderduck.api.services import Services

MOST_RECENT = 50
DomainName = Annotated[
    str, PathParameter(description="A domain, or a name below one: example.com.", schema_extra=A_DOMAIN)
]


PerSecond = Annotated[float, msgspec.Meta(extra_json_schema={"minimum": SLOWEST, "maximum": FASTEST})]
Count = Annotated[int, msgspec.Meta(ge=1, extra_json_schema={"maximum": LARGEST_BURST})]


class Limits(msgspec.Struct, omit_defaults=True):
    """Requests per second, requests at once after a pause, and requests under way at the same time; and to how many
    per second the rate may rise, where it may."""

    per_second: float
    burst: int
    parallel: int
    ceiling: float | None = None


class NewLimit(msgspec.Struct, forbid_unknown_fields=True):
    """What is to hold from now on, on every fetcher within seconds. Embedded, until the next start: the settings are
    the place for what should last. With a `ceiling` the rate rises to so many a second while the domain answers well;
    without one it never rises above `per_second`."""

    per_second: PerSecond | None = None
    burst: Count = 4
    parallel: Count | None = None
    ceiling: PerSecond | None = None


class RecentResult(msgspec.Struct, omit_defaults=True):
    """A URL that was handled recently."""

    url: str
    status: str
    at: str | None = None
    reason: str | None = None


class DomainReport(msgspec.Struct, omit_defaults=True):
    """`waiting` and `in_flight` count requests in the domain's queue. Times are absent if nothing holds it back;
    `pause_reason` says which answer to which URL did. `pace` is how much of `limits.per_second` the domain gets: halved
    when it asks for rest, back to 1 after some fifty good answers, and above 1 only up to `limits.ceiling`. What was
    learnt and why it is paused outlive a restart."""

    domain: str
    limits: Limits
    waiting: int = 0
    in_flight: int = 0
    next_turn: str | None = None
    backoff_until: str | None = None
    crawl_delay: float | None = None
    pause_reason: str | None = None
    pace: float = 1.0
    recent: list[RecentResult] = []


def domain_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    audit = Audit(services)

    @get(
        "/v1/domains/{domain:str}",
        opt={"scope": READ},
        tags=["domains"],
        summary="A domain's queue, limits and recent results",
    )
    async def get_domain(domain: DomainName) -> DomainReport:
        name = registrable_domain(domain_name(domain))
        state, recent = await asyncio.gather(
            services.domains.domain_state(name), services.lookups.recent(name, MOST_RECENT)
        )
        return DomainReport(
            name,
            Limits(state.per_second, state.burst, state.parallel, state.ceiling),
            state.waiting,
            state.in_flight,
            _iso(state.next_turn),
            _iso(state.backoff_until),
            state.crawl_delay,
            state.pause_reason,
            round(state.pace, 3),
            [RecentResult(one.url, one.status.value, _iso(one.checked_at), one.reason) for one in recent],
        )

    @put("/v1/domains/{domain:str}", opt={"scope": ADMIN}, tags=["domains"], summary="Change a domain's rate limit")
    async def set_domain_limit(domain: DomainName, data: JSONBody[NewLimit], request: AnyRequest) -> Limits:
        """`domain` may be a pattern such as `*.example.com`. Without `per_second` the limit is the configured one
        again."""
        domain_name(domain)
        if data.ceiling is not None and not SLOWEST <= data.ceiling <= FASTEST:  # also where no rate is given
            raise ClientException(f"ceiling is {data.ceiling}; it takes a number from {SLOWEST:.6f} to {FASTEST:.0f}")
        limit = None
        if data.per_second is not None:
            limit = RateLimit(data.per_second, data.burst, data.parallel, data.ceiling)
        try:
            await services.domains.set_limit(domain, limit, "PUT /v1/domains")
        except ValueError as error:
            raise ClientException(str(error)) from error
        said = None if limit is None else f"{limit.per_second} per second, {limit.burst} at once"
        await audit.note(request, "domain.limit", domain, said or "as configured")
        if limit is not None:
            return Limits(limit.per_second, limit.burst, limit.most_parallel, limit.ceiling)
        now = await services.domains.domain_state(domain.removeprefix("*."))
        return Limits(now.per_second, now.burst, now.parallel, now.ceiling)

    @post(
        "/v1/domains/{domain:str}/resume",
        status_code=204,
        opt={"scope": ADMIN},
        tags=["domains"],
        summary="End a domain's pause",
        description="For a site that is yours, or whose trouble is over: it asked for the pause itself. Its "
        "limit holds on, and the next trouble pauses it for twice as long. URLs that were put off meanwhile come at "
        "their time.",
    )
    async def resume_domain(domain: DomainName, request: AnyRequest) -> None:
        name = registrable_domain(domain_name(domain))
        await services.domains.resume_domain(name, "POST /v1/domains")
        await audit.note(request, "domain.resumed", name)

    return [get_domain, set_domain_limit, resume_domain]


def _iso(moment: float | None) -> str | None:
    return None if moment is None else iso_time(moment)
