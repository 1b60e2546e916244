"""Where a wall stands before a page, its oEmbed provider may tell of it: asked politely, through the fetcher.

Only listed providers are asked (`metadata/fields/oembed.py`), and only for a page of which nothing is known: good
metadata stays.
"""

from fetchers.model import HopRequest, Response
from groundwork.clock import Clock
from schedulers.context import Understood
from schedulers.links import Chain
from schedulers.metadata import OEmbed, endpoint_of, read_oembed, wall_kind
from schedulers.model import RATE_LIMIT
from schedulers.ports import Fetch
from schedulers.settlement import UNKNOWN

TOTAL_SECONDS = 60.0
ACCEPT = "application/json"
PASSED = frozenset({"challenge", "consent", "login", "javascript"})
"""Kinds of walls behind which there is a page. One that is gone or for sale is not asked for elsewhere."""


class AskProvider:
    """`patience`: seconds that the provider's turn may lie off."""

    def __init__(self, fetcher: Fetch, clock: Clock, patience: float) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._patience = patience

    async def __call__(self, chain: Chain, wall: str) -> Understood | None:
        """What the provider says of the page at the end of `chain`, before which `wall` stands. None where there is no
        provider, it does not answer now, or the page is known already."""
        if chain.known.get(chain.link.key, UNKNOWN).page is not None:
            return None
        if wall != RATE_LIMIT and wall_kind(wall) not in PASSED:
            return None
        for url in dict.fromkeys((chain.url, *(member.url for member in reversed(chain.members)))):
            if (endpoint := endpoint_of(url)) is not None:
                return await self._ask(chain, wall, url, endpoint)
        return None

    async def _ask(self, chain: Chain, wall: str, page_url: str, endpoint: OEmbed) -> Understood | None:
        now = self._clock.now()
        request = HopRequest(
            endpoint.url, start_by=now + self._patience, deadline=now + self._patience + TOTAL_SECONDS, accept=ACCEPT
        )
        answer = (await self._fetcher.fetch(request)).outcome
        if not isinstance(answer, Response):
            return None
        metadata = read_oembed(answer.body, endpoint) if answer.status_code == 200 else None
        if metadata is None:
            answer.release()
            return None
        return Understood(chain, answer, metadata, page_url, wall)
