"""Answers that are read while they come: shared by equal requests, held until they are known to be no redirect, and
in frames on the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from fetchers import wire
from fetchers.body.budget import BodyBudget
from fetchers.body.chunks import NO_CHUNKS, BodyEnd, Chunks
from fetchers.client.redirects import open_fetch
from fetchers.coalescing import Coalescing
from fetchers.counters import Counters
from fetchers.errors import BrokenOff
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotMine, NotNow, Response
from fetchers.tee import AHEAD
from tests.clock import FakeClock
from tests.unit.fetchers.bodies import GivenChunks, hops
from tests.unit.fetchers.small_web import Answer, ask, page, small_fetcher

URL = "http://a.test/x"
REQUEST = HopRequest(URL, 10.0, 10.0, purpose="direct", streamed=True)
HEAD = Response(URL, 200, (("content-type", "image/png"),), b"", 1.0)
PIECE = bytes(64 * 1024)


class Source:
    """A hop that gives `pieces`, each when told to, and then `end`."""

    def __init__(self, pieces: list[bytes], end: BodyEnd | Ended | None = None) -> None:
        self.pieces = pieces
        self.end = end
        self.given = 0
        self.begun = 0
        self.cancellations = 0
        self.go = asyncio.Semaphore(0)

    @asynccontextmanager
    async def open(self, request: HopRequest) -> AsyncIterator[tuple[HopResult | NotMine, Chunks]]:
        self.begun += 1
        try:
            yield HEAD, Paced(self)
        except asyncio.CancelledError:
            self.cancellations += 1
            raise


class Paced(GivenChunks):
    def __init__(self, source: Source) -> None:
        super().__init__(HEAD, source.pieces, source.end)
        self._source = source

    async def _pull(self) -> bytes:
        await self._source.go.acquire()
        piece = await super()._pull()
        self._source.given += 1
        return piece


def sharing(source: Source) -> Coalescing:
    return Coalescing(source.open, BodyBudget(0, 0), FakeClock(0.0), Counters())


class Reader:
    """Reads an answer in a task of its own, as long as `may_go_on`."""

    def __init__(self, coalescing: Coalescing, request: HopRequest = REQUEST) -> None:
        self.pieces: list[bytes] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.head: HopResult | NotMine | None = None
        self.end: BodyEnd | Ended | None = None
        self.task = asyncio.create_task(self._read(coalescing, request))

    async def _read(self, coalescing: Coalescing, request: HopRequest) -> None:
        async with coalescing.open(request) as (self.head, chunks):
            await self.may_go_on.wait()
            async for piece in chunks:
                self.pieces.append(piece)
                await self.may_go_on.wait()
            self.end = chunks.end


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_who_comes_in_the_middle_gets_everything() -> None:
    source = Source([b"one", b"two", b"three"], BodyEnd("length", 2.0))
    coalescing = sharing(source)
    first = Reader(coalescing)
    source.go.release()
    await settled()
    assert first.pieces == [b"one"]
    second = Reader(coalescing, structs.replace(REQUEST, deadline=11.0))
    await settled()
    assert second.pieces == [b"one"]
    for _ in range(3):
        source.go.release()
    await asyncio.gather(first.task, second.task)
    assert first.pieces == second.pieces == [b"one", b"two", b"three"]
    assert first.end == second.end == BodyEnd("length", 2.0)
    assert source.begun == 1


async def test_who_leaves_takes_nothing_from_the_others_and_the_last_one_ends_it() -> None:
    source = Source([b"one", b"two"])
    coalescing = sharing(source)
    first, second = Reader(coalescing), Reader(coalescing)
    await settled()
    source.go.release()
    await settled()
    first.task.cancel()
    await settled()
    assert source.cancellations == 0
    source.go.release()
    await settled()
    assert second.pieces == [b"one", b"two"]
    second.task.cancel()
    await settled()
    assert source.cancellations == 1
    third = Reader(coalescing)
    await settled()
    assert source.begun == 2  # nobody joins what is being ended
    third.task.cancel()


async def test_the_beginning_is_kept_for_so_long_only() -> None:
    source = Source([PIECE] * 8)
    coalescing = sharing(source)
    one = Reader(coalescing)
    for _ in range(6):
        source.go.release()
    await settled()
    two = Reader(coalescing)
    await settled()
    assert source.begun == 2
    one.task.cancel()
    two.task.cancel()


async def test_a_slow_reader_slows_the_source_down() -> None:
    source = Source([PIECE] * 100)
    slow = Reader(sharing(source))
    slow.may_go_on.clear()
    for _ in range(101):
        source.go.release()
    await settled()
    assert source.given * len(PIECE) <= AHEAD + 2 * len(PIECE)
    slow.may_go_on.set()
    await slow.task
    assert len(slow.pieces) == 100


async def test_what_breaks_off_breaks_off_for_all() -> None:
    broken = Ended(Ending.TIMED_OUT, "it sent nothing for too long")
    source = Source([b"one"], broken)
    coalescing = sharing(source)
    readers = [Reader(coalescing), Reader(coalescing)]
    source.go.release()
    source.go.release()
    for reader in readers:
        with pytest.raises(BrokenOff, match="nothing for too long"):
            await reader.task
        assert reader.pieces == [b"one"]


async def test_a_surprise_reaches_all_who_share() -> None:
    @asynccontextmanager
    async def fails(request: HopRequest) -> AsyncIterator[tuple[HopResult | NotMine, Chunks]]:
        if request.url:
            raise RuntimeError("a mistake of ours")
        yield HEAD, NO_CHUNKS

    coalescing = Coalescing(fails, BodyBudget(0, 0), FakeClock(0.0), Counters())
    for reader in (Reader(coalescing), Reader(coalescing)):
        with pytest.raises(RuntimeError, match="a mistake of ours"):
            await reader.task


async def test_equal_streams_of_a_fetcher_are_one_request() -> None:
    gate = asyncio.Event()

    async def slow() -> httpx.Response:
        await gate.wait()
        return page(b"hello")

    answers: dict[str, Answer | list[Answer]] = {URL: slow}
    async with small_fetcher(answers) as (fetcher, web, clock):

        async def read(priority: int) -> tuple[HopResult, list[bytes]]:
            request = ask(URL, clock, purpose="direct", streamed=True, priority=priority)
            async with fetcher.open_hop(request) as (head, chunks):
                return head, [piece async for piece in chunks]

        asked = [asyncio.create_task(read(priority)) for priority in range(5)]
        await settled()
        gate.set()
        for head, pieces in await asyncio.gather(*asked):
            assert isinstance(head, Response)
            assert (head.status_code, head.body, pieces) == (200, b"", [b"hello"])
        assert web.urls().count(URL) == 1
        await settled()
        assert (fetcher.counters.coalesced, fetcher.counters.body_bytes) == (4, 5)


async def test_a_follower_with_more_time_asks_itself() -> None:
    gate, performed = asyncio.Event(), list[HopRequest]()

    @asynccontextmanager
    async def opened(request: HopRequest) -> AsyncIterator[tuple[HopResult | NotMine, Chunks]]:
        performed.append(request)
        await gate.wait()
        yield (HEAD if request.start_by > 5.0 else NotNow(5.0, "its turn is later")), GivenChunks(HEAD, [])

    coalescing = Coalescing(opened, BodyBudget(0, 0), FakeClock(0.0), Counters())
    hasty, patient = structs.replace(REQUEST, start_by=1.0), REQUEST
    readers = [Reader(coalescing, request) for request in (hasty, patient)]
    await settled()
    assert performed == [hasty]
    gate.set()
    await asyncio.gather(*(reader.task for reader in readers))
    assert isinstance(readers[0].head, NotNow)
    assert readers[1].head == HEAD
    assert performed == [hasty, patient]


def response(status: int = 200, url: str = URL, **headers: str) -> Response:
    return Response(url, status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), b"", 1.0)


async def read(chunks: Chunks) -> bytes:
    return b"".join([piece async for piece in chunks])


HTML = response(content_type="text/html")
MOVED = response(302, location="http://b.test/")
REFRESH = b'<meta http-equiv="refresh" content="0; url=http://b.test/">'


@pytest.mark.parametrize(
    "first",
    [
        (MOVED, [b"it has ", b"moved"]),
        (MOVED, []),
        (HTML, [REFRESH]),
        (HTML, [REFRESH[:20], REFRESH[20:]]),
        (HTML, [REFRESH + bytes(30_000), bytes(60_000), bytes(60_000)]),
        (response(refresh="0; url=http://b.test/"), [b"x"]),
        (MOVED, [], Ended(Ending.TIMED_OUT, "its body never came")),
    ],
    ids=["location", "location, no body", "meta refresh", "in two pieces", "of a long page", "refresh", "broken body"],
)
async def test_a_redirect_is_followed_and_its_body_is_nobodys(first: tuple[Response, list[bytes]]) -> None:
    open_hop, asked = hops(first, (response(content_type="image/png", url="http://b.test/"), [b"pic", b"ture"]))
    async with open_fetch(REQUEST, open_hop) as (result, chunks):
        assert isinstance(result.outcome, Response)
        assert (result.outcome.url, len(result.hops)) == ("http://b.test/", 1)
        assert await read(chunks) == b"picture"
    assert [request.url for request in asked] == [URL, "http://b.test/"]


@pytest.mark.parametrize(
    "pieces",
    [[b"<p>hello"], [b"<p>", b"hello"], [bytes(70_000), b"<p>", bytes(90_000)], []],
    ids=["short", "two pieces", "long", "empty"],
)
@pytest.mark.parametrize("head", [HTML, response(404, content_type="text/html"), response(content_type="x/y")])
async def test_a_body_that_leads_nowhere_comes_whole(head: Response, pieces: list[bytes]) -> None:
    async with open_fetch(REQUEST, hops((head, pieces))[0]) as (result, chunks):
        assert result.outcome == head
        assert await read(chunks) == b"".join(pieces)


@pytest.mark.parametrize(
    "outcome",
    [
        Ended(Ending.TOO_LARGE, "its body is larger than 5 bytes"),
        NotNow(9.0, "later"),
        response(302, location="http://["),
        response(302, location=URL),
        (HTML, [b"<p>"], Ended(Ending.PROTOCOL_ERROR, "it breaks off")),
    ],
    ids=["ended", "not now", "no URL", "loop", "broken beginning"],
)
async def test_what_ends_without_a_body_is_known_at_once(outcome: HopResult) -> None:
    async with open_fetch(REQUEST, hops(outcome)[0]) as (result, _):
        assert isinstance(result.outcome, Ended | NotNow)


async def test_a_body_that_breaks_off_says_so_after_what_came() -> None:
    ended = Ended(Ending.TIMED_OUT, "it sent nothing for too long")
    async with open_fetch(REQUEST, hops((HEAD, [b"begun"], ended))[0]) as (_, chunks):
        assert await anext(chunks) == b"begun"
        with pytest.raises(BrokenOff, match="nothing for too long"):
            await anext(chunks)


async def test_a_stream_that_is_closed_is_fetched_no_further() -> None:
    source = Source([PIECE] * 3)
    coalescing = sharing(source)
    source.go.release()
    async with coalescing.open(REQUEST) as (_, chunks):
        assert await anext(chunks) == PIECE
    await settled()
    assert source.cancellations == 1


HEADS: list[HopResult | NotMine] = [
    structs.replace(HEAD, truncated=True, retry_at=200.0),
    Ended(Ending.TOO_LARGE, "too large"),
    Ended(Ending.UNSUPPORTED_TYPE, "zip", HEAD, code="archive"),
    NotNow(130.0, "later"),
    NotMine("http://b.test:1", "moved"),
]
ENDS: list[BodyEnd | Ended] = [BodyEnd(), BodyEnd("length", 1.5), Ended(Ending.TIMED_OUT, "too slow")]


def packed(head: HopResult | NotMine, pieces: list[bytes], end: BodyEnd | Ended) -> bytes:
    body = b"".join(wire.pack_prefix(wire.PIECE, len(piece)) + piece for piece in pieces)
    return wire.pack_head(head, 100.0) + body + wire.pack_end(end)


@given(
    head=st.sampled_from(HEADS),
    pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    end=st.sampled_from(ENDS),
    cuts=st.lists(st.integers(1, 40), min_size=1),
)
def test_frames_arrive_in_whatever_pieces(
    head: HopResult | NotMine, pieces: list[bytes], end: BodyEnd | Ended, cuts: list[int]
) -> None:
    data, reader, came = packed(head, pieces, end), wire.FrameReader(), list[wire.Frame]()
    at, turn = 0, 0
    while at < len(data):
        step = cuts[turn % len(cuts)]
        came += reader.feed(data[at : at + step], 100.0)
        at, turn = at + step, turn + 1
    assert (came[0], came[-1]) == (head, end)
    assert b"".join(piece for piece in came if isinstance(piece, bytes)) == b"".join(pieces)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"x" + data[1:],
        lambda data: b"h\xff\xff\xff\xff" + data[5:],
        lambda data: data[:5] + b"\xc1" + data[6:],
    ],
    ids=["kind", "length", "content"],
)
def test_what_is_no_frame_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(wire.FrameReader().feed(spoil(packed(HEAD, [b"abc"], BodyEnd())), 100.0))
