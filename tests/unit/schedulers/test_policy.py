"""Must this URL be fetched? One question after the other."""

import pytest

from fetchers.blocked_domains import BlockedDomains
from schedulers.config import Freshness
from schedulers.context import Reused
from schedulers.model import REUSED, Failure, Known, Status, UrlState
from schedulers.policy import FETCH, Candidate, decide
from schedulers.settlement import settle

NOW = 1_000.0


def candidate(url: str = "http://a.test/", state: UrlState | None = None, refresh: bool = False) -> Candidate:
    return Candidate(url, Known(state=state), refresh, NOW, refusal)


def refusal(url: str) -> Failure | None:
    if "bad.test" in url:
        return Failure(Status.BLOCKED_DOMAIN, "bad.test is blocked")
    return Failure(Status.NOT_FETCHED, "it works once", "one_time") if "once" in url else None


def state(status: Status = Status.FETCHED, fresh_until: float | None = NOW + 1) -> UrlState:
    return UrlState("http://a.test/", "http://a.test/", status, fresh_until=fresh_until, reason="why")


def test_what_is_unknown_is_fetched() -> None:
    assert decide(candidate()) is FETCH


@pytest.mark.parametrize("status", [Status.FETCHED, Status.ROBOTS_DENIED, Status.HTTP_ERROR, Status.TIMED_OUT])
def test_what_is_fresh_is_reused_whatever_its_ending(status: Status) -> None:
    decision = decide(candidate(state=state(status)))
    assert isinstance(decision, Reused)
    settled = settle(decision, NOW, Freshness())
    assert (settled.state.status, settled.outcome) == (status, REUSED)


@pytest.mark.parametrize(
    "known",
    [state(fresh_until=NOW), state(fresh_until=None), state(Status.PENDING, NOW + 9), state(Status.DEFERRED, NOW + 9)],
)
def test_what_is_stale_or_on_its_way_is_fetched(known: UrlState) -> None:
    assert decide(candidate(state=known)) is FETCH


def test_refresh_forces_a_fetch() -> None:
    assert decide(candidate(state=state(), refresh=True)) is FETCH


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("ftp://a.test/", Status.UNSUPPORTED_SCHEME),
        ("mailto:a@a.test", Status.UNSUPPORTED_SCHEME),
        ("http://bad.test/", Status.BLOCKED_DOMAIN),
        ("http://a.test/once", Status.NOT_FETCHED),
    ],
)
def test_some_are_dropped_even_by_force(url: str, status: Status) -> None:
    decision = decide(candidate(url, refresh=True))
    assert isinstance(decision, Failure)
    assert decision.status is status
    assert decision.reason


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

    def why(url: str) -> Failure | None:
        found = domains.verdict(url)
        return None if found is None else Failure(Status(found.ending.value), found.reason)

    decision = decide(Candidate(url, Known(), False, NOW, why))
    assert isinstance(decision, Failure) == blocked
