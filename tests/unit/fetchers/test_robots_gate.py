"""robots.txt before every page: which statuses forbid, who fetches it, how long it holds, what a failure does."""

import asyncio
import threading
from collections.abc import Mapping

import httpx
import pytest

from fetchers.config import FetchersConfig
from fetchers.errors import BlockedAddress, ConnectError, DnsError, ProtocolError, TimedOut, TlsError
from fetchers.model import Ended, Ending, NotNow, Response
from fetchers.robots.loading import life, may_be_used
from fetchers.robots.rules import FEW_RULES, FEW_SPECIAL, RobotsTxt, Verdict
from fetchers.robots_txt import parse
from fetchers.stores.memory import MemoryRobotsCache
from tests.clock import FakeClock, settle
from tests.unit.fetchers.small_web import SLOW, Answer, ask, page, redirect, slowly, small_fetcher

DAY = 86_400.0
ROBOTS = "http://a.test/robots.txt"
PAGE = "http://a.test/private/x"
DENY = httpx.Response(200, content=b"User-agent: *\nAllow: /open\nDisallow: /private\n")
OPEN = httpx.Response(200, content=b"User-agent: *\nDisallow: /other\n")


def web(robots: Answer | list[Answer], **more: Answer) -> Mapping[str, Answer | list[Answer]]:
    return {ROBOTS: robots, PAGE: page(), "http://a.test/open": page(), **more}


@pytest.mark.parametrize(
    ("robots", "ending"),
    [
        (OPEN, None),
        (DENY, Ending.ROBOTS_DENIED),
        (httpx.Response(404), None),
        (httpx.Response(401), None),
        (httpx.Response(410), None),
        (httpx.Response(500), Ending.ROBOTS_DENIED),
        (httpx.Response(503), Ending.ROBOTS_DENIED),
        (httpx.Response(302), Ending.ROBOTS_DENIED),
        (httpx.Response(304), Ending.ROBOTS_DENIED),
        (httpx.Response(408), Ending.ROBOTS_DENIED),
        (httpx.Response(429), Ending.ROBOTS_DENIED),
        (BlockedAddress("private"), Ending.BLOCKED_ADDRESS),
        (DnsError("no such name"), Ending.DNS_ERROR),
        (TlsError("expired"), Ending.TLS_ERROR),
        (ConnectError("refused"), Ending.CONNECT_ERROR),
        (TimedOut("silent", "read"), Ending.TIMED_OUT),
        (ProtocolError("garbage"), Ending.PROTOCOL_ERROR),
    ],
)
async def test_the_status_of_robots_txt_decides(robots: httpx.Response | Exception, ending: Ending | None) -> None:
    """RFC 9309, section 2.3.1; a host that fails for robots.txt fails for the page alike."""
    async with small_fetcher(web(robots)) as (fetcher, small, clock):
        result = await fetcher.perform(ask(PAGE, clock))
        if ending is None:
            assert isinstance(result, Response)
            assert small.urls() == [ROBOTS, PAGE]
        else:
            assert isinstance(result, Ended)
            assert result.ending is ending
            assert small.urls() == [ROBOTS]


async def test_the_verdict_names_rule_and_line() -> None:
    async with small_fetcher(web(DENY)) as (fetcher, _, clock):
        denied = await fetcher.perform(ask(PAGE, clock))
        assert isinstance(denied, Ended)
        assert "line 3: Disallow: /private" in denied.reason
        allowed = await fetcher.perform(ask("http://a.test/open", clock))
        assert isinstance(allowed, Response)
        assert allowed.robots_rule == "Allow: /open (line 2)"


async def test_robots_txt_itself_may_always_be_shown() -> None:
    """RFC 9309, section 2.2.2; not what is only called alike."""
    everything = httpx.Response(200, content=b"User-agent: *\nDisallow: /\n")
    async with small_fetcher(web(everything, **{ROBOTS + "?x": page()})) as (fetcher, _, clock):
        shown = await fetcher.perform(ask(ROBOTS, clock))
        assert isinstance(shown, Response)
        denied = await fetcher.perform(ask(ROBOTS + "?x", clock))
        assert isinstance(denied, Ended)
        assert denied.ending is Ending.ROBOTS_DENIED


