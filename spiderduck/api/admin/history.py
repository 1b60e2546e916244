"""`GET /v1/history`: the last hour or day, for the console's charts."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from groundwork.histogram import LONG_SECONDS, SECONDS, quantile
from schedulers.record import Time, iso_time
from spiderduck.api.front.keys import READ
from spiderduck.api.services import Services
from spiderduck.cluster.history import Buckets, Step, Window

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Percentiles(msgspec.Struct):
    """Milliseconds that half of all, 95 and 99 of 100 stayed below, for each step; null where there were none.
    Estimated from buckets. `whole` is the same over all steps, and `count` of how many."""

    count: int
    whole: dict[str, int | None]
    p50: list[int | None]
    p95: list[int | None]
    p99: list[int | None]


class BacklogSteps(msgspec.Struct):
    """Events that waited or were worked on, that were put off, and that were given up: the most at a moment of each
    step; null where nobody looked."""

    ready: list[int | None]
    deferred: list[int | None]
    dead: list[int | None]


class HistoryReport(msgspec.Struct, kw_only=True):
    """Steps of `step_s` seconds, the oldest first; the first begins at `begins_at`. `since`: when this process began to
    look; nothing is known of before.

    `ended`: shares by how they ended. `latency_ms`: `share` from an event's `created_at` to the card, where it has one;
    `fetch` one fetch, its domain's turn included; `api` an answer of the API, without streams."""

    window: str
    begins_at: Time
    since: Time
    step_s: int
    ended: dict[str, list[int]]
    latency_ms: dict[str, Percentiles]
    backlog: BacklogSteps


def history_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handler."""

    @get(
        "/v1/history",
        opt={"scope": READ},
        tags=["health"],
        summary="What happened in the last hour or day",
        description="Of all processes, as far as the answering one has looked: it keeps 60 steps of a minute and "
        "288 of five minutes in memory. `/metrics` is for anything that must last.",
    )
    async def get_history(
        window: Annotated[Window, Parameter(description="`hour` or `day`.")] = "hour",
    ) -> HistoryReport:
        seen = services.history.seen(window)
        names = sorted({name for step in seen.steps for name in step.ended})
        kinds = sorted({name for step in seen.steps for name in step.took})
        backlogs = [step.backlog for step in seen.steps]
        return HistoryReport(
            window=window,
            begins_at=iso_time(seen.begin),
            since=iso_time(services.history.since),
            step_s=seen.seconds,
            ended={name: [step.ended[name] for step in seen.steps] for name in names},
            latency_ms={kind: _percentiles(kind, seen.steps) for kind in kinds},
            backlog=BacklogSteps(
                [None if one is None else one.ready for one in backlogs],
                [None if one is None else one.deferred for one in backlogs],
                [None if one is None else one.dead for one in backlogs],
            ),
        )

    return [get_history]


def _percentiles(kind: str, steps: tuple[Step, ...]) -> Percentiles:
    whole = Buckets()
    for step in steps:
        if kind in step.took:
            whole.update(step.took[kind])
    bounds = LONG_SECONDS if kind == "share" else SECONDS
    each = {name: [_ms(step.took.get(kind), share, bounds) for step in steps] for name, share in SHARES.items()}
    return Percentiles(whole.total(), {name: _ms(whole, share, bounds) for name, share in SHARES.items()}, **each)


def _ms(buckets: Buckets | None, share: float, bounds: tuple[float, ...]) -> int | None:
    found = None if buckets is None else quantile(buckets, share, bounds)
    return None if found is None else round(found * 1000)
