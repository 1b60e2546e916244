"""The fetcher as a whole, without sockets: sharing, politeness, pauses, ownership, limits at run time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import httpx
import pytest

from fetchers.building import Adapters, build_fetcher
from fetchers.config import FetchersConfig, RateLimits
from fetchers.errors import ConnectError, TimedOut
from fetchers.fetcher import Fetcher
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotMine, NotNow, RateLimit, Response
from fetchers.ports import LocalHolding, TransportAnswer, TransportRequest
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from tests.clock import FakeClock, settle
from tests.unit.fetchers.small_web import (
    FAST,
    SLOW,
    Answer,
    SmallWeb,
    ask,
    page,
    slowly,
    small_fetcher,
    transport_answer,
)

URL = "http://a.test/"


async def test_scheme_and_url_are_checked_before_anything_is_sent() -> None:
    async with small_fetcher({}) as (fetcher, web, clock):
        for url, ending in (("ftp://a.test/", Ending.UNSUPPORTED_SCHEME), ("http://[", Ending.INVALID_URL)):
            result = await fetcher.perform(ask(url, clock))
            assert isinstance(result, Ended)
            assert result.ending is ending
        assert web.arrivals == []


async def test_equal_requests_at_the_same_moment_are_one() -> None:
    ready = asyncio.Event()
    async with small_fetcher({URL: slowly(page(b"x"), ready)}) as (fetcher, web, clock):
        asked = [asyncio.create_task(fetcher.perform(ask(URL, clock))) for _ in range(5)]
        other = asyncio.create_task(fetcher.perform(ask(URL, clock, etag='"v"')))
        await settle()
        ready.set()
        results = await asyncio.gather(*asked)
        assert all(result is results[0] for result in results)
        await other
        assert web.urls().count(URL) == 2, "one for the five, one for the request with another validator"
        assert fetcher.counters.coalesced == 4


async def test_when_the_first_is_cancelled_another_takes_its_place() -> None:
    ready = asyncio.Event()
    async with small_fetcher({URL: slowly(page(b"x"), ready)}) as (fetcher, web, clock):
        first, second, third = (asyncio.create_task(fetcher.perform(ask(URL, clock))) for _ in range(3))
        await settle()
        first.cancel()
        await settle()
        ready.set()
        results = await asyncio.gather(second, third)
        assert all(isinstance(result, Response) for result in results)
        assert web.urls().count(URL) == 2


async def test_who_has_more_time_is_not_sent_away_with_a_hasty_one() -> None:
    async with small_fetcher({URL: page()}, SLOW) as (fetcher, _, clock):
        await fetcher.perform(ask("http://a.test/robots.txt", clock, purpose="robots"))
        hasty = asyncio.create_task(fetcher.perform(ask(URL, clock, wait=0.0)))
        patient = asyncio.create_task(fetcher.perform(ask(URL, clock)))
        await clock.advance(10.0)
        assert isinstance(await hasty, NotNow)
        assert isinstance(await patient, Response)


async def test_who_follows_waits_no_longer_than_its_deadline() -> None:
    ready = asyncio.Event()
    async with small_fetcher({URL: slowly(page(), ready)}) as (fetcher, _, clock):
        first = asyncio.create_task(fetcher.perform(ask(URL, clock)))
        await settle()
        assert isinstance(await fetcher.perform(ask(URL, clock, deadline=0.02)), NotNow)
        ready.set()
        assert isinstance(await first, Response)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_in_trouble_is_left_alone_and_the_answer_says_until_when(status: int) -> None:
    answers = {URL: page(b"busy", status, retry_after="120"), "http://a.test/2": page()}
    async with small_fetcher(answers) as (fetcher, _, clock):
        result = await fetcher.perform(ask(URL, clock))
        assert isinstance(result, Response)
        assert result.retry_at == pytest.approx(clock.now() + 120.0)
        refused = await fetcher.perform(ask("http://a.test/2", clock, wait=60.0))
        assert isinstance(refused, NotNow)
        assert refused.until == result.retry_at


@pytest.mark.parametrize("is_here", [True, False])
async def test_a_pause_is_ended_by_hand(is_here: bool) -> None:
    """Also where the domain's queue was evicted or another fetcher had it, and for who was promised a later turn."""
    states, clock = MemoryHostStates(), FakeClock()
    answers = {URL: page(b"busy", 503, retry_after="7200"), "http://a.test/2": page()}
    async with small_fetcher(answers, clock=clock, states=states) as (fetcher, _, _):
        await fetcher.perform(ask(URL, clock))
        assert isinstance(await fetcher.perform(ask("http://a.test/2", clock)), NotNow)
        if is_here:
            await fetcher.resume_domain("www.a.test")
            assert fetcher.domain_state("a.test").backoff_until is None
            again = asyncio.create_task(fetcher.perform(ask("http://a.test/2", clock)))
            await clock.advance(10.0)
            assert isinstance(await again, Response)
    async with small_fetcher(answers, clock=clock, states=states) as (other, _, _):
        if not is_here:
            assert (await other.kept_domain_state("a.test")).backoff_until is not None
            await other.resume_domain("a.test")
        assert (await other.kept_domain_state("a.test")).backoff_until is None
        await other.resume_domain("never-met.test")