async def test_redirects_are_followed_also_across_hosts() -> None:
    answers = {**web(redirect("http://b.test/r")), "http://b.test/r": redirect("/s"), "http://b.test/s": DENY}
    async with small_fetcher(answers) as (fetcher, small, clock):
        result = await fetcher.perform(ask(PAGE, clock))
        assert isinstance(result, Ended)
        assert result.ending is Ending.ROBOTS_DENIED
        assert small.urls() == [ROBOTS, "http://b.test/r", "http://b.test/s"]


@pytest.mark.parametrize(("redirects", "denied"), [(5, True), (6, False)])
async def test_five_redirects_and_then_it_counts_as_absent(redirects: int, denied: bool) -> None:
    answers = dict(web(redirect("/r1")))
    for number in range(1, redirects):
        answers[f"http://a.test/r{number}"] = redirect(f"/r{number + 1}")
    answers[f"http://a.test/r{redirects}"] = DENY
    async with small_fetcher(answers) as (fetcher, _, clock):
        result = await fetcher.perform(ask(PAGE, clock))
        assert isinstance(result, Ended if denied else Response)


async def test_one_fetch_however_many_wait() -> None:
    ready = asyncio.Event()
    answers = {**web(slowly(OPEN, ready)), **{f"http://a.test/{number}": page() for number in range(50)}}
    async with small_fetcher(answers) as (fetcher, small, clock):
        asked = [asyncio.create_task(fetcher.perform(ask(f"http://a.test/{n}", clock))) for n in range(50)]
        await settle()
        assert small.urls() == [ROBOTS]
        asked[0].cancel()  # who began it leaves, and the others are served all the same
        ready.set()
        await clock.advance(1.0)
        results = await asyncio.gather(*asked[1:])
        assert all(isinstance(result, Response) for result in results)
        assert small.urls().count(ROBOTS) == 1


async def test_other_hosts_do_not_wait_for_a_slow_one() -> None:
    answers = {**web(slowly(OPEN, asyncio.Event())), "http://b.test/": page()}
    async with small_fetcher(answers) as (fetcher, _, clock):
        stuck = asyncio.create_task(fetcher.perform(ask(PAGE, clock)))
        await settle()
        assert isinstance(await fetcher.perform(ask("http://b.test/", clock)), Response)
        stuck.cancel()


async def test_robots_takes_a_token_of_its_domain_and_goes_first() -> None:
    answers = {
        "http://x.a.test/robots.txt": OPEN,
        **web(OPEN),
        **{f"http://x.a.test/{n}": page() for n in range(3)},
    }
    async with small_fetcher(answers, SLOW) as (fetcher, small, clock):
        asked = [asyncio.create_task(fetcher.perform(ask(f"http://x.a.test/{n}", clock))) for n in range(3)]
        await clock.advance(1.5)
        asked.append(asyncio.create_task(fetcher.perform(ask(PAGE, clock))))
        await clock.advance(10.0)
        await asyncio.gather(*asked)
        urls, times = zip(*small.arrivals, strict=True)
        assert urls.index(ROBOTS) == 2, "after robots.txt and one page of the other host"
        assert all(later - earlier >= 0.999 for earlier, later in zip(times, times[1:], strict=False))


async def test_a_page_that_cannot_wait_for_robots_is_told_when() -> None:
    async with small_fetcher(web(OPEN), SLOW) as (fetcher, small, clock):
        await fetcher.perform(ask("http://c.a.test/x", clock, purpose="robots"))
        result = await fetcher.perform(ask(PAGE, clock, wait=0.0))
        assert isinstance(result, NotNow)
        assert result.until > clock.now()
        assert ROBOTS not in small.urls()
        waiting = asyncio.create_task(fetcher.perform(ask(PAGE, clock)))
        await clock.advance(5.0)
        assert isinstance(await waiting, Response)


