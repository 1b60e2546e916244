"""What a host reserves in its `/.well-known/tdmrep.json`, asked once a day like its robots.txt, through the fetcher.

Only where `schedulers.tdmrep` wants it: hardly any host has the file, and each is sent one more request.
"""

import msgspec
from cachetools import LRUCache

from fetchers.model import HopRequest, Response
from fetchers.urls import split
from groundwork.clock import Clock
from schedulers.context import Answered
from schedulers.metadata import tdmrep
from schedulers.ports import Fetch

TOTAL_SECONDS = 30.0
KEPT, KEPT_AFTER_FAILURE = 24 * 3600.0, 600.0
HOSTS = 20_000
ACCEPT = "application/json"


class AskReservations:
    """`patience`: seconds that the host's turn may lie off; where it lies further off, the page goes on without."""

    def __init__(self, fetcher: Fetch, clock: Clock, patience: float) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._patience = patience
        self._known: LRUCache[str, tuple[float, tuple[tdmrep.Rule, ...]]] = LRUCache(HOSTS)

    async def __call__(self, answered: Answered) -> Answered:
        """The same answer, with what its host reserves among its preferences."""
        response = answered.response
        if not 200 <= response.status_code < 300:
            return answered
        parts = split(response.url)
        expires, rules = self._known.get(parts.origin, (0.0, ()))
        if expires <= self._clock.now():
            rules = await self._ask(parts.origin)
        if not (said := tdmrep.said(rules, parts.target)):
            return answered
        preferences = (*response.preferences, *said)
        return msgspec.structs.replace(answered, response=msgspec.structs.replace(response, preferences=preferences))

    async def _ask(self, origin: str) -> tuple[tdmrep.Rule, ...]:
        now, url = self._clock.now(), origin + tdmrep.PATH
        by = now + self._patience
        request = HopRequest(url, start_by=by, deadline=by + TOTAL_SECONDS, accept=ACCEPT, max_bytes=tdmrep.LONGEST)
        answer = (await self._fetcher.fetch(request)).outcome
        if not isinstance(answer, Response):
            self._known[origin] = (now + KEPT_AFTER_FAILURE, ())
            return ()
        rules = tdmrep.read(answer.body, answer.url) if answer.status_code == 200 else ()
        answer.release()
        is_for_good = answer.status_code < 500 and answer.status_code != 429
        self._known[origin] = (now + (KEPT if is_for_good else KEPT_AFTER_FAILURE), rules)
        return rules
