"""The fetcher's service and the client library, over real sockets on loopback."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
import pytest
from msgspec import structs

from fetchers import wire
from fetchers.body.budget import BodyBudget
from fetchers.body.chunks import NO_CHUNKS, Chunks
from fetchers.client.http import HttpFetchers, Inquiry
from fetchers.client.routing import Router
from fetchers.client.running import running_client
from fetchers.cluster import ClusterConfig, Member, running_member
from fetchers.coalescing import WholeBody
from fetchers.config import FetchersConfig, Network, RateLimits
from fetchers.errors import FetcherUnavailable
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotMine, NotNow, Response
from groundwork.clock import SystemClock
from groundwork.spans import Open, Recorder, Span, recording, span
from tests.origin import Answer, Origin, Request, http

BODY = bytes(range(256)) * 12_000  # 3 MB


async def slow(asked: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.3)
    writer.write(http("hello"))


SITE: dict[str, Answer] = {
    "*/robots.txt": http(),
    "*/slow": slow,
    "*/big": http(BODY),
    "*/odd": http("hello", content_type="video/x-unknown"),
    "*/zip": http("hello", content_type="application/zip"),
}


@asynccontextmanager
async def member(token: str = "secret") -> AsyncIterator[Member]:
    async with Origin(SITE, http("hello")) as origin:
        config = FetchersConfig(rate_limit=RateLimits(1000.0, 1000), network=Network(resolve={"*.test": origin.target}))
        async with running_member(config, ClusterConfig(port=0, token=token)) as one:
            yield one


def ask(url: str, seconds: float = 10.0) -> HopRequest:
    return HopRequest(url, time.time() + seconds, time.time() + seconds)


async def test_a_hop_goes_through_as_if_it_were_here() -> None:
    async with member() as one, running_client([one.address], "secret") as router:
        result = await router.perform(ask("http://a.test/big"))
        assert isinstance(result, Response)
        assert result.body == BODY
        assert result.address == "127.0.0.1"
        assert abs(result.fetched_at - time.time()) < 5.0
        odd = await router.perform(ask("http://a.test/zip"))
        assert isinstance(odd, Ended)
        assert odd.ending is Ending.UNSUPPORTED_TYPE
        assert odd.response is not None
        assert odd.response.header("content-type") == "application/zip"
        bad = await router.perform(ask("http://["))
        assert isinstance(bad, Ended)


async def test_a_large_body_is_held_once_on_its_way() -> None:
    """By the service's side and by the client's: neither joins or copies it."""
    body = bytes(24 * 1024 * 1024)

    class Constant:
        @asynccontextmanager
        async def open_own_hop(self, request: HopRequest) -> AsyncIterator[tuple[HopResult | NotMine, Chunks]]:
            answer = WholeBody(Response(request.url, 200, (), body, time.time()))
            yield answer.head, answer

    async with member() as one, running_client([one.address], "secret") as router:
        one.service._fetcher = Constant()  # type: ignore[assignment]
        tracemalloc.start()
        try:
            result = await router.perform(ask("http://a.test/"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert isinstance(result, Response)
        assert len(result.body) == len(body)
        assert peak < 1.3 * len(body)


async def test_whole_answers_are_held_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for room reads no further. The time that it waits is not the fetcher's, and nothing of the budget is
    kept by who has ended or left."""
    monkeypatch.setattr("fetchers.client.http.GRACE_SECONDS", 1.0)
    budget = BodyBudget(10 * 1024 * 1024, 4 * 1024 * 1024)
    most = 0

    class Constant:
        @asynccontextmanager
        async def open_own_hop(self, request: HopRequest) -> AsyncIterator[tuple[HopResult | NotMine, Chunks]]:
            answer = WholeBody(Response(request.url, 200, (), BODY, time.time()))
            yield answer.head, answer

    async def held_for_a_while(router: Router, number: int) -> None:
        nonlocal most
        result = await router.perform(HopRequest(f"http://h{number}.test/", time.time() + 5.0, time.time()))
        assert isinstance(result, Response)
        assert result.body == BODY
        most = max(most, budget.used)
        await asyncio.sleep(0.2)
        result.release()

    async with member() as one, running_client([one.address], "secret", bodies=budget) as router:
        one.service._fetcher = Constant()  # type: ignore[assignment]
        gone = asyncio.create_task(router.perform(ask("http://gone.test/")))
        holding = [asyncio.create_task(held_for_a_while(router, number)) for number in range(20)]
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(*holding)
        await asyncio.gather(gone, return_exceptions=True)
        assert len(BODY) <= most <= 10 * 1024 * 1024
        assert (budget.used, budget.waiting) == (0, 0)