async def test_a_hasty_page_does_not_decide_for_the_patient_ones() -> None:
    async with small_fetcher(web(OPEN), SLOW) as (fetcher, _, clock):
        await fetcher.perform(ask("http://c.a.test/x", clock, purpose="robots"))
        hasty = asyncio.create_task(fetcher.perform(ask(PAGE, clock, wait=0.0)))
        patient = asyncio.create_task(fetcher.perform(ask("http://a.test/open", clock)))
        await clock.advance(5.0)
        assert isinstance(await hasty, NotNow)
        assert isinstance(await patient, Response)


async def test_a_page_waits_no_longer_than_its_own_deadline() -> None:
    ready = asyncio.Event()
    async with small_fetcher(web(slowly(OPEN, ready))) as (fetcher, _, clock):
        result = await fetcher.perform(ask(PAGE, clock, deadline=0.02))
        assert isinstance(result, NotNow)
        assert "deadline" in result.reason
        ready.set()
        await settle()
        assert isinstance(await fetcher.perform(ask(PAGE, clock)), Response), "the load went on, and its rules are kept"


async def test_it_holds_for_a_day_and_no_longer() -> None:
    async with small_fetcher(web(OPEN)) as (fetcher, small, clock):
        await fetcher.perform(ask(PAGE, clock))
        await clock.advance(DAY - 60.0)
        await fetcher.perform(ask(PAGE, clock))
        assert small.urls().count(ROBOTS) == 1
        await clock.advance(120.0)
        await fetcher.perform(ask(PAGE, clock))
        assert small.urls().count(ROBOTS) == 2


async def test_cache_control_is_respected_within_bounds() -> None:
    short = httpx.Response(200, headers={"cache-control": "max-age=7200"}, content=OPEN.content)
    async with small_fetcher(web(short)) as (fetcher, small, clock):
        await fetcher.perform(ask(PAGE, clock))
        await clock.advance(7300.0)
        await fetcher.perform(ask(PAGE, clock))
        assert small.urls().count(ROBOTS) == 2


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("max-age=0", 3600.0),
        ("no-store", 3600.0),
        ("private, max-age=7200, must-revalidate", 7200.0),
        ('max-age="7200"', 7200.0),
        ("MAX-AGE=31536000", DAY),
        ("max-age=-5", DAY),
        ("s-maxage", DAY),
        ("", DAY),
    ],
)
def test_cache_control_bounds_how_long_robots_txt_is_kept(value: str, seconds: float) -> None:
    assert life([("cache-control", value)]) == seconds


def test_life_without_the_header() -> None:
    assert life([("content-type", "text/plain")]) == DAY


async def test_a_host_in_trouble_is_asked_again_after_ten_minutes() -> None:
    async with small_fetcher(web([httpx.Response(500), OPEN])) as (fetcher, small, clock):
        assert isinstance(await fetcher.perform(ask(PAGE, clock)), Ended)
        await clock.advance(300.0)
        assert isinstance(await fetcher.perform(ask(PAGE, clock)), Ended)
        assert small.urls() == [ROBOTS]
        await clock.advance(400.0)
        assert isinstance(await fetcher.perform(ask(PAGE, clock)), Response)


@pytest.mark.parametrize("failure", [httpx.Response(500), ConnectError("refused"), DnsError("gone")])
async def test_a_stale_copy_holds_for_up_to_thirty_days_of_errors(failure: httpx.Response | Exception) -> None:
    """Both what it allows and what it forbids."""
    clock = FakeClock()
    shared = MemoryRobotsCache(clock)
    answers = web([DENY, failure])
    async with small_fetcher(answers, clock=clock, robots_cache=shared) as (fetcher, _, _):
        assert isinstance(await fetcher.perform(ask("http://a.test/open", clock)), Response)
        await clock.advance(29 * DAY)
        page_waits = asyncio.create_task(fetcher.perform(ask("http://a.test/open", clock)))
        await clock.advance(100.0)  # an unreachable host is left alone for a minute
        assert isinstance(await page_waits, Response)
        denied = await fetcher.perform(ask(PAGE, clock))
        assert isinstance(denied, Ended)
        assert denied.ending is Ending.ROBOTS_DENIED
        assert "Disallow: /private" in denied.reason
        assert fetcher.counters.robots["stale"] >= 1
        await clock.advance(2 * DAY)
        assert isinstance(await fetcher.perform(ask("http://a.test/open", clock)), Ended)


