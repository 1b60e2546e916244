"""Answers that are read while they come: shared by equal requests, held until they are known to be no redirect, and
in frames on the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from fetchers.body.pipe import AHEAD, BodyPipe
from fetchers.client.streaming import FetchStream, open_stream
from fetchers.coalescing import Coalescing
from fetchers.counters import Counters
from fetchers.errors import BrokenOff, FetcherUnavailable
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotMine, NotNow, Response
from fetchers.ports import StreamHop, Take
from fetchers.shared_streams import SharedStreams
from fetchers.wire import frames, messages
from tests.clock import FakeClock
from tests.unit.fetchers.small_web import Answer, ask, page, small_fetcher

URL = "http://a.test/x"
REQUEST = HopRequest(URL, 10.0, 10.0, purpose="direct")
HEAD = Response(URL, 200, (("content-type", "image/png"),), b"", 1.0)
PIECE = bytes(64 * 1024)


class Taker:
    """Keeps what it is given; has enough after `most` pieces; waits for `may_go_on` before each."""

    def __init__(self, most: int | None = None) -> None:
        self.pieces: list[bytes] = []
        self.heads: list[Response] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self._most = most

    async def take(self, head: Response, piece: bytes) -> bool:
        await self.may_go_on.wait()
        self.heads.append(head)
        self.pieces.append(piece)
        return self._most is None or len(self.pieces) < self._most


class Source:
    """An exchange that gives `pieces`, each when told to, and then `ending`."""

    def __init__(self, pieces: list[bytes], ending: HopResult | NotMine = HEAD) -> None:
        self.pieces = pieces
        self.ending = ending
        self.given = 0
        self.begun = 0
        self.cancellations = 0
        self.go = asyncio.Semaphore(0)

    async def perform(self, request: HopRequest, take: Take) -> HopResult | NotMine:
        self.begun += 1
        try:
            for piece in self.pieces:
                await self.go.acquire()
                self.given += 1
                assert await take(HEAD, piece)
            await self.go.acquire()
        except asyncio.CancelledError:
            self.cancellations += 1
            raise
        return self.ending


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_who_comes_in_the_middle_gets_everything() -> None:
    source = Source([b"one", b"two", b"three"])
    streams, first, second = SharedStreams(source.perform), Taker(), Taker()
    one = asyncio.create_task(streams.join(REQUEST, first.take))
    source.go.release()
    await settled()
    assert first.pieces == [b"one"]
    two = asyncio.create_task(streams.join(structs.replace(REQUEST, deadline=11.0), second.take))
    await settled()
    assert second.pieces == [b"one"]
    for _ in range(3):
        source.go.release()
    assert await one == (HEAD, REQUEST, True)
    assert (await two)[1] is REQUEST
    assert first.pieces == second.pieces == [b"one", b"two", b"three"]
    assert source.begun == 1


async def test_who_leaves_takes_nothing_from_the_others_and_the_last_one_ends_it() -> None:
    source = Source([b"one", b"two"])
    streams, first, second = SharedStreams(source.perform), Taker(), Taker()
    one = asyncio.create_task(streams.join(REQUEST, first.take))
    two = asyncio.create_task(streams.join(REQUEST, second.take))
    source.go.release()
    await settled()
    one.cancel()
    await settled()
    assert source.cancellations == 0
    source.go.release()
    await settled()
    assert second.pieces == [b"one", b"two"]
    two.cancel()
    await settled()
    assert source.cancellations == 1
    third = asyncio.create_task(streams.join(REQUEST, Taker().take))
    await settled()
    assert source.begun == 2  # nobody joins what is being ended
    third.cancel()


async def test_the_beginning_is_kept_for_so_long_only() -> None:
    source = Source([PIECE] * 8)
    streams = SharedStreams(source.perform)
    one = asyncio.create_task(streams.join(REQUEST, Taker().take))
    for _ in range(6):
        source.go.release()
    await settled()
    two = asyncio.create_task(streams.join(REQUEST, Taker().take))
    await settled()
    assert source.begun == 2
    one.cancel()
    two.cancel()


async def test_a_slow_taker_slows_the_source_down() -> None:
    source = Source([PIECE] * 100)
    streams, slow = SharedStreams(source.perform), Taker()
    slow.may_go_on.clear()
    task = asyncio.create_task(streams.join(REQUEST, slow.take))
    for _ in range(101):
        source.go.release()
    await settled()
    assert source.given * len(PIECE) <= AHEAD + 2 * len(PIECE)
    slow.may_go_on.set()
    await task
    assert len(slow.pieces) == 100


async def test_enough_is_enough() -> None:
    source = Source([b"one", b"two"])
    source.go.release()
    answer, _, passed = await SharedStreams(source.perform).join(REQUEST, Taker(most=1).take)
    assert isinstance(answer, Response)
    assert (answer.truncated, passed) == (True, True)
    await settled()
    assert source.cancellations == 1


async def test_equal_streams_of_a_fetcher_are_one_request() -> None:
    gate = asyncio.Event()

    async def slow() -> httpx.Response:
        await gate.wait()
        return page(b"hello")

    answers: dict[str, Answer | list[Answer]] = {URL: slow}
    async with small_fetcher(answers) as (fetcher, web, clock):
        takers = [Taker() for _ in range(5)]
        asked = [
            asyncio.create_task(fetcher.stream(ask(URL, clock, purpose="direct", priority=n), taker.take))
            for n, taker in enumerate(takers)
        ]
        await settled()
        gate.set()
        for result in await asyncio.gather(*asked):
            assert isinstance(result, Response)
            assert (result.status_code, result.body) == (200, b"")
        assert [taker.pieces for taker in takers] == [[b"hello"]] * 5
        assert web.urls().count(URL) == 1
        assert (fetcher.counters.coalesced, fetcher.counters.body_bytes) == (4, 5)


async def test_a_follower_with_more_time_asks_itself() -> None:
    gate, performed = asyncio.Event(), list[HopRequest]()

    async def perform(request: HopRequest, take: Take | None = None) -> HopResult | NotMine:
        performed.append(request)
        await gate.wait()
        return HEAD if request.start_by > 5.0 else NotNow(5.0, "its turn is later")

    coalescing = Coalescing(perform, FakeClock(0.0), Counters())
    hasty, patient = structs.replace(REQUEST, start_by=1.0), REQUEST
    asked = [asyncio.create_task(coalescing.stream(request, Taker().take)) for request in (hasty, patient)]
    await settled()
    assert performed == [hasty]
    gate.set()
    first, second = await asyncio.gather(*asked)
    assert isinstance(first, NotNow)
    assert second == HEAD
    assert performed == [hasty, patient]


def hops(*answers: tuple[Response, list[bytes]] | HopResult) -> tuple[StreamHop, list[HopRequest]]:
    """A fetcher that gives those answers in their order."""
    asked: list[HopRequest] = []
    left = list(answers)

    async def stream(request: HopRequest, take: Take) -> HopResult:
        asked.append(request)
        answer = left.pop(0)
        if not isinstance(answer, tuple):
            return answer
        head, pieces = answer
        for piece in pieces:
            if not await take(head, piece):
                return structs.replace(head, truncated=True)
        return head

    return stream, asked


def response(status: int = 200, url: str = URL, **headers: str) -> Response:
    return Response(url, status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), b"", 1.0)


async def read(stream: FetchStream) -> bytes:
    return b"".join([piece async for piece in stream])


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
    ],
    ids=["location", "location, no body", "meta refresh", "in two pieces", "of a long page", "refresh"],
)
async def test_a_redirect_is_followed_and_its_body_is_nobodys(first: tuple[Response, list[bytes]]) -> None:
    stream_hop, asked = hops(first, (response(content_type="image/png", url="http://b.test/"), [b"pic", b"ture"]))
    stream = await open_stream(REQUEST, stream_hop)
    assert isinstance(stream.outcome, Response)
    assert (stream.outcome.url, stream.redirects) == ("http://b.test/", 1)
    assert await read(stream) == b"picture"
    assert [request.url for request in asked] == [URL, "http://b.test/"]
    await stream.aclose()


@pytest.mark.parametrize(
    "pieces",
    [[b"<p>hello"], [b"<p>", b"hello"], [bytes(70_000), b"<p>", bytes(90_000)], []],
    ids=["short", "two pieces", "long", "empty"],
)
@pytest.mark.parametrize("head", [HTML, response(404, content_type="text/html"), response(content_type="x/y")])
async def test_a_body_that_leads_nowhere_comes_whole(head: Response, pieces: list[bytes]) -> None:
    stream_hop, _ = hops((head, pieces))
    stream = await open_stream(REQUEST, stream_hop)
    assert isinstance(stream.outcome, Response)
    assert stream.outcome.status_code == head.status_code
    assert await read(stream) == b"".join(pieces)
    assert isinstance(await stream.over(), Response)
    await stream.aclose()


@pytest.mark.parametrize(
    "outcome",
    [
        Ended(Ending.TOO_LARGE, "its body is larger than 5 bytes"),
        NotNow(9.0, "later"),
        response(302, location="http://["),
        response(302, location=URL),
    ],
    ids=["ended", "not now", "no URL", "loop"],
)
async def test_what_ends_without_a_body_is_known_at_once(outcome: HopResult) -> None:
    stream = await open_stream(REQUEST, hops(outcome)[0])
    assert isinstance(stream.outcome, Ended | NotNow)
    assert await read(stream) == b""
    await stream.aclose()


async def test_a_body_that_breaks_off_says_so_after_what_came() -> None:
    async def stream_hop(request: HopRequest, take: Take) -> HopResult:
        await take(HEAD, b"begun")
        return Ended(Ending.TIMED_OUT, "it sent nothing for too long")

    stream = await open_stream(REQUEST, stream_hop)
    pieces: AsyncIterator[bytes] = aiter(stream)
    assert await anext(pieces) == b"begun"
    with pytest.raises(BrokenOff, match="nothing for too long"):
        await anext(pieces)
    await stream.aclose()


async def test_a_stream_that_is_closed_is_fetched_no_further() -> None:
    source = Source([PIECE] * 3)

    async def stream_hop(request: HopRequest, take: Take) -> HopResult:
        result = await source.perform(request, take)
        assert not isinstance(result, NotMine)
        return result

    source.go.release()
    stream = await open_stream(REQUEST, stream_hop)
    await stream.aclose()
    assert source.cancellations == 1


ANSWERS: list[HopResult | NotMine] = [
    HEAD,
    structs.replace(HEAD, truncated=True, retry_at=200.0),
    Ended(Ending.TOO_LARGE, "too large"),
    NotNow(130.0, "later"),
    NotMine("http://b.test:1", "moved"),
]


def packed(pieces: list[bytes], end: HopResult | NotMine) -> bytes:
    def frame(kind: bytes, content: bytes) -> bytes:
        return frames.pack_frame(kind, content) + content

    head = frame(frames.HEAD, messages.pack_head(HEAD, 100.0)) if pieces else b""
    body = b"".join(frame(frames.PIECE, piece) for piece in pieces)
    return head + body + frame(frames.END, messages.pack_head(end, 100.0))


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    end=st.sampled_from(ANSWERS),
    cuts=st.lists(st.integers(1, 40), min_size=1),
)
def test_frames_arrive_in_whatever_pieces(pieces: list[bytes], end: HopResult | NotMine, cuts: list[int]) -> None:
    data = packed(pieces, end)

    async def arrive() -> None:
        pipe = BodyPipe()
        reader = frames.FrameReader(pipe)
        at, turn = 0, 0
        while at < len(data):
            step = cuts[turn % len(cuts)]
            reader.write(data[at : at + step])
            at, turn = at + step, turn + 1
        pipe.close()
        assert b"".join([piece async for piece in pipe]) == b"".join(pieces)
        assert reader.result(100.0) == end
        if pieces:
            assert reader.head(100.0) == HEAD

    asyncio.run(arrive())


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
        frames.FrameReader(BodyPipe()).write(spoil(packed([b"abc"], HEAD)))


def test_an_answer_without_an_end_has_not_ended() -> None:
    reader = frames.FrameReader(BodyPipe())
    reader.write(packed([b"abc"], HEAD)[:-3])
    with pytest.raises(FetcherUnavailable):
        reader.result(100.0)
