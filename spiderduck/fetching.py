"""What connects two parts that do not know one another: a port of the one, served with the other."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from msgspec import structs

from fetchers.body.chunks import NO_CHUNKS, Chunks, OpenHop
from fetchers.client import redirects
from fetchers.model import Ended, FetchResult, HopRequest, HopResult
from fetchers.ports import Blocked, UrlPolicy
from schedulers.ports import Knows


class OffTheList(Exception):
    """A redirect leads to a host that the caller does not take anything from."""


def _checked(open_hop: OpenHop, admits: Callable[[str], bool]) -> OpenHop:
    def open_admitted(request: HopRequest) -> AbstractAsyncContextManager[tuple[HopResult, Chunks]]:
        if not admits(request.url):
            raise OffTheList(request.url)
        return open_hop(request)

    return open_admitted


def refusing(open_hop: OpenHop, policy: UrlPolicy) -> OpenHop:
    """`open_hop` for what the policy of this process lets through. A fetcher refuses what its settings say; it has no
    store, and does not know what was taken down."""

    @asynccontextmanager
    async def refused(blocked: Blocked) -> AsyncIterator[tuple[HopResult, Chunks]]:
        yield Ended(blocked.ending, blocked.reason, code=blocked.code), NO_CHUNKS

    def open_unless_refused(request: HopRequest) -> AbstractAsyncContextManager[tuple[HopResult, Chunks]]:
        blocked = policy.verdict(request.url)
        return open_hop(request) if blocked is None else refused(blocked)

    return open_unless_refused


class FetchThroughClient:
    """The schedulers' `Fetch` port, served by the fetchers' client library; and answers read while they come."""

    def __init__(self, open_hop: OpenHop, most_redirects: int, patience: float = 0.0) -> None:
        """Each hop behind a redirect may wait for its turn for `patience` seconds, whatever the first one took."""
        self._open_hop = open_hop
        self._most_redirects = most_redirects
        self._patience = patience

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        return await redirects.fetch(
            request, self._open_hop, knows=knows, most_redirects=self._most_redirects, patience=self._patience
        )

    def open(
        self, request: HopRequest, admits: Callable[[str], bool] | None = None
    ) -> AbstractAsyncContextManager[tuple[FetchResult, Chunks]]:
        """The answer while it comes: `async with fetch.open(request) as (result, chunks)`.

        Raises `OffTheList` instead of asking for a URL that `admits` says no to, redirects included.
        """
        open_hop = self._open_hop if admits is None else _checked(self._open_hop, admits)
        streamed = structs.replace(request, streamed=True)
        return redirects.open_fetch(streamed, open_hop, most_redirects=self._most_redirects)
