"""Must this URL be fetched? Reads what the store knows, and asks `schedulers.policy` what follows from it."""

from groundwork.clock import Clock
from schedulers.context import Decided, Dropped, Due, FinishedBefore, Reused, Shared
from schedulers.in_flight import Flight, InFlight
from schedulers.model import Failure, Known, Status, UrlState
from schedulers.policy import Candidate, Decision, decide
from schedulers.ports import MetadataStore, Refusal
from schedulers.urls import dedup_key


class Decide:
    """Decides on shared URLs, and with `target` on where their redirects lead."""

    def __init__(self, store: MetadataStore, in_flight: InFlight, clock: Clock, refusal: Refusal) -> None:
        self._store = store
        self._in_flight = in_flight
        self._clock = clock
        self._refusal = refusal

    async def __call__(self, shared: Shared) -> Decided:
        link, event = shared.link, shared.event
        known = await self._store.look_up(link.key, event.identity)
        if known.seen:
            return FinishedBefore(known.page)
        if link.invalid is not None:
            return Dropped(link, known, link.invalid)
        decision = self._decide(link.url, known, refresh=event.refresh and shared.message.deferrals == 0)
        if isinstance(decision, Failure):
            return Dropped(link, known, decision)
        if isinstance(decision, Reused):
            return decision
        if known.state is None:
            await self._store.mark(UrlState(link.key, link.url, Status.PENDING))
        return Due(shared, known)

    async def target(self, due: Due, flight: Flight, url: str, known: dict[str, Known]) -> Decision:
        """The policy's word on a redirect target, after whoever fetches that one at this moment. Adds to `known` what
        the store knows of it."""
        key = dedup_key(url)
        await self._in_flight.join(flight, key)
        found = known[key] = await self._store.look_up(key)
        return self._decide(url, found, refresh=due.shared.event.refresh)

    def _decide(self, url: str, known: Known, *, refresh: bool) -> Decision:
        return decide(Candidate(url, known, refresh, self._clock.now(), self._refusal))
