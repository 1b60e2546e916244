"""`GET /v1/domains/{domain}`: its queue, its limits, its pauses, and what came of its URLs lately."""

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from fetchers.urls import registrable_domain
from schedulers.record import iso_time
from spiderduck.api.keys import READ
from spiderduck.api.services import Services

MOST_RECENT = 50


class Limits(msgspec.Struct):
    """Requests a second, at once, and under way at the same time."""

    per_second: float
    burst: int
    parallel: int


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
        limit = services.config.fetchers.rate_limit.for_domain(name)
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

    return [one_domain]
