"""What connects two parts that do not know one another: a port of the one, served with the other."""

from collections.abc import Callable

from fetchers.client import redirects
from fetchers.client.streaming import FetchStream, open_stream
from fetchers.model import FetchResult, HopRequest, HopResult
from fetchers.ports import PerformHop, StreamHop, Take
from schedulers.ports import Knows


class OffTheList(Exception):
    """A redirect leads to a host that the caller does not take anything from."""


def _checked(stream_hop: StreamHop, admits: Callable[[str], bool]) -> StreamHop:
    async def hop(request: HopRequest, take: Take) -> HopResult:
        if not admits(request.url):
            raise OffTheList(request.url)
        return await stream_hop(request, take)

    return hop


class FetchThroughClient:
    """The schedulers' `Fetch` port, served by the fetchers' client library; and answers read while they come."""

    def __init__(
        self, perform_hop: PerformHop, stream_hop: StreamHop, most_redirects: int, patience: float = 0.0
    ) -> None:
        """Each hop behind a redirect may wait for its turn for `patience` seconds, whatever the first one took."""
        self._perform_hop = perform_hop
        self._stream_hop = stream_hop
        self._most_redirects = most_redirects
        self._patience = patience

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        return await redirects.fetch(
            request,
            self._perform_hop,
            knows=knows,
            most_redirects=self._most_redirects,
            patience=self._patience,
        )

    async def stream(self, request: HopRequest, admits: Callable[[str], bool] | None = None) -> FetchStream:
        """The answer while it comes; to be closed by whoever asked. Raises `OffTheList` instead of asking for a URL
        that `admits` says no to, redirects included."""
        hop = self._stream_hop if admits is None else _checked(self._stream_hop, admits)
        return await open_stream(request, hop, most_redirects=self._most_redirects)