def test_thirty_days_are_the_end() -> None:
    assert may_be_used(0.0, 30 * DAY)
    assert not may_be_used(0.0, 30 * DAY + 1)


async def test_what_another_fetcher_knows_is_not_fetched_again() -> None:
    clock = FakeClock()
    shared = MemoryRobotsCache(clock)
    async with small_fetcher(web(DENY), clock=clock, robots_cache=shared) as (first, _, _):
        await first.perform(ask(PAGE, clock))
    async with small_fetcher(web(DENY), clock=clock, robots_cache=shared) as (second, small, _):
        denied = await second.perform(ask(PAGE, clock))
        assert isinstance(denied, Ended)
        assert small.urls() == []
        assert second.counters.robots == {"shared": 1}


@pytest.mark.parametrize("garbage", [b"", b"User-agent: *\nDisallow:", b"\x94\x01\x00\x00\xc4\x01x", b"\xff" * 1000])
async def test_garbage_in_the_shared_cache_is_passed_over(garbage: bytes) -> None:
    clock = FakeClock()
    shared = MemoryRobotsCache(clock)
    await shared.put("http://a.test", garbage, DAY)
    async with small_fetcher(web(DENY), clock=clock, robots_cache=shared) as (fetcher, small, _):
        assert isinstance(await fetcher.perform(ask(PAGE, clock)), Ended)
        assert small.urls() == [ROBOTS]


async def test_crawl_delay_spaces_the_pages_up_to_a_limit() -> None:
    for asked, expected in ((5, 5.0), (9999, 60.0)):
        robots = httpx.Response(200, content=f"User-agent: *\nCrawl-delay: {asked}\n".encode())
        answers = {**web(robots), "http://a.test/1": page(), "http://a.test/2": page()}
        async with small_fetcher(answers) as (fetcher, small, clock):
            both = [asyncio.create_task(fetcher.perform(ask(f"http://a.test/{n}", clock))) for n in (1, 2)]
            await clock.advance(200.0)
            await asyncio.gather(*both)
            times = [at for _, at in small.arrivals]
            assert times[2] - times[1] == pytest.approx(expected, abs=0.01)


async def test_of_several_crawl_delays_in_one_domain_the_slowest_holds() -> None:
    """Whichever host is asked, in whatever order; and no longer than its host asks for it."""
    hosts = {"a.test": 5, "b.a.test": 20, "c.a.test": 0}
    answers: dict[str, Answer | list[Answer]] = {
        f"http://{host}/robots.txt": httpx.Response(200, content=f"User-agent: *\nCrawl-delay: {seconds}\n".encode())
        for host, seconds in hosts.items()
    }
    urls = [f"http://{host}/{number}" for number in range(3) for host in hosts]
    async with small_fetcher({**answers, **{url: page() for url in urls}}) as (fetcher, small, clock):
        for host in hosts:  # from here on every robots.txt is known
            first = asyncio.create_task(fetcher.perform(ask(f"http://{host}/", clock)))
            await clock.advance(100.0)
            assert isinstance(await first, Response)
        small.arrivals.clear()
        asked = [asyncio.create_task(fetcher.perform(ask(url, clock))) for url in urls]
        await clock.advance(400.0)
        await asyncio.gather(*asked)
        times = [at for _, at in small.arrivals]
        assert len(times) == len(urls)
        assert all(later - earlier >= 20.0 - 1e-6 for earlier, later in zip(times, times[1:], strict=False))
        quick = httpx.Response(200, content=b"User-agent: *\nCrawl-delay: 1\n")
        small.answers["http://b.a.test/robots.txt"] = quick
        await clock.advance(2 * DAY)
        asked = [asyncio.create_task(fetcher.perform(ask(f"http://b.a.test/again{n}", clock))) for n in (1, 2)]
        await clock.advance(100.0)
        await asyncio.gather(*asked)
        assert small.arrivals[-1][1] - small.arrivals[-2][1] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [
        ("SpiderDuck/0.1", "SpiderDuck"),
        ("Example-Bot", "Example-Bot"),
        ("bot2/1.0 (+https://bot.test)", "bot2"),
        ("AB42bot/1.0", "AB"),
        ("360Spider/1.0", "360Spider"),
    ],
)
def test_the_token_is_that_of_the_lines_that_name_us(user_agent: str, token: str) -> None:
    """Also where the name has a number inside, which no token may: whoever forbids `AB42bot` means us."""
    assert FetchersConfig(user_agent=user_agent).product_token == token
    if token[0].isalpha():
        name = user_agent.partition("/")[0]
        assert not parse(f"User-agent: {name}\nDisallow: /\n".encode()).allows(token, "http://a.test/")


