"""`GET` and `PUT /v1/domains/{domain}`: its queue, its limits, its pauses, and what came of its URLs lately."""

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler

from fetchers.domain_slot import RateLimit
from fetchers.urls import registrable_domain
from schedulers.record import iso_time
from spiderduck.api.keys import ADMIN, READ
from spiderduck.api.services import Services

MOST_RECENT = 50


class Limits(msgspec.Struct):
    """Requests a second, at once, and under way at the same time."""

    per_second: float
    burst: int
    parallel: int


class NewLimit(msgspec.Struct, forbid_unknown_fields=True):
    """What is to hold from now on, on every fetcher within seconds. Embedded, until the next start: the settings are
    the place for what should last."""

    per_second: float | None = None
    burst: Annotated[int, msgspec.Meta(ge=1)] = 4
    parallel: Annotated[int, msgspec.Meta(ge=1)] | None = None


class RecentResult(msgspec.Struct, omit_defaults=True):
    """A URL handled lately."""

    url: str
    status: str
    at: str | None = None
    reason: str | None = None


class DomainReport(msgspec.Struct, omit_defaults=True):
    """`waiting` and `in_flight` count requests in the domain's queue; times are absent where nothing holds it back."""

    domain: str
    limits: Limits
    waiting: int = 0
    in_flight: int = 0
    next_turn: str | None = None
    backoff_until: str | None = None
    crawl_delay: float | None = None
    recent: list[RecentResult] = []


def domain_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""

    @get("/v1/domains/{domain:str}", opt={"scope": READ}, tags=["domains"], summary="How a domain is treated")
    async def one_domain(domain: str) -> DomainReport:
        name = registrable_domain(domain)
        limit = services.fetcher.limits.of(name)
        recent = await services.lookups.recent(name, MOST_RECENT)
        report = DomainReport(
            name,
            Limits(limit.per_second, limit.burst, limit.most_parallel),
            recent=[
                RecentResult(
                    one.url, one.status.value, None if one.checked_at is None else iso_time(one.checked_at), one.reason
                )
                for one in recent
            ],
        )
        queue = services.fetcher.queues.get(name)
        if queue is None:
            return report
        now = services.clock.now()
        report.waiting, report.in_flight = len(queue.waiting), queue.in_flight
        report.next_turn = iso_time(max(now, queue.turn_of_next(now)))
        if queue.slot.backoff_until > now:
            report.backoff_until = iso_time(queue.slot.backoff_until)
        report.crawl_delay = queue.slot.crawl_delay or None
        return report

    @put("/v1/domains/{domain:str}", opt={"scope": ADMIN}, tags=["domains"], summary="Change a domain's rate limit")
    async def change_limit(domain: str, data: NewLimit) -> Limits:
        """`domain` may be a pattern such as `*.example.com`. Without `per_second` the limit is the configured one
        again."""
        limit = None if data.per_second is None else RateLimit(data.per_second, data.burst, data.parallel)
        try:
            await services.fetcher.set_limit(domain, limit, by="PUT /v1/domains")
        except ValueError as error:
            raise ClientException(str(error)) from error
        now = services.fetcher.limits.of(domain.removeprefix("*."))
        return Limits(now.per_second, now.burst, now.most_parallel)

    return [one_domain, change_limit]
