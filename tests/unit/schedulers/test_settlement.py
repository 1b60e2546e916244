"""What one handling leaves in the store, for every way in which it can end."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fetchers.model import Ended, Ending, FetchResult, Hop, Response
from schedulers.config import Freshness
from schedulers.context import Dropped, Failed, NewPage, NotModified, Reached, Reused, Understood
from schedulers.links import Chain, Link, chain_of, identify
from schedulers.metadata import Metadata, Signal, Usage, encode_metadata
from schedulers.model import (
    REUSED,
    ArchiveLocation,
    Content,
    Failure,
    Known,
    LastError,
    Page,
    Redirect,
    Status,
    UrlState,
)
from schedulers.record import record_of
from schedulers.settlement import UNKNOWN, fresh_seconds, page_of, settle

NOW, FRESH = 5_000.0, Freshness()
SHORT, ARTICLE = "http://s.test/x", "http://news.test/a"
PAGE = Page(3, ARTICLE, ARTICLE, 100.0, 200, Content("text/html", 1, "00"), b'{"title":"Old"}', b"{}")
GOOD = UrlState(ARTICLE, ARTICLE, Status.FETCHED, page_id=3, resolved_url=ARTICLE, fresh_until=1.0)


def response(status: int = 200, url: str = ARTICLE) -> Response:
    return Response(url, status, (("content-type", "text/html; charset=utf-8"), ("etag", '"1"')), b"body", 4_999.0)


def chained(outcome: Any) -> Chain:
    return chain_of(Link(SHORT, SHORT), {SHORT: Known()}, FetchResult(ARTICLE, (Hop(SHORT, 301),), outcome))


def test_a_fetched_chain_gives_every_url_the_page() -> None:
    metadata = Metadata(title="New", canonical_url=ARTICLE, encoding="utf-8")
    understood = Understood(chained(response()), response(), metadata)
    new = page_of(understood, 7, encode_metadata(metadata), ArchiveLocation("one.warc.gz", 0, 1, "ab"))
    settled = settle(NewPage(understood.chain, new), NOW, FRESH)
    state, page, change = settled.state, settled.page, settled.change
    assert settled.outcome == "fetched"
    assert page is not None
    assert change.page == page
    assert (page.id, page.key, page.etag, page.content) == (7, ARTICLE, '"1"', Content("text/html", 4, "ab", "utf-8"))
    assert [(one.key, one.page_id, one.redirects) for one in change.states] == [
        (SHORT, 7, (Redirect(SHORT, SHORT, 301),)),
        (ARTICLE, 7, ()),
    ]
    assert state == change.states[0]
    assert state.fresh_until == NOW + FRESH.success


@pytest.mark.parametrize(("ends", "until"), [(60.0, 60.0), (-60.0, None), (10.0**9, None)])
def test_a_page_is_due_again_when_it_does_not_want_to_be_shown_any_more(ends: float, until: float | None) -> None:
    """From then on its record would tell too much; a moment that has passed changes nothing."""
    moment = datetime.fromtimestamp(NOW + ends, UTC).isoformat()
    usage = Usage(unavailable_after=Signal(moment, "meta:robots"))
    understood = Understood(chained(response()), response(), Metadata(title="New", usage=usage))
    new = page_of(understood, 7, b"{}", ArchiveLocation("one.warc.gz", 0, 1, "ab"))
    settled = settle(NewPage(understood.chain, new), NOW, FRESH)
    assert settled.state.fresh_until == NOW + (FRESH.success if until is None else until)


def test_a_chain_to_a_known_page_takes_it_over() -> None:
    settled = settle(Reached(chained(None), Reused(GOOD, PAGE)), NOW, FRESH)
    state = settled.state
    assert (settled.outcome, settled.page, settled.change.page) == (REUSED, PAGE, None)
    assert (state.page_id, state.resolved_url, state.redirects) == (3, ARTICLE, (Redirect(SHORT, SHORT, 301),))


def test_what_is_reused_itself_changes_nothing() -> None:
    settled = settle(Reused(GOOD, PAGE), NOW, FRESH)
    assert (settled.outcome, settled.state, settled.page, settled.change.states) == (REUSED, GOOD, PAGE, ())


@pytest.mark.parametrize(
    ("failure", "answer", "seconds"),
    [
        (Failure(Status.HTTP_ERROR, "404"), response(404), FRESH.client_error),
        (Failure(Status.HTTP_ERROR, "500"), response(500), FRESH.server_error),
        (Failure(Status.HTTP_ERROR, "429"), response(429), FRESH.server_error),
        (Failure(Status.INTERSTITIAL, "consent"), response(), FRESH.client_error),
        (Failure(Status.ROBOTS_DENIED, "no"), Ended(Ending.ROBOTS_DENIED, "no"), FRESH.robots_denied),
        (Failure(Status.TIMED_OUT, "slow"), Ended(Ending.TIMED_OUT, "slow"), FRESH.server_error),
    ],
)
def test_an_ending_is_stored_for_the_whole_chain(failure: Failure, answer: Any, seconds: float) -> None:
    code = answer.status_code if isinstance(answer, Response) else None
    settled = settle(Failed(chained(answer), failure, code), NOW, FRESH)
    state, change = settled.state, settled.change
    assert (settled.outcome, settled.page, change.page) == (failure.status.value, None, None)
    assert [(one.status, one.reason) for one in change.states] == [(failure.status, failure.reason)] * 2
    assert state.fresh_until == NOW + seconds
    assert state.resolved_url == ARTICLE


@pytest.mark.parametrize("fetched", [True, False])
def test_a_failure_keeps_good_metadata(fetched: bool) -> None:
    """Also one that ended the handling before or after a fetch (given up, blocked since)."""
    link, known, failure = Link(ARTICLE, ARTICLE), Known(False, GOOD, PAGE), Failure(Status.TIMED_OUT, "slow")
    chain = chain_of(link, {ARTICLE: known}, FetchResult(ARTICLE, (), Ended(Ending.TIMED_OUT, "slow")))
    settled = settle(Failed(chain, failure) if fetched else Dropped(link, known, failure), NOW, FRESH)
    state = settled.state
    assert (settled.outcome, state.status, state.page_id, settled.page) == ("timed_out", Status.FETCHED, 3, PAGE)
    assert state.last_error is not None
    assert (state.last_error.status, state.last_error.reason) == (Status.TIMED_OUT, "slow")
    assert state.fresh_until == (NOW + FRESH.server_error if fetched else None)


def test_not_modified_keeps_the_page_and_forgets_the_error() -> None:
    settled = settle(NotModified(replace(GOOD, reason="old"), PAGE), NOW, FRESH)
    state = settled.state
    assert (settled.outcome, state.page_id, state.checked_at, settled.page) == ("fetched", 3, NOW, PAGE)
    assert state.last_error is None
    assert settled.change.page is None


def test_a_dropped_target_ends_the_chain_with_its_reason() -> None:
    failure = Failure(Status.BLOCKED_DOMAIN, "news.test is blocked")
    settled = settle(Failed(chained(None), failure), NOW, FRESH)
    state = settled.state
    assert (settled.outcome, state.status) == ("blocked_domain", Status.BLOCKED_DOMAIN)
    assert state.reason == "news.test is blocked"
    assert [one.key for one in settled.change.states] == [SHORT]


def test_why_a_link_was_not_fetched_stands_in_its_record_as_a_word_and_a_sentence() -> None:
    failure = Failure(Status.NOT_FETCHED, "it works once", "one_time")
    link = identify("http://news.test/once")
    for result in (Dropped(link, UNKNOWN, failure), Failed(chained(None), failure)):
        settled = settle(result, NOW, FRESH)
        record = record_of(settled.state, settled.page)
        assert (record.status, record.reason_code, record.reason) == ("not_fetched", "one_time", "it works once")


def test_a_page_that_became_one_keeps_what_was_known() -> None:
    failure = Failure(Status.NOT_FETCHED, "it works once", "one_time")
    link = identify(ARTICLE)
    settled = settle(Dropped(link, Known(state=GOOD, page=PAGE), failure), NOW, FRESH)
    record = record_of(settled.state, settled.page)
    assert record.last_error is not None
    assert (record.status, record.last_error.reason_code) == ("fetched", "one_time")


@pytest.mark.parametrize(
    ("code", "gone"), [(404, True), (410, True), (403, False), (429, False), (500, False), (None, False)]
)
def test_a_page_that_is_gone_keeps_its_metadata_and_says_since_when(code: int | None, gone: bool) -> None:
    failure = Failure(Status.HTTP_ERROR, "its server answered so")
    known = Known(state=GOOD, page=PAGE)
    chain = chain_of(identify(ARTICLE), {ARTICLE: known}, FetchResult(ARTICLE, (), response(404)))
    settled = settle(Failed(chain, failure, code), NOW, FRESH)
    record = record_of(settled.state, settled.page)
    assert record.status == "fetched"
    assert bytes(record.metadata or b"") == PAGE.metadata
    assert (settled.state.gone_since == NOW) == gone
    assert (record.gone_since is not None) == gone


def test_gone_counts_from_the_first_time_and_ends_with_an_answer() -> None:
    failure, gone = Failure(Status.HTTP_ERROR, "its server answered 410"), replace(GOOD, gone_since=10.0)
    known = {ARTICLE: Known(state=gone, page=PAGE)}
    chain = chain_of(identify(ARTICLE), known, FetchResult(ARTICLE, (), response(410)))
    assert settle(Failed(chain, failure, 410), NOW, FRESH).state.gone_since == 10.0
    away = Failure(Status.TIMED_OUT, "slow")
    assert settle(Failed(chain, away), NOW, FRESH).state.gone_since == 10.0, "nobody said that it is back"
    assert settle(NotModified(gone, PAGE), NOW, FRESH).state.gone_since is None
    metadata = Metadata(title="Back")
    understood = Understood(chain, response(), metadata)
    page = page_of(understood, 7, encode_metadata(metadata), None)
    assert settle(NewPage(chain, page), NOW, FRESH).state.gone_since is None


def test_what_was_never_there_is_not_gone() -> None:
    settled = settle(Failed(chained(response(404)), Failure(Status.HTTP_ERROR, "404"), 404), NOW, FRESH)
    assert (settled.state.status, settled.state.gone_since) == (Status.HTTP_ERROR, None)


def test_a_name_without_an_address_is_asked_for_again_soon_and_then_less_often() -> None:
    """A minute, then twice as long each time, up to what a 4xx gets; an answer between starts anew."""
    settings, kept = Freshness(), list[float]()
    before: UrlState | None = None
    for _ in range(12):
        kept.append(fresh_seconds(Status.DNS_ERROR, None, settings, before))
        before = UrlState("k", "http://a.test/", Status.DNS_ERROR, checked_at=1000.0, fresh_until=1000.0 + kept[-1])
    assert kept == [min(60.0 * 2**n, settings.client_error) for n in range(12)]
    page = UrlState("k", "http://a.test/", Status.FETCHED, page_id=1, checked_at=1000.0, fresh_until=87_400.0)
    assert fresh_seconds(Status.DNS_ERROR, None, settings, page) == 60.0
    again = replace(page, last_error=LastError(Status.DNS_ERROR, "no", 1000.0), fresh_until=1060.0)
    assert fresh_seconds(Status.DNS_ERROR, None, settings, again) == 120.0
