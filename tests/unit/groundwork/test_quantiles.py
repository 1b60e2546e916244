"""Estimates from buckets: within the right one, never beyond the last bound, nothing from nothing."""

import pytest

from groundwork.histogram import SECONDS, Histogram, quantile

INF = float("inf")


def test_nothing_has_no_quantile() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({1.0: 0}, 0.5) is None


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({1.0: 10}, 0.5, 0.5),
        ({1.0: 10, 2.0: 10}, 0.75, 1.5),
        ({1.0: 1, 2.0: 0, 4.0: 1}, 1.0, 4.0),
        ({1.0: 1, INF: 99}, 0.99, 1.0),
        ({INF: 3}, 0.5, 0.0),
    ],
)
def test_a_bucket_is_taken_for_evenly_filled(counts: dict[float, int], share: float, expected: float) -> None:
    assert quantile(counts, share) == pytest.approx(expected)


def test_an_empty_bucket_that_was_left_out_bounds_the_next_one() -> None:
    assert quantile({1.0: 10}, 0.5, (0.5, 1.0)) == pytest.approx(0.75)


def test_a_histogram_tells_its_buckets_by_bound() -> None:
    histogram = Histogram(SECONDS)
    for seconds in (0.0004, 0.3, 0.4, 1000.0):
        histogram.observe(seconds)
    assert histogram.by_bound == {"0.001": 1, "0.5": 2, "inf": 1}
