"""The chaos driver's plan is its seed's, and its verdict finds what is wrong."""

from itertools import pairwise
from random import Random
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.cluster.offering import moments
from tests.chaos.cluster.plan import KINDS_OF_LINK, KINDS_OF_PROCESS, Action, make_plan
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.verdict import (
    given_twice,
    not_told,
    stored_more_than_once,
    too_many,
    with_ending_other_than,
    without_ending,
)

PROCESSES, LINKS = ("scheduler-1", "scheduler-2", "api"), ("api-cassandra", "api-broker")
ACCEPTED = {"one": ["http://a.test/"], "two": ["http://b.test/", "http://c.test/"]}


def notice(event: str, url: str, identity: str = "1") -> dict[str, str]:
    return {"type": "spiderduck.url.processed", "event_id": event, "subject": url, "id": identity}


@given(st.integers(), st.integers(10, 60))
def test_a_seed_makes_one_plan_and_breaks_nothing_twice_at_once(seed: int, count: int) -> None:
    plan = make_plan(seed, count, PROCESSES, LINKS)
    assert plan == make_plan(seed, count, PROCESSES, LINKS)
    assert len(plan) == count
    assert list(plan) == sorted(plan, key=lambda action: action.at)
    assert {action.kind for action in plan} == {*KINDS_OF_PROCESS, *KINDS_OF_LINK}
    for target in (*PROCESSES, *LINKS):
        own = [action for action in plan if action.target == target]
        assert all(earlier.until < later.at for earlier, later in zip(own, own[1:], strict=False))
        assert all((action.kind in KINDS_OF_LINK) == (target in LINKS) for action in own)


def test_other_seeds_make_other_plans() -> None:
    assert len({make_plan(seed, 10, PROCESSES, LINKS) for seed in range(20)}) == 20
    assert str(Action(1.0, "kill", "api", 0.5)) == "   1.00 s  kill      api for 0.50 s"


def test_urls_without_an_ending_are_named() -> None:
    records = {"http://a.test/": {"status": "fetched"}, "http://b.test/": {"status": "pending"}}
    assert without_ending(ACCEPTED, records) == ["http://b.test/", "http://c.test/"]
    ended = {url: {"status": "http_error"} for urls in ACCEPTED.values() for url in urls}
    assert without_ending(ACCEPTED, ended) == []


def test_an_ending_that_the_server_did_not_cause_is_named() -> None:
    records = {"http://a.test/": {"status": "failed", "reason": "why"}, "http://b.test/": {"status": "fetched"}}
    wanted = {"http://a.test/": "fetched", "http://b.test/": "fetched"}
    assert with_ending_other_than(wanted, records) == ["http://a.test/: failed (why)"]


def test_pages_stored_twice_are_named() -> None:
    assert stored_more_than_once({"http://a.test/": ["1"], "http://b.test/": ["2", "3"], "http://c.test/": []}) == [
        "http://b.test/: pages 2, 3"
    ]


def test_missing_notices_and_changing_ids_are_named() -> None:
    told = [notice("one", "http://a.test/"), notice("one", "http://a.test/"), notice("two", "http://b.test/")]
    assert not_told(ACCEPTED, told) == ["two: http://c.test/"]
    told += [notice("two", "http://c.test/"), notice("two", "http://b.test/", "2")]
    assert not_told(ACCEPTED, told) == ["two: http://b.test/ has 2 ids"]
    updated = {**notice("two", "http://c.test/"), "type": "spiderduck.url.updated"}
    assert "two: http://c.test/" in not_told(ACCEPTED, [updated])


@pytest.mark.parametrize(
    ("arrivals", "good"),
    [
        ([0.0, 0.0, 0.5, 1.0], True),  # burst 2, two a second
        ([0.0, 0.0, 0.0], False),
        ([0.0, 0.0, 0.4], False),
        ([0.0, 0.5, 1.0, 1.0, 1.0], False),  # a window that does not begin with the first
        ([10.0, 10.5, 11.0, 11.0], True),
        ([], True),
    ],
)
def test_windows_are_held_against_the_bucket(arrivals: list[float], good: bool) -> None:
    assert (too_many(arrivals, 2.0, 2, 0.0) is None) is good


@given(st.lists(st.floats(0, 20), max_size=30), st.floats(0.5, 5), st.integers(1, 4))
def test_one_pass_finds_what_every_window_would(arrivals: list[float], rate: float, burst: int) -> None:
    times, spare = sorted(arrivals), 0.01
    over = any(
        last - first + 1 > burst + rate * (times[last] - times[first] + spare)
        for first in range(len(times))
        for last in range(first, len(times))
    )
    close = any(
        abs(last - first + 1 - (burst + rate * (times[last] - times[first] + spare))) < 1e-6
        for first in range(len(times))
        for last in range(first, len(times))
    )
    assert close or (too_many(times, rate, burst, spare) is not None) is over


def test_ids_given_twice_are_named() -> None:
    assert given_twice(["1", "2", "1"]) == ["1"]
    assert given_twice(["1", "2"]) == []


def test_arrivals_are_random_as_those_of_many_senders() -> None:
    """Of a Poisson process: the gaps spread as much as they are long, and the seed repeats them."""
    arrivals = list(moments(Random(7), 50.0, 100.0))
    assert arrivals == list(moments(Random(7), 50.0, 100.0))
    assert arrivals == sorted(arrivals)
    assert 4_700 < len(arrivals) < 5_300
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert 0.9 < stdev(gaps) / mean(gaps) < 1.1


def test_the_site_has_short_links_and_pages_that_are_gone_and_counts_who_comes() -> None:
    site = Site(10)
    assert [site.wanted(number) for number in range(4)] == ["fetched", "fetched", "http_error", "fetched"]
    assert b"404" in site.answer("h2.test", "/m/2")
    assert b"http://h8.test/p/from-21" in site.answer("h1.test", "/r/21")
    assert b"200 OK" in site.answer("h8.test", "/p/from-21")
    assert b"404" in site.answer("h8.test", "/robots.txt")
    assert {host: len(times) for host, times in site.arrivals.items()} == {"h2.test": 1, "h1.test": 1, "h8.test": 2}