async def test_short_answers_take_nothing_of_the_budget() -> None:
    async with member() as one, running_client([one.address], "secret", bodies=BodyBudget(0, 0)) as router:
        small = await router.perform(ask("http://a.test/small"))
        assert isinstance(small, Response)
        assert (small.body, small.hold) == (b"hello", None)


async def test_many_at_once_share_few_connections() -> None:
    async with member() as one, running_client([one.address], "secret") as router:
        results = await asyncio.gather(*(router.perform(ask(f"http://h{n % 7}.test/{n}")) for n in range(100)))
        assert all(isinstance(result, Response) and result.body == b"hello" for result in results)


async def test_who_does_not_know_the_token_gets_nothing() -> None:
    async with member() as one:
        http = HttpFetchers(SystemClock(), "wrong")
        with pytest.raises(FetcherUnavailable, match="401"):
            await http.open_hop(Inquiry(one.address, 0), ask("http://a.test/")).__aenter__()
        with pytest.raises(FetcherUnavailable, match="401"):
            await http.owners(one.address)
        await http.close()
        assert one.fetcher.counters.endings == {}


async def test_health_and_metrics_are_open() -> None:
    async with member() as one, running_client([one.address], "secret") as router, httpx.AsyncClient() as client:
        await router.perform(ask("http://a.test/"))
        assert (await client.get(one.address + "/healthz")).text == "ok"
        assert (await client.get(one.address + "/readyz")).status_code == 200
        text = (await client.get(one.address + "/metrics")).text
        assert 'spiderduck_fetchers_endings_total{ending="answered"} 2.0' in text
        assert "spiderduck_fetchers_first_byte_seconds_bucket" in text
        assert 'spiderduck_fetchers_robots_total{tier="origin"} 1.0' in text
        assert (await client.get(one.address + "/nothing")).status_code == 401


TOLD = [
    "domain_queues",
    "requests_waiting",
    "longest_queue",
    "requests_in_flight",
    "robots_entries",
    "body_bytes_total",
    "coalesced_total",
    "back_offs_total",
    "limits_told_total",
    "connections_reused_total",
    "vultures_rounds_total",
    "vultures_hungry_rounds_total",
    "vultures_queues_freed_total",
    "vultures_hosts_freed_total",
    "buckets_held",
    "wait_seconds_bucket",
    "dns_seconds_bucket",
    "connect_seconds_bucket",
    "tls_seconds_bucket",
    "first_byte_seconds_bucket",
    "hop_seconds_bucket",
    "endings_total",
    "statuses_total",
    "robots_total",
    "memcached_servers",
    "memcached_servers_left_out",
    "memcached_hits_total",
    "memcached_misses_total",
    "memcached_failures_total",
    "memcached_ejections_total",
]


async def test_everything_that_an_operator_asks_for_is_told() -> None:
    """Also how the shared cache does: here its only server is down."""
    async with Origin(SITE, http("hello")) as origin:
        config = FetchersConfig(network=Network(resolve={"*.test": origin.target}))
        cluster = ClusterConfig(port=0, memcached=("127.0.0.1:9",))
        async with running_member(config, cluster) as one, httpx.AsyncClient() as client:
            assert isinstance(await one.router.perform(ask("http://a.test/")), Response)
            lines = (await client.get(one.address + "/metrics")).text.splitlines()
    names = {line.partition(" ")[0].partition("{")[0] for line in lines if not line.startswith("#")}
    assert {f"spiderduck_fetchers_{name}" for name in TOLD} <= names
    assert "spiderduck_fetchers_memcached_servers_left_out 1.0" in lines
    assert {"process_open_fds", "process_cpu_seconds_total", "spiderduck_event_loop_delay_seconds_bucket"} <= names
    assert any(line.startswith('spiderduck_build_info{parts="fetchers"') for line in lines)
    assert 'spiderduck_dependency_up{dependency="zookeeper"} 1.0' in lines
    assert 'spiderduck_dependency_up{dependency="memcached"} 1.0' in lines, "only a warning"


