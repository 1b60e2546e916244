"""Must this URL be fetched? One question after the other."""

import pytest

from fetchers.blocked_domains import BlockedDomains
from schedulers.model import REUSED, Status, UrlState
from schedulers.policy import Asked, Verdict, decide
from schedulers.stages.crawl_decider import Decider
from tests.clock import FakeClock

NOW = 1_000.0


def asked(url: str = "http://a.test/", state: UrlState | None = None, refresh: bool = False) -> Asked:
    return Asked(url, state, refresh, NOW, lambda url: "bad.test" if "bad.test" in url else None)


def state(status: Status = Status.FETCHED, fresh_until: float | None = NOW + 1) -> UrlState:
    return UrlState("http://a.test/", "http://a.test/", status, fresh_until=fresh_until, reason="why")


def test_what_is_unknown_is_fetched() -> None:
    assert decide(asked()).verdict is Verdict.FETCH


@pytest.mark.parametrize("status", [Status.FETCHED, Status.ROBOTS_DENIED, Status.HTTP_ERROR, Status.TIMED_OUT])
def test_what_is_fresh_is_reused_whatever_its_ending(status: Status) -> None:
    decision = decide(asked(state=state(status)))
    assert decision.verdict is Verdict.REUSE
    assert decision.settled is not None
    assert (decision.settled.status, decision.settled.outcome) == (status, REUSED)


@pytest.mark.parametrize(
    "known",
    [state(fresh_until=NOW), state(fresh_until=None), state(Status.PENDING, NOW + 9), state(Status.DEFERRED, NOW + 9)],
)
def test_what_is_stale_or_on_its_way_is_fetched(known: UrlState) -> None:
    assert decide(asked(state=known)).verdict is Verdict.FETCH


def test_refresh_forces() -> None:
    assert decide(asked(state=state(), refresh=True)).verdict is Verdict.FETCH


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("ftp://a.test/", Status.UNSUPPORTED_SCHEME),
        ("mailto:a@a.test", Status.UNSUPPORTED_SCHEME),
        ("http://bad.test/", Status.BLOCKED_DOMAIN),
    ],
)
def test_some_are_dropped_even_by_force(url: str, status: Status) -> None:
    decision = decide(asked(url, refresh=True))
    assert decision.verdict is Verdict.DROP
    assert decision.settled is not None
    assert decision.settled.status is status
    assert decision.settled.reason


@pytest.mark.parametrize(
    ("url", "blocked"),
    [
        ("http://bad.test/", True),
        ("http://www.bad.test/a", True),
        ("http://notbad.test/", False),
        ("http://test/", False),
    ],
)
def test_a_blocked_domain_blocks_what_lies_below_it(url: str, blocked: bool) -> None:
    domains = BlockedDomains(["Bad.test."])

    def why(url: str) -> str | None:
        found = domains.verdict(url)
        return None if found is None else found.reason

    decision = Decider(FakeClock(), why).decide(url, None, refresh=False)
    assert (decision.verdict is Verdict.DROP) == blocked
