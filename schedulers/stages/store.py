"""Store and announce: page, states of the chain, the event's progress and the notice become visible in one step."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from msgspec import structs

from fetchers.urls import registrable_domain
from groundwork.clock import Clock
from groundwork.spans import leaf
from schedulers import notice
from schedulers.config import Freshness
from schedulers.context import Dropped, Result, Settled, Shared
from schedulers.model import Failure, Known, Page, Status, UrlState
from schedulers.ports import Archive, DomainAges, Judge, MetadataStore
from schedulers.settlement import UNKNOWN, settle
from schedulers.verdict import TAKEDOWN, TAKEN_DOWN, Verdict

log = logging.getLogger(__name__)


class StorePorts(Protocol):
    """What of the flow's ports the stage works with."""

    @property
    def store(self) -> MetadataStore: ...
    @property
    def archive(self) -> Archive: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def judge(self) -> Judge: ...
    @property
    def ages(self) -> DomainAges | None: ...


class Store:
    """Completes a share, whatever its result. `ended` is told the outcome."""

    def __init__(
        self,
        ports: StorePorts,
        freshness: Freshness,
        ended: Callable[[str, float | None], None],
    ) -> None:
        self._store = ports.store
        self._archive = ports.archive
        self._clock = ports.clock
        self._freshness = freshness
        self._judge = ports.judge
        self._ages = ports.ages
        self._ended = ended

    async def __call__(self, shared: Shared, result: Result) -> Page | None:
        """The page, where there is a new one."""
        now = self._clock.now()
        settled = await self._aged(settle(result, now, self._freshness))
        known = Known(state=settled.state, page=settled.page)
        verdict = self._judge(settled.state.url, known)
        if settled.page is not None and verdict is not None and verdict.basis == TAKEDOWN:
            settled = _leading(
                settled.state, settle(await self._forgotten(shared, settled, verdict), now, self._freshness)
            )
            known = Known(state=settled.state, page=settled.page)
        verdicts = {settled.state.key: verdict}
        states = tuple(self._judged(state, settled.page, verdicts) for state in settled.change.states)
        told = notice.processed(shared.event, settled.outcome, known, verdict, now)
        change = replace(settled.change, states=states)
        with leaf("notice", notice=told.id, outcome=told.outcome) as here:
            await self._store.complete(shared.event.identity, shared.link.key, change, told)
            if settled.outcome == Status.FAILED:
                here.fail(settled.state.reason or settled.outcome)
        shared_at = shared.event.created_at
        seconds = None if shared_at is None else max(self._clock.now() - shared_at.timestamp(), 0.0)
        self._ended(settled.outcome, seconds)
        _log_end(settled, seconds)
        return settled.change.page

    async def _aged(self, settled: Settled) -> Settled:
        """With the age of the youngest domain of each chain, as far as it was asked: a new domain is a signal."""
        if self._ages is None or not settled.change.states:
            return settled
        domains = {state.key: _domains(state) for state in settled.change.states}
        ages = {name: await self._ages.first_seen(name) for name in sorted(set[str]().union(*domains.values()))}
        states = tuple(
            replace(state, domain_since=max((ages[name] for name in domains[state.key]), default=None))
            for state in settled.change.states
        )
        shown = next((state for state in states if state.key == settled.state.key), settled.state)
        return structs.replace(settled, state=shown, change=replace(settled.change, states=states))

    async def _forgotten(self, shared: Shared, settled: Settled, verdict: Verdict) -> Dropped:
        """What was taken down while it was fetched leaves nothing but that."""
        if settled.change.page is not None and settled.change.page.archived is not None:
            await self._archive.erase([settled.change.page.archived])
        since = "" if verdict.matched is None else f" on {verdict.matched.since}"
        failure = Failure(Status.BLOCKED_DOMAIN, f"an administrator took it down{since}", TAKEN_DOWN)
        return Dropped(shared.link, UNKNOWN, failure)

    def _judged(self, state: UrlState, page: Page | None, verdicts: Mapping[str, Verdict | None]) -> UrlState:
        """The state with its verdict remembered, by which a later one is seen to differ."""
        if state.key in verdicts:
            verdict = verdicts[state.key]
        else:
            verdict = self._judge(state.url, Known(state=state, page=page))
        return state if verdict is None else replace(state, judged=verdict.remembered(state.judged))


def _leading(state: UrlState, left: Settled) -> Settled:
    """What is left says where the URL leads to, if it leads anywhere: by that it is judged, and found when it is
    lifted."""
    if not state.redirects:
        return left
    shown = replace(left.state, redirects=state.redirects, resolved_url=state.resolved_url)
    return structs.replace(left, state=shown, change=replace(left.change, states=(shown,)))


def _log_end(settled: Settled, seconds: float | None) -> None:
    state = settled.state
    fields: dict[str, object] = {"url": state.url, "outcome": settled.outcome, "status": state.status.value}
    if settled.page is not None:
        fields["page"] = str(settled.page.id)
    if seconds is not None:
        fields["since_shared_ms"] = round(seconds * 1000)
    if state.reason:
        fields["reason"] = state.reason
    log.info("share ended: %s", settled.outcome, extra=fields)


def _domains(state: UrlState) -> set[str]:
    urls = (state.url, *(step.url for step in state.redirects), state.resolved_url or state.url)
    return {registrable_domain(host) for url in urls if (host := notice.host_of(url))}
