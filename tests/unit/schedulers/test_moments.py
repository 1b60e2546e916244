"""Moments in records: what RFC 3339 can say, and what comes nearest to the rest."""

import math

import pytest

from schedulers.record import iso_time


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_900_000_000.125, "2030-03-17T17:46:40.125Z"),
        (253_402_300_798.5, "9999-12-31T23:59:58.500Z"),
        (253_402_300_800.0, "9999-12-31T23:59:59.000Z"),
        (3e12, "9999-12-31T23:59:59.000Z"),
        (1e300, "9999-12-31T23:59:59.000Z"),
        (math.inf, "9999-12-31T23:59:59.000Z"),
        (math.nan, "9999-12-31T23:59:59.000Z"),
        (-1e18, "0001-01-01T00:00:00.000Z"),
        (-math.inf, "0001-01-01T00:00:00.000Z"),
    ],
)
def test_every_moment_can_be_said(moment: float, text: str) -> None:
    assert iso_time(moment) == text
