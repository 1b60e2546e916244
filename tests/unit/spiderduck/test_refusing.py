"""A process refuses what its own policy blocks before it asks a fetcher, which may not know: also behind a redirect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fetchers.body.chunks import NO_CHUNKS, Chunks
from fetchers.model import Ended, Ending, HopRequest, HopResult, Response
from fetchers.ports import Blocked
from spiderduck.fetching import FetchThroughClient, refusing

GONE, SHORT = "http://news.test/gone", "http://short.test/s"


class GonePolicy:
    def verdict(self, url: str) -> Blocked | None:
        return Blocked("it was taken down", Ending.BLOCKED_DOMAIN, "taken_down") if url == GONE else None


class FetcherWithoutStore:
    """Answers everything, and writes down what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @asynccontextmanager
    async def open_hop(self, request: HopRequest) -> AsyncIterator[tuple[HopResult, Chunks]]:
        self.asked.append(request.url)
        headers = (("location", GONE),) if request.url == SHORT else ()
        yield Response(request.url, 301 if headers else 200, headers, b"", 0.0), NO_CHUNKS


async def ending(fetcher: FetcherWithoutStore, url: str) -> Ended:
    fetch = FetchThroughClient(refusing(fetcher.open_hop, GonePolicy()), most_redirects=5)
    async with fetch.open(HopRequest(url, 2e9, 2e9)) as (result, _):
        assert isinstance(result.outcome, Ended), result
        return result.outcome


async def test_what_is_blocked_here_is_not_asked_for() -> None:
    fetcher = FetcherWithoutStore()
    said = await ending(fetcher, GONE)
    assert (said.ending, said.code, fetcher.asked) == (Ending.BLOCKED_DOMAIN, "taken_down", [])


async def test_nor_is_it_behind_a_redirect() -> None:
    fetcher = FetcherWithoutStore()
    said = await ending(fetcher, SHORT)
    assert (said.ending, fetcher.asked) == (Ending.BLOCKED_DOMAIN, [SHORT])
