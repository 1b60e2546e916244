"""Range leases never overlap."""

from hypothesis import given, settings
from hypothesis import strategies as st

from snowflake.grants import Grant, fit, last_until, running


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 1500), st.integers(0, 50), st.integers(1, 30)), max_size=40))
def test_no_two_grants_share_a_number_at_a_time(wishes: list[tuple[int, int, int]]) -> None:
    """And none reaches into the server's own numbers, or beyond the layout's."""
    grants: list[Grant] = []
    for count, start, length in wishes:
        grant = fit(grants, own=1024, sequences=4096, count=count, from_ms=start, until_ms=start + length - 1)
        if grant is not None:
            grants.append(grant)
    for number, one in enumerate(grants):
        assert 1024 <= one.first <= one.first + one.count <= 4096
        for other in grants[:number]:
            apart_in_time = one.until_ms < other.from_ms or other.until_ms < one.from_ms
            apart_in_numbers = one.first + one.count <= other.first or other.first + other.count <= one.first
            assert apart_in_time or apart_in_numbers


def test_the_gap_between_two_grants_is_used() -> None:
    """First fit, so that a renewed lease gets its old numbers again."""
    grants = [Grant(0, 10, 0, 9), Grant(20, 10, 0, 9)]
    assert fit(grants, own=0, sequences=30, count=10, from_ms=5, until_ms=8) == Grant(10, 10, 5, 8)
    assert fit(grants, own=0, sequences=30, count=11, from_ms=5, until_ms=8) is None
    assert fit(grants, own=0, sequences=30, count=11, from_ms=10, until_ms=18) == Grant(0, 11, 10, 18)


def test_a_grant_ends_after_its_last_millisecond() -> None:
    """The last millisecond still counts."""
    grants = [Grant(0, 1, 0, 9), Grant(1, 1, 0, 20)]
    assert running(grants, 9) == tuple(grants)
    assert running(grants, 10) == (grants[1],)
    assert last_until(grants) == 20
    assert last_until([]) == 0