async def test_retry_after_as_a_date() -> None:
    clock = FakeClock(1_000_000_000.0)  # Sun, 09 Sep 2001 01:46:40 GMT
    answers = {URL: page(b"busy", 503, retry_after="Sun, 09 Sep 2001 03:46:40 GMT")}
    async with small_fetcher(answers, clock=clock) as (fetcher, _, _):
        result = await fetcher.perform(ask(URL, clock))
        assert isinstance(result, Response)
        assert result.retry_at == 1_000_007_200.0


@pytest.mark.parametrize(
    ("error", "left_alone"),
    [
        (ConnectError("refused"), True),
        (TimedOut("no connection in time", "connect"), True),
        (TimedOut("all connections in use", "pool"), False),
        (TimedOut("silent", "read"), False),
    ],
)
async def test_an_unreachable_host_is_left_alone_too(error: Exception, left_alone: bool) -> None:
    async with small_fetcher({URL: error, "http://a.test/2": page()}) as (fetcher, _, clock):
        assert isinstance(await fetcher.perform(ask(URL, clock)), Ended)
        second = await fetcher.perform(ask("http://a.test/2", clock, wait=10.0))
        assert isinstance(second, NotNow if left_alone else Response)


async def test_the_back_off_outlives_the_fetcher() -> None:
    clock, states = FakeClock(), MemoryHostStates()
    answers = {URL: page(b"busy", 503, retry_after="7200")}
    async with small_fetcher(answers, clock=clock, states=states) as (first, _, _):
        await first.perform(ask(URL, clock))
    until = clock.now() + 7200.0
    async with small_fetcher(answers, clock=clock, states=states) as (second, web, _):
        refused = await second.perform(ask("http://a.test/2", clock, wait=10.0))
        assert isinstance(refused, NotNow)
        assert refused.until == pytest.approx(until)
        assert web.arrivals == []


async def test_a_new_fetcher_starts_with_an_empty_bucket() -> None:
    """What was sent before its start is unknown."""
    clock = FakeClock()
    slow = FetchersConfig(rate_limit=RateLimits(per_second=0.1, burst=4))
    web = SmallWeb(clock)
    parts = {"states": MemoryHostStates(), "robots_cache": NoSharedCache()}
    fetcher = build_fetcher(slow, Adapters(transport=web, clock=clock, random=Random(1), **parts))  # type: ignore[arg-type]
    running = asyncio.create_task(fetcher.run())
    start = clock.now()
    asked = asyncio.create_task(fetcher.perform(ask(URL, clock)))
    await clock.advance(60.0)
    await asked
    assert [at - start for _, at in web.arrivals] == [pytest.approx(10.0), pytest.approx(20.0)]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_exhausted_limit_that_the_server_tells_is_respected() -> None:
    answers = {URL: page(ratelimit='"default";r=0;t=30'), "http://a.test/2": page()}
    async with small_fetcher(answers) as (fetcher, _, clock):
        first = await fetcher.perform(ask(URL, clock))
        assert isinstance(first, Response)
        assert first.retry_at is None, "no trouble, only a rest"
        refused = await fetcher.perform(ask("http://a.test/2", clock, wait=10.0))
        assert isinstance(refused, NotNow)
        assert refused.until == pytest.approx(clock.now() + 30.0)
        assert fetcher.counters.back_offs == 0


async def test_a_request_written_twice_takes_two_turns() -> None:
    """The connection from the pool was dead: the server may see both."""
    times: list[float] = []

    class Retrying:
        @asynccontextmanager
        async def open(self, request: TransportRequest) -> AsyncIterator[TransportAnswer]:
            if request.parts.target == "/robots.txt":
                yield transport_answer(httpx.Response(404, content=b""))
                return
            for attempt in range(2):
                assert request.right.may_write()
                times.append(clock.now())
                request.right.written()
                if not attempt:
                    assert await request.right.again()
            yield transport_answer(page())

    clock = FakeClock()
    config = FetchersConfig(rate_limit=RateLimits(per_second=0.5, burst=1))
    fetcher = build_fetcher(config, Adapters(Retrying(), MemoryHostStates(), NoSharedCache(), clock, Random(1)))
    running = asyncio.create_task(fetcher.run())
    asked = asyncio.create_task(fetcher.perform(ask(URL, clock)))
    await clock.advance(20.0)
    assert isinstance(await asked, Response)
    assert times[1] - times[0] >= 2.0 - 1e-6
    assert fetcher.queues.in_flight == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def own_head(fetcher: Fetcher, request: HopRequest) -> HopResult | NotMine:
    async with fetcher.open_own_hop(request) as (head, _):
        return head