async def test_limits_can_be_set_from_outside() -> None:
    async with member() as one, httpx.AsyncClient(headers={"authorization": "Bearer secret"}) as client:
        change = {"domain": "a.test", "per_second": 2.0, "burst": 3}
        assert (await client.put(one.address + "/v1/limits", json=change)).status_code == 200
        assert one.fetcher.limits.of("a.test").burst == 3
        wrongs: tuple[object, ...] = ({"domain": ""}, {"domain": "a.test", "per_second": -1}, {"nothing": 1}, [])
        for wrong in wrongs:
            assert (await client.put(one.address + "/v1/limits", json=wrong)).status_code == 400


async def test_a_pause_can_be_ended_from_outside() -> None:
    async with member() as one, httpx.AsyncClient(headers={"authorization": "Bearer secret"}) as client:
        assert (await client.post(one.address + "/v1/resume", json={"domain": "a.test"})).status_code == 200
        assert (await client.post(one.address + "/v1/resume", json={"nothing": 1})).status_code == 400
        await one.router.resume_domain("a.test", "an administrator")


@pytest.mark.parametrize("body", [b"", b"garbage", b"\x90", b"\x9a" + b"\xc0" * 10])
async def test_what_is_no_request_is_refused(body: bytes) -> None:
    async with member() as one, httpx.AsyncClient(headers={"authorization": "Bearer secret"}) as client:
        answer = await client.post(one.address + "/v1/hop", content=body)
        assert answer.status_code == 400


