"""Stage 5: fetch the URL through the fetching service, redirects hop by hop, or put it off durably.

Asks the decider at every hop: a target that is known and fresh ends the chain. Nothing waits on an open message for
long. A URL whose turn lies further off than `defer_after`, or whose server asked for a pause, is written down with its
due time (`deferral.py`), and the event can be acknowledged.
"""

from msgspec import structs

from fetchers.model import Ended, NotNow, Response
from schedulers.config import SchedulersConfig
from schedulers.deferral import Deferral
from schedulers.in_flight import InFlight
from schedulers.model import Context, Known, Settled, Status
from schedulers.policy import Decision, Verdict
from schedulers.ports import Clock, Fetch, MetadataStore
from schedulers.stages.crawl_decider import Decider
from schedulers.stages.stage import Next
from schedulers.urls import dedup_key

PAUSE_STATUSES = frozenset({429, 503})
WAITS_FOR_ITS_TURN = "it waits for its domain's turn, since {} is asked no more often than its limit allows"
TOTAL_SECONDS = 300.0
"""Longest time from asking for a fetch to its end, all hops and waits for turns included."""


class FetchStage:
    """Calls the next stage with a `result`, unless the URL was deferred."""

    def __init__(
        self,
        *,
        fetcher: Fetch,
        deferral: Deferral,
        store: MetadataStore,
        decider: Decider,
        in_flight: InFlight,
        clock: Clock,
        config: SchedulersConfig,
    ) -> None:
        self._fetcher = fetcher
        self._deferral = deferral
        self._store = store
        self._decider = decider
        self._in_flight = in_flight
        self._clock = clock
        self._config = config

    async def __call__(self, ctx: Context, next: Next) -> None:
        known = dict(ctx.known)
        dropped: list[Settled] = []

        async def knows(url: str) -> bool:
            decision = await self._decide(ctx, url, known)
            if decision.verdict is Verdict.DROP and decision.settled is not None:
                dropped.append(decision.settled)
            return decision.verdict is not Verdict.FETCH

        now = self._clock.now()
        equal_until = self._deferral.until(ctx.key)
        if equal_until > now + self._config.defer_after:
            await self._deferral.follow(ctx, equal_until)
            return
        page = known[ctx.key].page
        result = await self._fetcher.fetch(
            ctx.url,
            start_by=now + self._config.defer_after,
            deadline=now + TOTAL_SECONDS,
            etag=page.etag if page is not None and page.url == ctx.url else None,
            last_modified=page.last_modified if page is not None and page.url == ctx.url else None,
            knows=knows,
            promised=ctx.message.url is not None,
        )
        if isinstance(result.outcome, NotNow):
            await self._deferral.put_off(ctx, result.outcome.until, WAITS_FOR_ITS_TURN.format(result.url))
            return
        until = self._asked_for_pause(ctx, result.outcome)
        if until is not None:
            await self._deferral.put_off(ctx, until, f"{result.url} asked for a pause", counted=True)
            return
        settled = dropped[0] if dropped else settled_by(result.outcome)
        await next(structs.replace(ctx, known=known, result=result, settled=settled))

    async def _decide(self, ctx: Context, url: str, known: dict[str, Known]) -> Decision:
        """The policy's word on a redirect target, after whoever fetches that one at this moment."""
        assert ctx.event is not None
        key = dedup_key(url)
        await self._in_flight.join(self._in_flight.flight_of(ctx.key), key)
        found = known[key] = await self._store.look_up(key)
        return self._decider.decide(url, found.state, refresh=ctx.event.refresh)

    def _asked_for_pause(self, ctx: Context, outcome: Response | Ended | None) -> float | None:
        """Until when, where the server wants it and it is not too often or too long."""
        if not isinstance(outcome, Response) or outcome.status_code not in PAUSE_STATUSES:
            return None
        if ctx.message.deferrals >= self._config.most_deferrals or outcome.retry_at is None:
            return None
        if outcome.retry_at - self._clock.now() > self._config.longest_deferral:
            return None
        return outcome.retry_at


def settled_by(outcome: Response | Ended | NotNow | None) -> Settled | None:
    """How a fetch ended, where its answer is no page to be understood."""
    if isinstance(outcome, Ended):
        status = Status(outcome.ending.value)
        return Settled(status, status.value, outcome.reason)
    return None
