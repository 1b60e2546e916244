"""The story of a URL: every step has its time, and they come in the order of these."""

from dataclasses import replace

import pytest

from schedulers.model import Content, HopTrace, Known, LastError, Page, Redirect, Status, UrlState
from schedulers.record import iso_time
from schedulers.why import Story, story

NOW = 1_800_000_000.0
SHORT, URL = "http://short.test/x", "http://news.test/a"
HOPS = (
    HopTrace(SHORT, NOW - 10.0, "301", 1_500, 20, 30, 40, 50, 0, False, "Allow: /"),
    HopTrace(URL, NOW - 9.8, "200", 0, 0, 0, 0, 300, 200, True, None),  # a part of its 300 ms is before the one above
)
PAGE = Page(3, URL, URL, NOW - 9.8, 200, Content("text/html", 1, "00"), b'{"title":"A"}', b'{"title":{"rule":"title"}}')
STATE = UrlState(
    SHORT, SHORT, Status.FETCHED, page_id=3, checked_at=NOW - 9.7, fresh_until=NOW + 60, trace=HOPS,
    redirects=(Redirect(SHORT, SHORT, 301),),
)  # fmt: skip
OLD = replace(PAGE, fetched_at=NOW - 9_000)
TIMED_OUT = HopTrace(URL, 0.0, "timed_out")
ERROR = LastError(Status.TIMED_OUT, "it took too long", NOW - 1)
KNOWN = {
    "nothing": Known(),
    "a page and how it was reached": Known(state=STATE, page=PAGE),
    "on its way": Known(state=UrlState(URL, URL, Status.PENDING, marked_at=NOW - 5)),
    "on its way, nobody knows since when": Known(state=UrlState(URL, URL, Status.PENDING)),
    "put off": Known(state=UrlState(URL, URL, Status.DEFERRED, reason="it asked", checked_at=NOW - 3, until=NOW + 9)),
    "no answer": Known(state=replace(STATE, page_id=None, status=Status.TIMED_OUT, trace=(HOPS[0], TIMED_OUT))),
    "no answer, and an older page": Known(
        state=replace(STATE, trace=(TIMED_OUT,), checked_at=NOW - 1, last_error=ERROR), page=OLD
    ),
    "gone for long": Known(state=replace(STATE, gone_since=NOW - 500), page=OLD),
    "stale": Known(state=replace(STATE, fresh_until=NOW - 5), page=PAGE),
    "a wall": Known(state=replace(STATE, status=Status.INTERSTITIAL, blocked_by="consent"), page=OLD),
}


def told(why: str) -> Story:
    return story(URL, KNOWN[why], None, NOW)


@pytest.mark.parametrize("why", KNOWN)
def test_steps_have_a_time_and_are_in_its_order(why: str) -> None:
    moments = [step.at for step in told(why).steps]
    assert moments
    assert moments == sorted(moments)


@pytest.mark.parametrize("why", KNOWN)
def test_the_critical_path_is_the_steps_that_took_time(why: str) -> None:
    found = told(why)
    assert found.total_ms == sum(phase.took_ms for phase in found.critical_path)
    assert found.total_ms == sum(step.took_ms or 0 for step in found.steps)


def test_a_step_that_takes_time_has_the_moment_at_which_it_began() -> None:
    steps = [step for step in told("a page and how it was reached").steps if step.stage != "extract"]
    assert [(step.stage, step.at) for step in steps[:8]] == [
        ("decide", iso_time(NOW - 11.64)),
        ("robots", iso_time(NOW - 11.64)),
        ("queue", iso_time(NOW - 11.64)),
        ("dns", iso_time(NOW - 10.14)),
        ("connect", iso_time(NOW - 10.12)),
        ("tls", iso_time(NOW - 10.09)),
        ("first_byte", iso_time(NOW - 10.05)),
        ("answer", iso_time(NOW - 10.0)),
    ]
    assert [step.stage for step in steps[8:]] == [
        "redirect", "robots", "connect", "first_byte", "answer", "body", "store", "store", "fresh",
    ]  # fmt: skip


def test_what_an_earlier_fetch_brought_stands_before_the_latest_one() -> None:
    stages = [step.stage for step in told("no answer, and an older page").steps]
    assert stages.index("extract") < stages.index("decide") < stages.index("answer")
