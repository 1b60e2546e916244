"""Blocked means blocked: in every spelling, for everything that is fetched, and from the moment it is said."""

import asyncio
import os
from pathlib import Path

import pytest

from fetchers.blocked_domains import LOOK_EVERY_SECONDS, BlockedDomains, BlockedDomainsFile
from fetchers.client import redirects
from fetchers.model import Ended, Ending, Response
from tests.clock import FakeClock, settle
from tests.unit.fetchers.small_web import SLOW, ask, page, redirect, small_fetcher

BAD = BlockedDomains(["evil.test", "bücher.example", "203.0.113.7", "2001:db8::1", "*.ads.test"])


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.test/",
        "http://EVIL.test./x",
        "http://evil.test../x",
        "http://a.b.evil.test:8080/x",
        "http://user:pw@evil.test/",
        "http:\\\\evil.test\\x",
        "http://evil%2Etest/",
        "http://xn--bcher-kva.example/",
        "https://www.BÜCHER.example/",
        "http://203.0.113.7/",
        "http://0xcb007107/",
        "http://203.0.28935/",
        "http://[::ffff:203.0.113.7]/",
        "http://[64:ff9b::cb00:7107]/",
        "http://[64:ff9b:1::203.0.113.7]/",
        "http://[::203.0.113.7]/",
        "http://[::ffff:0:203.0.113.7]/",
        "http://[2001:db8::5efe:203.0.113.7]/",
        "http://[fe80::200:5efe:cb00:7107]/",
        "http://[2002:cb00:7107::1]/",
        "http://[2001:0:4136:e378:8000:63bf:34ff:8ef8]/",
        "http://[2001:DB8:0::1]/",
        "http://ads.test/",
        "http://x.ads.test/",
    ],
)
def test_every_spelling_of_a_blocked_host_is_blocked(url: str) -> None:
    assert BAD.verdict(url) is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://notevil.test/",
        "http://evil.test.good.test/",
        "http://good.test/evil.test",
        "http://good.test/?evil.test",
        "http://evil.test@good.test/",
        "http://3.203.0.113.7.test/",
        "http://203.0.113.70/",
        "http://[2001:db8::11]/",
        "mailto:a@evil.test",
        "http://[",
    ],
)
def test_others_are_not(url: str) -> None:
    assert BAD.verdict(url) is None


def test_the_reason_names_the_rule() -> None:
    found = BAD.verdict("http://a.evil.test/")
    assert found is not None
    assert found.reason == "the setting schedulers.blocked_domains names evil.test"


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "evil.test/path", "evil.test:80", "[nonsense", "a@b", "https://x.test"]
)
def test_what_is_no_name_is_refused_and_changes_nothing(name: str) -> None:
    domains = BlockedDomains(["evil.test"])
    with pytest.raises(ValueError, match="no domain to block"):
        domains.replace(["other.test", name])
    assert domains.verdict("http://evil.test/") is not None
    assert domains.verdict("http://other.test/") is None


def test_a_host_of_very_many_labels_costs_no_more() -> None:
    assert BAD.verdict("http://" + "a." * 50_000 + "evil.test/") is not None


@pytest.mark.parametrize("purpose", ["page", "picture", "direct", "robots"])
async def test_nothing_is_sent_to_a_blocked_host_not_even_for_robots(purpose: str) -> None:
    async with small_fetcher({"http://evil.test/p": page()}, policy=BAD) as (fetcher, web, clock):
        result = await fetcher.perform(ask("http://evil.test/p", clock, purpose=purpose))
        assert isinstance(result, Ended)
        assert result.ending is Ending.BLOCKED_DOMAIN
        assert web.arrivals == []


async def test_a_redirect_to_a_blocked_host_ends_there() -> None:
    answers = {"http://good.test/": redirect("http://www.evil.test/p")}
    async with small_fetcher(answers, policy=BAD) as (fetcher, web, clock):
        result = await redirects.fetch(ask("http://good.test/", clock), fetcher.open_hop)
        assert isinstance(result.outcome, Ended)
        assert result.outcome.ending is Ending.BLOCKED_DOMAIN
        streamed = ask("http://good.test/", clock, purpose="direct", streamed=True)
        async with redirects.open_fetch(streamed, fetcher.open_hop) as (opened, _):
            assert isinstance(opened.outcome, Ended)
            assert opened.outcome.ending is Ending.BLOCKED_DOMAIN
        assert not [url for url in web.urls() if "evil" in url]


async def test_a_robots_txt_that_redirects_to_a_blocked_host_is_not_followed() -> None:
    answers = {"http://good.test/robots.txt": redirect("http://evil.test/robots.txt"), "http://good.test/": page()}
    async with small_fetcher(answers, policy=BAD) as (fetcher, web, clock):
        result = await fetcher.perform(ask("http://good.test/", clock))
        assert isinstance(result, Ended)
        assert result.ending is Ending.BLOCKED_DOMAIN
        assert web.urls() == ["http://good.test/robots.txt"]


async def test_the_list_can_change_while_running() -> None:
    domains = BlockedDomains()
    async with small_fetcher({"http://a.test/": page()}, policy=domains) as (fetcher, _, clock):
        assert isinstance(await fetcher.perform(ask("http://a.test/", clock)), Response)
        domains.replace(["a.test"])
        assert isinstance(await fetcher.perform(ask("http://a.test/", clock)), Ended)
        domains.replace([])
        assert isinstance(await fetcher.perform(ask("http://a.test/", clock)), Response)


async def test_what_waits_for_its_turn_when_its_domain_is_blocked_is_not_sent() -> None:
    domains = BlockedDomains()
    async with small_fetcher({"http://a.test/": page()}, SLOW, policy=domains) as (fetcher, web, clock):
        await fetcher.perform(ask("http://a.test/robots.txt", clock, purpose="robots"))
        waiting = asyncio.create_task(fetcher.perform(ask("http://a.test/", clock)))
        await settle()
        domains.replace(["a.test"])
        await clock.advance(60.0)
        result = await waiting
        assert isinstance(result, Ended)
        assert result.ending is Ending.BLOCKED_DOMAIN
        assert "http://a.test/" not in web.urls()
        assert fetcher.queues.in_flight == 0


async def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    clock, file = FakeClock(), tmp_path / "blocked.txt"
    file.write_text("# known spam\nspam.test  # since May\n\nBücher.example\n")
    domains = BlockedDomains()
    watched = BlockedDomainsFile(domains, ["always.test"], file, clock)

    def blocked(host: str) -> bool:
        return domains.verdict(f"http://{host}/") is not None

    assert [blocked(host) for host in ("spam.test", "xn--bcher-kva.example", "always.test")] == [True] * 3
    file.write_text("other.test\n")
    os.utime(file, ns=(1, 1))
    await watched.look()
    assert [blocked(host) for host in ("spam.test", "other.test", "always.test")] == [False, True, True]
    file.write_text("this is no name\n")
    os.utime(file, ns=(2, 2))
    await watched.look()
    assert blocked("other.test"), "a file that cannot be taken changes nothing"
    file.unlink()
    await watched.look()
    assert blocked("other.test")
    file.write_text("again.test\n")
    await watched.look()
    assert blocked("again.test")
    assert LOOK_EVERY_SECONDS <= 5.0


def test_a_file_that_is_not_there_at_the_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.txt"):
        BlockedDomainsFile(BlockedDomains(), (), tmp_path / "none.txt", FakeClock())
