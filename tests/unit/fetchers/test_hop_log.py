"""One line for each hop, with where its time went, and nothing of the query."""

import logging

import pytest

from fetchers.hop_log import note
from fetchers.model import Ended, Ending, HopRequest, NotNow, Response, Timings
from fetchers.urls import without_query

URL = "https://www.news.test/a?user=private"


def request(purpose: str = "page") -> HopRequest:
    return HopRequest(URL, 0.0, 0.0, purpose=purpose)  # type: ignore[arg-type]


ANSWER = Response(URL, 200, (), b"", 0.0, timings=Timings(0.5, 0.01, 0.02, 0.03, 0.1))


def test_an_answer_tells_its_times(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    note(request(), ANSWER, 1234, 0.75)
    (record,) = caplog.records
    assert record.getMessage() == "hop: answered 200 https://www.news.test/a?…"
    fields = record.__dict__
    assert (fields["domain"], fields["ending"], fields["status"]) == ("news.test", "answered", 200)
    assert (fields["bytes"], fields["ms"], fields["waited_ms"]) == (1234, 750.0, 500.0)
    assert (fields["connect_ms"], fields["first_byte_ms"]) == (60.0, 100.0)
    assert "private" not in str(fields)


def test_an_ending_tells_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    note(request(), Ended(Ending.DNS_ERROR, "there is no such name"), 0, 0.1)
    (record,) = caplog.records
    assert record.getMessage() == "hop: dns_error https://www.news.test/a?…"
    assert record.__dict__["reason"] == "there is no such name"


def test_robots_files_and_put_off_turns_are_details(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    note(request("robots"), ANSWER, 0, 0.1)
    note(request(), NotNow(5.0, "its turn comes later"), 0, 0.1)
    assert [record.levelname for record in caplog.records] == ["DEBUG", "DEBUG"]


def test_what_is_no_url_is_logged_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    note(HopRequest("no url", 0.0, 0.0), Ended(Ending.INVALID_URL, "no URL"), 0, 0.0)
    assert len(caplog.records) == 1


def test_queries_and_fragments_are_cut() -> None:
    assert without_query("http://a.test/?q#f") == "http://a.test/?…"
    assert without_query("http://a.test/#f?q") == "http://a.test/"
