"""Stage 4: must this URL be fetched? Stops what this event's earlier delivery finished already.

Asks the store what is known and `schedulers.policy` what follows from it. Redirect targets are decided by the `fetch`
stage with the same `Decider`.
"""

from msgspec import structs

from fetchers.urls import split
from schedulers.model import Context, Settled, Status, UrlState
from schedulers.policy import Asked, Decision, Verdict, decide
from schedulers.ports import Clock, MetadataStore
from schedulers.stages.stage import Next

FINISHED_BEFORE = Settled(Status.PENDING, "finished_before")
"""An earlier delivery of this event ended this URL: nothing is fetched, stored or told again."""


class Decider:
    """The policy, with the operator's block list. A name blocks itself and everything below it."""

    def __init__(self, clock: Clock, blocked_domains: tuple[str, ...]) -> None:
        self._clock = clock
        self._blocked = frozenset(name.lower().strip(".") for name in blocked_domains)

    def decide(self, url: str, state: UrlState | None, *, refresh: bool) -> Decision:
        return decide(Asked(url, state, refresh, self._clock.now(), self._blocking_rule))

    def _blocking_rule(self, url: str) -> str | None:
        if not self._blocked:
            return None
        host = split(url).host
        while host:
            if host in self._blocked:
                return host
            host = host.partition(".")[2]
        return None


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
