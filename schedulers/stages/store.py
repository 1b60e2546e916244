"""Store and announce: page, states of the chain, the event's progress and the notice become visible in one step."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from groundwork.clock import Clock
from schedulers import notice
from schedulers.config import Freshness
from schedulers.context import Result, Shared
from schedulers.model import Known, Page, UrlState
from schedulers.ports import Judge, MetadataStore
from schedulers.settlement import settle
from schedulers.verdict import Verdict


class Store:
    """Completes a share, whatever its result. `ended` is told the outcome."""

    def __init__(
        self,
        store: MetadataStore,
        clock: Clock,
        freshness: Freshness,
        judge: Judge,
        ended: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._freshness = freshness
        self._judge = judge
        self._ended = ended

    async def __call__(self, shared: Shared, result: Result) -> Page | None:
        """The page, where there is a new one."""
        now = self._clock.now()
        settled = settle(result, now, self._freshness)
        known = Known(state=settled.state, page=settled.page)
        verdict = self._judge(settled.state.url, known)
        verdicts = {settled.state.key: verdict}
        states = tuple(self._judged(state, settled.page, verdicts) for state in settled.change.states)
        told = notice.processed(shared.event, settled.outcome, known, verdict, now)
        change = replace(settled.change, states=states)
        await self._store.complete(shared.event.identity, shared.link.key, change, told)
        self._ended(settled.outcome)
        return settled.change.page

    def _judged(self, state: UrlState, page: Page | None, verdicts: Mapping[str, Verdict | None]) -> UrlState:
        """The state with its verdict remembered, by which a later one is seen to differ."""
        if state.key in verdicts:
            verdict = verdicts[state.key]
        else:
            verdict = self._judge(state.url, Known(state=state, page=page))
        return state if verdict is None else replace(state, judged=verdict.remembered(state.judged))