async def test_garbage_and_floods_end_the_connection() -> None:
    async with member() as one:
        for data in (
            b"\x16\x03\x01 hello\r\n\r\n",
            b"POST /v1/hop HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n" + bytes(2_000_000),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
            writer.write(data)
            async with asyncio.timeout(30):
                try:
                    answer = await reader.read()
                except ConnectionError:
                    answer = b""
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
            writer.close()


async def test_a_client_that_leaves_gives_its_place_up() -> None:
    async with member() as one, running_client([one.address], "secret") as router:
        asked = asyncio.create_task(router.perform(ask("http://a.test/slow")))
        while not one.fetcher.queues.in_flight:
            await asyncio.sleep(0.01)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        async with asyncio.timeout(30):
            await one.service.idle()
            while one.fetcher.queues.in_flight:
                await asyncio.sleep(0.01)


async def test_what_is_under_way_is_finished_on_the_way_out() -> None:
    async with running_client([], "secret") as router:
        async with member() as one:
            router._seeds = (one.address,)
            asked = asyncio.create_task(router.perform(ask("http://a.test/slow")))
            while not one.fetcher.queues.in_flight:
                await asyncio.sleep(0.01)
        assert isinstance(await asked, Response)


async def test_without_a_fetcher_the_caller_is_told_when_to_come_back() -> None:
    async with running_client(["http://127.0.0.1:9"], "secret") as router:
        result = await router.perform(ask("http://a.test/", 0.3))
        assert isinstance(result, NotNow)


async def test_it_goes_to_whom_it_is_sent() -> None:
    """Not mine, ask X: the local fetcher answers so, and X is asked."""

    asked = 0

    @asynccontextmanager
    async def elsewhere(request: HopRequest) -> AsyncIterator[tuple[HopResult | NotMine, Chunks]]:
        nonlocal asked
        asked += 1
        yield NotMine(one.address, "moved"), NO_CHUNKS

    async with member() as one:
        clock = SystemClock()
        router = Router([], HttpFetchers(clock, "secret"), clock, Random(1), own_address="http://me:1")
        router.local = elsewhere
        assert isinstance(await router.perform(ask("http://a.test/")), Response)
        assert isinstance(await router.perform(ask("http://a.test/2")), Response)
        assert asked == 1, "the answer was remembered"
        await router.close()


ANSWERS = [
    Response(
        "http://a.test/",
        200,
        (("a", "b"),),
        b"x" * 1000,
        95.0,
        (("c", "d"),),
        "HTTP/1.1",
        "OK",
        "::1",
        0.5,
        True,
        130.0,
        "Allow: /",
        "TLSv1.3",
        "The Test Site",
    ),
    Ended(Ending.DNS_ERROR, "gone"),
    Ended(Ending.UNSUPPORTED_TYPE, "zip", Response("http://a.test/", 200, (), b"PK", 99.0)),
    NotNow(160.0, "full"),
    NotMine(None, "unknown"),
    NotMine("http://b:1", "there"),
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("size", [1, 5, 64, 10_000])
def test_every_answer_survives_the_wire_in_any_pieces(answer: HopResult | NotMine, size: int) -> None:
    """All but its body, which goes by itself; and by the clock of whoever reads it."""
    data, reader, came = wire.pack_head(answer, 100.0), wire.FrameReader(), list[wire.Frame]()
    for start in range(0, len(data), size):
        came += reader.feed(data[start : start + size], 1100.0)
    match answer:
        case Response():
            assert answer.retry_at is not None
            moved = {"fetched_at": answer.fetched_at + 1000.0, "retry_at": answer.retry_at + 1000.0}
            assert came == [structs.replace(answer, body=b"", **moved)]
        case Ended(response=Response() as response):
            bare = structs.replace(response, body=b"", fetched_at=response.fetched_at + 1000.0)
            assert came == [structs.replace(answer, response=bare)]
        case NotNow():
            assert came == [structs.replace(answer, until=answer.until + 1000.0)]
        case _:
            assert came == [answer]


def test_moments_become_those_of_the_other_clock() -> None:
    request = HopRequest("http://a.test/", 110.0, 120.0, etag='"x"', max_bytes=5, purpose="picture", priority=2)
    unpacked = wire.unpack_request(wire.pack_request(request, 100.0), 1100.0)
    assert unpacked == HopRequest(
        "http://a.test/", 1110.0, 1120.0, etag='"x"', max_bytes=5, purpose="picture", priority=2
    )


@pytest.mark.parametrize(
    "said", [b"\0\0\0\5abc", b"\xff\xff\xff\xff", b"h\0\0\0\1\xc0", b"HTTP/1.1 200", b"e\0\0\0\1\xc0"]
)
def test_what_is_no_answer_is_said_so(said: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(wire.FrameReader().feed(said, 0.0))


@pytest.mark.parametrize("wrong", [{"priority": -1}, {"deadline": float("inf")}, {"start_by": float("nan")}])
def test_a_request_that_would_pass_the_others_is_refused(wrong: dict[str, Any]) -> None:
    request = structs.replace(HopRequest("http://a.test/", 110.0, 120.0), **wrong)
    with pytest.raises(ValueError, match="priority"):
        wire.unpack_request(wire.pack_request(request, 100.0), 100.0)


async def test_a_hop_on_another_fetcher_is_the_callers_child_in_its_trace() -> None:
    """Over the wire: the caller's place goes with the request, and the fetcher's spans go on from there."""
    kept: list[Span] = []
    async with member() as one, running_client([one.address], "secret") as router:
        with recording(Recorder(kept.extend)), span("fetch") as here:
            assert isinstance(await router.perform(ask("http://a.test/page")), Response)
    assert isinstance(here, Open)
    hops = [found for found in kept if found.name == "hop" and found.attributes["purpose"] == "page"]
    assert [(found.place.trace_id, found.parent) for found in hops] == [
        (here.span.place.trace_id, here.span.place.span_id)
    ]
    assert hops[0].attributes["domain"] == "a.test"
