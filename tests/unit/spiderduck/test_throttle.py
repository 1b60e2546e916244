"""The limits' tables are bounded, and time that goes back opens nothing."""

import pytest

from spiderduck.api.front.throttle import Buckets, FailedCalls, Rate


def test_the_table_of_sources_is_bounded() -> None:
    failed = FailedCalls(most=10)
    for number in range(1000):
        for _ in range(11):
            failed.failed(f"10.0.{number // 250}.{number % 250}", 1.0)
    assert len(failed._sources) == 10
    assert failed.wait("10.0.3.249", 1.0) == 1.0
    assert failed.wait("10.0.0.1", 1.0) == 0.0


def test_where_wrong_keys_are_not_counted_nobody_waits() -> None:
    failed = FailedCalls(free=0)
    for _ in range(1000):
        failed.failed("10.0.0.1", 1.0)
    assert failed.wait("10.0.0.1", 1.0) == 0.0


def test_the_table_of_buckets_is_bounded_and_time_that_goes_back_gives_nothing() -> None:
    buckets = Buckets(most=3)
    for number in range(100):
        buckets.take(str(number), Rate(1.0, 2), 10.0)
    assert len(buckets._buckets) == 3
    rate = Rate(1.0, 1)
    assert [buckets.take("one", rate, now).wait for now in (10.0, 5.0, 5.5, 6.5)] == [0.0, 1.0, 0.5, 0.0]


@pytest.mark.parametrize("per_second", [5e-324, 1e-320, 1e-308, 1e-12])
def test_a_rate_that_never_fills_a_bucket_is_told_in_numbers(per_second: float) -> None:
    """No setting lets it in; the arithmetic holds all the same."""
    buckets, rate = Buckets(), Rate(per_second, 1)
    for now in (0.0, 1.0, 1e9):
        taken = buckets.take("key", rate, now)
        assert taken.wait <= 1e12
        assert all(part.partition("=")[2].isdigit() for text in taken.headers.values() for part in text.split(";")[1:])
