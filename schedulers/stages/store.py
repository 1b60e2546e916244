"""Store and announce: page, states of the chain, the event's progress and the notice become visible in one step."""

from collections.abc import Callable

from groundwork.clock import Clock
from schedulers import notice
from schedulers.config import Freshness
from schedulers.context import Result, Shared
from schedulers.model import Page
from schedulers.ports import MetadataStore
from schedulers.settlement import settle


class Store:
    """Completes a share, whatever its result. `ended` is told the outcome."""

    def __init__(self, store: MetadataStore, clock: Clock, freshness: Freshness, ended: Callable[[str], None]) -> None:
        self._store = store
        self._clock = clock
        self._freshness = freshness
        self._ended = ended

    async def __call__(self, shared: Shared, result: Result) -> Page | None:
        """The page, where there is a new one."""
        now = self._clock.now()
        settled = settle(result, now, self._freshness)
        told = notice.processed(shared.event, settled.outcome, settled.state, settled.page, now)
        await self._store.complete(shared.event.identity, shared.link.key, settled.change, told)
        self._ended(settled.outcome)
        return settled.change.page
