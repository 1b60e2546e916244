"""What one handling leaves in the store, for every way in which it can end."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from fetchers.model import Ended, Ending, FetchResult, Hop, Response
from schedulers.config import Freshness
from schedulers.metadata import Metadata
from schedulers.model import (
    REUSED,
    ArchiveLocation,
    Content,
    Context,
    Event,
    Known,
    Message,
    Page,
    Redirect,
    Settled,
    Status,
    UrlState,
)
from schedulers.settlement import settle

NOW, FRESH = 5_000.0, Freshness()
SHORT, ARTICLE = "http://s.test/x", "http://news.test/a"
PAGE = Page(3, ARTICLE, ARTICLE, 100.0, 200, Content("text/html", 1, "00"), b'{"title":"Old"}', b"{}")
GOOD = UrlState(ARTICLE, ARTICLE, Status.FETCHED, page_id=3, resolved_url=ARTICLE, fresh_until=1.0)


def response(status: int = 200, url: str = ARTICLE) -> Response:
    return Response(url, status, (("content-type", "text/html; charset=utf-8"), ("etag", '"1"')), b"body", 4_999.0)


def context(url: str = SHORT, **changes: Any) -> Context:
    ctx = Context(Message(b"", "event"), Event("event"), url, url, known={url: Known()})
    return structs.replace(ctx, **changes)


def chained(outcome: Any) -> FetchResult:
    return FetchResult(ARTICLE, (Hop(SHORT, 301),), outcome)


def test_a_fetched_chain_gives_every_url_the_page() -> None:
    ctx = context(
        result=chained(response()),
        metadata=Metadata(title="New", canonical_url=ARTICLE, encoding="utf-8"),
        page_id=7,
        archived=ArchiveLocation("one.warc.gz", 0, 1, "ab"),
    )
    outcome, state, page, change = settle(ctx, NOW, FRESH)
    assert outcome == "fetched"
    assert page is not None
    assert change.page == page
    assert (page.id, page.key, page.etag, page.content) == (7, ARTICLE, '"1"', Content("text/html", 4, "ab", "utf-8"))
    assert [(one.key, one.page_id, one.redirects) for one in change.states] == [
        (SHORT, 7, (Redirect(SHORT, SHORT, 301),)),
        (ARTICLE, 7, ()),
    ]
    assert state == change.states[0]
    assert state.fresh_until == NOW + FRESH.success


def test_a_chain_to_a_known_page_takes_it_over() -> None:
    ctx = context(result=chained(None), known={SHORT: Known(), ARTICLE: Known(False, GOOD, PAGE)})
    outcome, state, page, change = settle(ctx, NOW, FRESH)
    assert (outcome, page, change.page) == (REUSED, PAGE, None)
    assert (state.page_id, state.resolved_url, state.redirects) == (3, ARTICLE, (Redirect(SHORT, SHORT, 301),))


def test_what_is_reused_itself_changes_nothing() -> None:
    known = {ARTICLE: Known(False, GOOD, PAGE)}
    ctx = context(ARTICLE, known=known, settled=Settled(Status.FETCHED, REUSED))
    outcome, state, page, change = settle(ctx, NOW, FRESH)
    assert (outcome, state, page, change.states) == (REUSED, GOOD, PAGE, ())


@pytest.mark.parametrize(
    ("settled", "answer", "seconds"),
    [
        (Settled(Status.HTTP_ERROR, "http_error", "404"), response(404), FRESH.client_error),
        (Settled(Status.HTTP_ERROR, "http_error", "500"), response(500), FRESH.server_error),
        (Settled(Status.HTTP_ERROR, "http_error", "429"), response(429), FRESH.server_error),
        (Settled(Status.INTERSTITIAL, "interstitial", "consent"), response(), FRESH.client_error),
        (Settled(Status.ROBOTS_DENIED, "robots_denied", "no"), Ended(Ending.ROBOTS_DENIED, "no"), FRESH.robots_denied),
        (Settled(Status.TIMED_OUT, "timed_out", "slow"), Ended(Ending.TIMED_OUT, "slow"), FRESH.server_error),
    ],
)
def test_an_ending_is_stored_for_the_whole_chain(settled: Settled, answer: Any, seconds: float) -> None:
    outcome, state, page, change = settle(context(result=chained(answer), settled=settled), NOW, FRESH)
    assert (outcome, page, change.page) == (settled.outcome, None, None)
    assert [(one.status, one.reason) for one in change.states] == [(settled.status, settled.reason)] * 2
    assert state.fresh_until == NOW + seconds
    assert state.resolved_url == ARTICLE


def test_a_failure_keeps_good_metadata() -> None:
    settled = Settled(Status.TIMED_OUT, "timed_out", "slow")
    ctx = context(
        ARTICLE,
        known={ARTICLE: Known(False, GOOD, PAGE)},
        result=FetchResult(ARTICLE, (), Ended(Ending.TIMED_OUT, "slow")),
        settled=settled,
    )
    outcome, state, page, _ = settle(ctx, NOW, FRESH)
    assert (outcome, state.status, state.page_id, page) == ("timed_out", Status.FETCHED, 3, PAGE)
    assert state.last_error is not None
    assert (state.last_error.status, state.last_error.reason) == (Status.TIMED_OUT, "slow")
    assert state.fresh_until == NOW + FRESH.server_error


def test_not_modified_keeps_the_page_and_forgets_the_error() -> None:
    known = {ARTICLE: Known(False, replace(GOOD, reason="old"), PAGE)}
    ctx = context(ARTICLE, known=known, result=FetchResult(ARTICLE, (), response(304)))
    outcome, state, page, change = settle(ctx, NOW, FRESH)
    assert (outcome, state.page_id, state.checked_at, page) == ("fetched", 3, NOW, PAGE)
    assert state.last_error is None
    assert change.page is None


def test_a_dropped_target_ends_the_chain_with_its_reason() -> None:
    settled = Settled(Status.BLOCKED_DOMAIN, "blocked_domain", "news.test is blocked")
    outcome, state, _, _ = settle(context(result=chained(None), settled=settled), NOW, FRESH)
    assert (outcome, state.status, state.reason) == ("blocked_domain", Status.BLOCKED_DOMAIN, "news.test is blocked")