# Ownership ------------------------------------------------------------------------------------------------------------


class Movable:
    """An ownership that a test moves."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.holding: Lease | None = Lease(clock.now())
        self.lost: Callable[[], None] = lambda: None

    def holding_of(self, domain: str) -> LocalHolding | NotMine:
        if self.holding is not None and self.holding.holds():
            return self.holding
        return NotMine("http://other:1", "elsewhere")

    def on_lost(self, callback: Callable[[], None]) -> None:
        self.lost = callback


class Lease(LocalHolding):
    __slots__ = ("good",)

    def __init__(self, since: float) -> None:
        super().__init__(since)
        self.good = True

    def holds(self) -> bool:
        return self.good


async def test_what_is_not_ours_is_answered_with_whose_it_is() -> None:
    clock = FakeClock()
    ownership = Movable(clock)
    ownership.holding = None
    async with small_fetcher({URL: page()}, clock=clock, ownership=ownership) as (fetcher, web, _):
        answer = await own_head(fetcher, ask(URL, clock))
        assert isinstance(answer, NotMine)
        assert answer.owner == "http://other:1"
        assert web.arrivals == []
        assert isinstance(await fetcher.perform(ask(URL, clock)), NotNow)


async def test_who_waits_is_sent_away_when_the_domain_goes() -> None:
    clock = FakeClock()
    ownership = Movable(clock)
    async with small_fetcher({URL: page()}, SLOW, clock=clock, ownership=ownership) as (fetcher, web, _):
        asked = [asyncio.create_task(own_head(fetcher, ask(f"{URL}{n}", clock))) for n in range(4)]
        await settle()
        assert ownership.holding is not None
        ownership.holding.good = False
        ownership.lost()
        await settle()
        sent = len(web.arrivals)
        answers = await asyncio.gather(*asked)
        assert all(isinstance(answer, NotMine) for answer in answers[1:])
        assert len(fetcher.queues) == 0
        assert fetcher.queues.waiting == 0
        await clock.advance(60.0)
        assert len(web.arrivals) == sent


async def test_nothing_is_written_once_the_right_is_gone() -> None:
    """The holding ended while the connection was made: no event came, only the question before the write."""
    clock = FakeClock()
    ownership = Movable(clock)
    async with small_fetcher({URL: page()}, clock=clock, ownership=ownership) as (fetcher, web, _):
        await fetcher.perform(ask("http://a.test/warm", clock))
        queue = fetcher.queues.get("a.test")
        assert queue is not None
        turn = await fetcher.queues.turn(queue, rank=1, start_by=clock.now() + 9, deadline=clock.now() + 9)
        assert ownership.holding is not None
        ownership.holding.good = False
        assert not turn.may_write()  # type: ignore[union-attr]
        answer = await own_head(fetcher, ask(URL, clock))
        assert isinstance(answer, NotMine)
        assert URL not in web.urls()


async def test_a_domain_that_came_back_starts_with_an_empty_bucket() -> None:
    clock = FakeClock()
    ownership = Movable(clock)
    answers: dict[str, Answer | list[Answer]] = {f"{URL}{n}": page() for n in range(3)}
    async with small_fetcher(answers, SLOW, clock=clock, ownership=ownership) as (fetcher, web, _):
        first = asyncio.create_task(fetcher.perform(ask(f"{URL}0", clock)))
        await clock.advance(5.0)
        await first
        ownership.holding = Lease(clock.now())
        back = clock.now()
        again = asyncio.create_task(fetcher.perform(ask(f"{URL}1", clock)))
        await clock.advance(5.0)
        await again
        assert web.arrivals[-1][1] - back == pytest.approx(1.0)


# Limits at run time ---------------------------------------------------------------------------------------------------


async def test_a_limit_set_while_running_holds_at_once_and_beats_the_settings(caplog: pytest.LogCaptureFixture) -> None:
    config = FetchersConfig(rate_limit=RateLimits(1000.0, 1000, domains={"a.test": RateLimit(500.0, 500)}))
    answers: dict[str, Answer | list[Answer]] = {f"{URL}{n}": page() for n in range(4)}
    async with small_fetcher(answers, config) as (fetcher, web, clock):
        await fetcher.perform(ask(f"{URL}0", clock))
        with caplog.at_level("INFO", "fetchers.audit"):
            await fetcher.set_limit("WWW.a.test", RateLimit(0.5, 1), "anna")
        assert "a.test was changed by anna" in caplog.text
        assert "0.5/s" in caplog.text
        asked = [asyncio.create_task(fetcher.perform(ask(f"{URL}{n}", clock))) for n in (1, 2, 3)]
        await clock.advance(30.0)
        await asyncio.gather(*asked)
        times = [at for _, at in web.arrivals[-3:]]
        assert times[1] - times[0] >= 2.0 - 1e-6
        assert times[2] - times[1] >= 2.0 - 1e-6
        await fetcher.set_limit("a.test", None, "anna")
        assert fetcher.limits.of("a.test") == RateLimit(500.0, 500)


async def test_which_limit_wins() -> None:
    """Set while running, then settings, then the shipped list; in each the exact name, then the longest pattern."""
    settings = {"*.co.uk": RateLimit(2.0, 2), "*.uk": RateLimit(3.0, 3), "bit.ly": RateLimit(4.0, 4)}
    async with small_fetcher({}, FetchersConfig(rate_limit=RateLimits(1.0, 1, domains=settings))) as (fetcher, _, _):
        of = fetcher.limits.of
        assert of("x.co.uk").per_second == 2.0
        assert of("x.uk").per_second == 3.0
        assert of("bit.ly").per_second == 4.0
        assert of("t.co").per_second == 10.0, "shipped"
        assert of("x.example").per_second == 1.0
        await fetcher.set_limit("*.uk", RateLimit(9.0, 9))
        assert of("x.co.uk").per_second == 9.0
        await fetcher.set_limit("www.x.co.uk", RateLimit(8.0, 8))
        assert of("x.co.uk").per_second == 8.0
        assert of("y.co.uk").per_second == 9.0


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("", RateLimit(1.0, 1)),
        ("*.", RateLimit(1.0, 1)),
        ("a b", RateLimit(1.0, 1)),
        ("http://a.test", RateLimit(1.0, 1)),
        ("a.test", RateLimit(0.0, 1)),
        ("a.test", RateLimit(float("nan"), 1)),
        ("a.test", RateLimit(1e9, 1)),
        ("a.test", RateLimit(1.0, 0)),
        ("a.test", RateLimit(1.0, 1, 0)),
    ],
)
async def test_what_cannot_be_a_limit_is_refused(name: str, limit: RateLimit) -> None:
    async with small_fetcher({}) as (fetcher, _, _):
        with pytest.raises(ValueError):
            await fetcher.set_limit(name, limit)


# Memory ---------------------------------------------------------------------------------------------------------------


async def test_vultures_come_early_when_memory_runs_short() -> None:
    """Idle queues go at once, busy and pausing ones stay, and a quarter of the robots entries goes."""
    answers = {f"http://h{n}.test/": page() for n in range(8)} | {"http://p.test/": page(b"", 503, retry_after="60")}
    used = 0.1
    async with small_fetcher(answers, FAST, pressure=lambda: used) as (fetcher, _, clock):
        for url in answers:
            await fetcher.perform(ask(url, clock))
        await clock.advance(1.0)
        assert fetcher.vultures.sweep() == (0, 0)
        used = 0.9
        assert fetcher.vultures.sweep() == (8, 2)
        assert [queue.domain for queue in fetcher.queues] == ["p.test"]
        assert fetcher.vultures.eaten.hungry_rounds == 1


async def test_within_a_domain_priority_goes_first_and_then_the_earliest_deadline() -> None:
    urls = {f"http://a.test/{name}": page() for name in ("busy", "late", "soon", "unhurried")}
    async with small_fetcher(urls, SLOW) as (fetcher, web, clock):
        first = asyncio.create_task(fetcher.perform(ask("http://a.test/busy", clock)))
        await clock.advance(5.0)
        await first
        web.arrivals.clear()
        more = {"busy": {}, "unhurried": {"priority": 1, "deadline": 3700.0}, "late": {}, "soon": {"deadline": 3800.0}}
        asked = []
        for name, other in more.items():
            asked.append(asyncio.create_task(fetcher.perform(ask(f"http://a.test/{name}", clock, **other))))
            await settle()
        await clock.advance(10.0)
        await asyncio.gather(*asked)
        assert [url.rpartition("/")[2] for url in web.urls()] == ["busy", "soon", "late", "unhurried"]