MANY_RULES = b"User-agent: *\nDisallow: /private\n" + b"".join(b"Disallow: /%d\n" % n for n in range(FEW_RULES))
MANY_WILDCARDS = b"User-agent: *\nDisallow: /private\n" + b"".join(
    b"Disallow: /*a%d*b\n" % n for n in range(FEW_SPECIAL + 1)
)


@pytest.mark.parametrize("rules", [MANY_RULES, MANY_WILDCARDS], ids=["many rules", "many wildcards"])
async def test_many_rules_are_asked_beside_the_loop_and_decide_alike(
    rules: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    verdict = RobotsTxt.verdict

    def noting(self: RobotsTxt, agent: str, url: str) -> Verdict:
        threads.append(threading.get_ident())
        return verdict(self, agent, url)

    monkeypatch.setattr(RobotsTxt, "verdict", noting)
    async with small_fetcher(web(httpx.Response(200, content=rules))) as (fetcher, _, clock):
        denied = await fetcher.perform(ask(PAGE, clock))
        assert isinstance(denied, Ended)
        assert denied.ending is Ending.ROBOTS_DENIED
        assert "line 2: Disallow: /private" in denied.reason
        assert isinstance(await fetcher.perform(ask("http://a.test/open", clock)), Response)
    assert len(threads) == 2
    assert threading.get_ident() not in threads


async def test_a_host_with_slow_rules_holds_up_only_those_like_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One question at a time is asked of slow rules, whoever they belong to; quick rules are not behind them."""
    asked: list[str] = []
    go = threading.Event()
    verdict = RobotsTxt.verdict

    def waiting(self: RobotsTxt, agent: str, url: str) -> Verdict:
        asked.append(url)
        if self.is_slow:
            assert go.wait(10)
        return verdict(self, agent, url)

    monkeypatch.setattr(RobotsTxt, "verdict", waiting)
    slow = [f"http://slow{number}.test/x" for number in range(3)]
    many = {f"http://slow{number}.test/robots.txt": httpx.Response(200, content=MANY_RULES) for number in range(3)}
    pages = {url: page() for url in slow}
    async with small_fetcher(web(OPEN, **many, **pages)) as (fetcher, small, clock):
        behind = [asyncio.create_task(fetcher.perform(ask(url, clock))) for url in slow]
        async with asyncio.timeout(10):
            while not asked:
                await asyncio.sleep(0)
            assert isinstance(await fetcher.perform(ask(PAGE, clock)), Response)
        assert asked == [asked[0], PAGE]
        assert not set(slow) & set(small.urls())
        go.set()
        assert all(isinstance(one, Response) for one in await asyncio.gather(*behind))
    assert sorted(asked) == sorted([PAGE, *slow])
