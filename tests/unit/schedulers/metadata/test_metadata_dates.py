"""Dates in all their spellings become ISO 8601, unless they can be read in two ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulers.metadata import dates


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2021-11-01T10:52:50+0100", "2021-11-01T10:52:50+01:00"),
        ("2015-03-27T13:07:55.096Z", "2015-03-27T13:07:55.096Z"),
        ("2019-04-28 06:01:07", "2019-04-28T06:01:07"),
        ("2019-04-28T06:01", "2019-04-28T06:01"),
        ("2020-09-21", "2020-09-21"),
        ("20170113", "2017-01-13"),
        ("2017/01/13", "2017-01-13"),
        ("2019-04-28T06:01:07 UTC", "2019-04-28T06:01:07Z"),
        ("2021年3月5日", "2021-03-05"),
        ("Fri, 13 Jan 2017 00:00:04 -0500", "2017-01-13T00:00:04-05:00"),
        ("Fri, 13 Jan 2017 00:00:04 GMT", "2017-01-13T00:00:04Z"),
        ("Jan. 13, 2017", "2017-01-13"),
        ("April 28, 2019 at 6:01 am", "2019-04-28T06:01"),
        ("28 April 2019 6:01 PM", "2019-04-28T18:01"),
        ("5. März 2021", "2021-03-05"),
        ("le 5 mai 2015 à 18:30", "2015-05-05T18:30"),
        ("13/01/2017", "2017-01-13"),
        ("05/29/2007 09:49:00", "2007-05-29T09:49:00"),
        ("13.01.2017", "2017-01-13"),
        ("1429000000", "2015-04-14T08:26:40Z"),
        ("1429000000000", "2015-04-14T08:26:40Z"),
    ],
)
def test_a_date_is_as_exact_as_it_was_written(written: str, iso: str) -> None:
    """Day, minute or second; the offset where one was given."""
    assert dates.iso(written) == iso


@pytest.mark.parametrize(
    "written",
    [
        "03/04/2021",
        "yesterday",
        "0001-01-01T00:00:00",
        "2021-13-40",
        "12345",
        "",
        " ",
        "9999-01-01",
        "Feb 31, 2020",
        "x" * 99,
    ],
)
def test_what_is_no_single_date_is_none(written: str) -> None:
    """Two readings, none, or a year that a template left."""
    assert dates.iso(written) is None


@given(st.text(max_size=70))
def test_any_text_is_read_or_refused(written: str) -> None:
    """No text raises, and what is read can be read back."""
    iso = dates.iso(written)
    if iso is not None:
        assert dates.moment(iso).year >= dates.FIRST_YEAR


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_what_python_writes_is_read(moment: object) -> None:
    """Every ISO text within the years that pages have, but the moment that means that nobody set a date."""
    written = moment.isoformat(timespec="seconds")  # type: ignore[attr-defined]
    in_time = dates.FIRST_YEAR <= moment.year <= dates.LAST_YEAR  # type: ignore[attr-defined]
    if in_time and len(written) <= 25 and not written.startswith("1970-01-01T00:00:00"):
        assert dates.iso(written) == written
