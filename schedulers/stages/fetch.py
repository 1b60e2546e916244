"""Fetch the URL through the fetching service, redirects hop by hop, or defer it durably.

Every redirect target is decided on: one that is known and fresh ends the chain. Nothing waits on an open message for
long. A URL whose turn lies further off than `defer_after` is written down with its due time (`deferral.py`), and the
event can be acknowledged. So is one whose server asked for a pause (`PutOff`), unless somebody else can tell of it.
"""

from collections.abc import Awaitable, Callable

from fetchers.model import Ended, HopRequest, NotNow, Response
from groundwork.clock import Clock
from schedulers.config import SchedulersConfig
from schedulers.context import Answered, Deferred, Due, Failed, PutOff, Reached, Reused
from schedulers.deferral import Deferral
from schedulers.in_flight import Flight
from schedulers.links import Chain, chain_of
from schedulers.model import Failure, Known, Status
from schedulers.policy import FETCH, Decision
from schedulers.ports import Fetch

PAUSE_STATUSES = frozenset({429, 503})
STOPPED = Failure(Status.FAILED, "its fetch stopped before a URL that nobody knows")
TOTAL_SECONDS = 300.0
"""Longest time from asking for a fetch to its end, all hops and waits for turns included."""

DecideTarget = Callable[[Due, Flight, str, dict[str, Known]], Awaitable[Decision]]

Fetched = Deferred | PutOff | Reached | Failed | Answered


class _Targets:
    """Decides on the redirect targets of one fetch, and remembers the one that ended it."""

    def __init__(self, due: Due, flight: Flight, decide: DecideTarget) -> None:
        self.known = {due.shared.link.key: due.known}
        self._due = due
        self._flight = flight
        self._decide = decide
        self._last: Reused | Failure = STOPPED

    async def knows(self, url: str) -> bool:
        """Whether `url` must not be fetched."""
        decision = await self._decide(self._due, self._flight, url, self.known)
        if decision is FETCH:
            return False
        self._last = decision
        return True

    def end_of(self, chain: Chain) -> Reached | Failed:
        return Reached(chain, self._last) if isinstance(self._last, Reused) else Failed(chain, self._last)


class FetchStage:
    """`decide_target` is asked after every hop for the next URL."""

    def __init__(
        self, fetcher: Fetch, decide_target: DecideTarget, deferral: Deferral, clock: Clock, config: SchedulersConfig
    ) -> None:
        self._fetcher = fetcher
        self._decide_target = decide_target
        self._deferral = deferral
        self._clock = clock
        self._config = config

    async def __call__(self, due: Due, flight: Flight) -> Fetched:
        """`flight` is the one that holds this URL, and will hold its redirect targets."""
        shared, link, page = due.shared, due.shared.link, due.known.page
        targets = _Targets(due, flight, self._decide_target)
        if page is not None and page.url != link.url:
            page = None  # validators are those of one URL
        now = self._clock.now()
        equal_until = self._deferral.until(link.key)
        if equal_until > now + self._config.defer_after:
            return await self._deferral.follow(shared, equal_until)
        request = HopRequest(
            link.url,
            start_by=now + self._config.defer_after,
            deadline=now + TOTAL_SECONDS,
            etag=None if page is None else page.etag,
            last_modified=None if page is None else page.last_modified,
            promised=shared.message.url is not None,
        )
        result = await self._fetcher.fetch(request, targets.knows)
        outcome = result.outcome
        if isinstance(outcome, NotNow):
            return await self._deferral.defer(shared, outcome.until, outcome.reason)
        chain = chain_of(link, targets.known, result)
        if outcome is None:
            return targets.end_of(chain)
        if isinstance(outcome, Response) and (until := self._asked_for_pause(due, outcome)) is not None:
            outcome.release()
            return PutOff(chain, until, outcome.status_code)
        return ended(chain, outcome)

    def _asked_for_pause(self, due: Due, outcome: Response) -> float | None:
        """Until when, where the server wants it and it is not too often or too long."""
        if outcome.status_code not in PAUSE_STATUSES:
            return None
        if due.shared.message.deferrals >= self._config.most_deferrals or outcome.retry_at is None:
            return None
        if outcome.retry_at - self._clock.now() > self._config.longest_deferral:
            return None
        return outcome.retry_at


def ended(chain: Chain, outcome: Response | Ended | NotNow | None) -> Answered | Failed:
    """An answer goes on to be understood; every other outcome is final where nobody comes back later."""
    match outcome:
        case Response():
            return Answered(chain, outcome)
        case Ended():
            return Failed(chain, Failure(Status(outcome.ending.value), outcome.reason, outcome.code))
        case NotNow():
            return Failed(chain, Failure(Status.LATE, outcome.reason))
        case None:
            return Failed(chain, STOPPED)
