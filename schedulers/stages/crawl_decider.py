"""Stage 4: must this URL be fetched? Stops what this event's earlier delivery finished already.

Asks the store what is known and `schedulers.policy` what follows from it. Redirect targets are decided by the `fetch`
stage with the same `Decider`.
"""

from msgspec import structs

from schedulers.model import Context, Settled, Status, UrlState
from schedulers.policy import Asked, Decision, Verdict, decide
from schedulers.ports import Clock, IsBlocked, MetadataStore
from schedulers.stages.stage import Next

FINISHED_BEFORE = Settled(Status.PENDING, "finished_before")
"""An earlier delivery of this event ended this URL: nothing is fetched, stored or told again."""


class Decider:
    """The policy, with what may not be asked for."""

    def __init__(self, clock: Clock, is_blocked: IsBlocked) -> None:
        self._clock = clock
        self._is_blocked = is_blocked

    def decide(self, url: str, state: UrlState | None, *, refresh: bool) -> Decision:
        return decide(Asked(url, state, refresh, self._clock.now(), self._is_blocked))


class CrawlDecider:
    """Reads what the store knows, and settles the URL where it needs no fetch."""

    def __init__(self, store: MetadataStore, decider: Decider) -> None:
        self._store = store
        self._decider = decider

    async def __call__(self, ctx: Context, next: Next) -> None:
        assert ctx.event is not None
        known = await self._store.look_up(ctx.key, ctx.event.id)
        if known.seen:
            await next(structs.replace(ctx, known={ctx.key: known}, settled=FINISHED_BEFORE))
            return
        if ctx.settled is not None:
            await next(structs.replace(ctx, known={ctx.key: known}))
            return
        refresh = ctx.event.refresh and ctx.message.deferrals == 0
        decision = self._decider.decide(ctx.url, known.state, refresh=refresh)
        if decision.verdict is Verdict.FETCH and known.state is None:
            await self._store.mark(UrlState(ctx.key, ctx.url, Status.PENDING))
        await next(structs.replace(ctx, known={ctx.key: known}, settled=decision.settled))
