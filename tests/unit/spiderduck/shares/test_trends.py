"""What is trending, against streams whose answer is worked out by hand."""

import pytest

from spiderduck.shares.model import Item
from spiderduck.shares.trends import (
    COOLDOWN,
    HALF_LIFE,
    HOUR,
    WINDOWS,
    Peak,
    Sliding,
    Tally,
    distribution,
    peak_of,
    per_hour,
    rank,
    score,
    tally,
)

NOON = 1_800_000_000.0
DAY = WINDOWS["day"]
ITEM = Item("links", "https://news.test/a")


def people(count: int, at: float, first: int = 0) -> list[tuple[float, bytes]]:
    """So many different people share at one moment."""
    return [(at, bytes([first + number])) for number in range(count)]


@pytest.mark.parametrize(
    ("observed", "expected", "reached"),
    [
        (12, 3, 27.0),  # (12 - 3)² / 3
        (10, 0, 81.0),  # nobody before counts as one
        (10, 1, 81.0),
        (4, 0, 0.0),  # fewer than five
        (5, 0, 16.0),
        (6, 7, 0.0),  # less than before
        (7, 7, 0.0),  # as before
    ],
)
def test_the_score_is_how_far_the_observed_lies_above_the_expected(
    observed: int, expected: int, reached: float
) -> None:
    """As Mastodon has it, from five sharers on."""
    assert score(Tally(observed, expected), 5) == reached


def test_who_shares_again_counts_once_in_a_window() -> None:
    """Sharers are counted, not shares."""
    shares = sorted([*people(3, NOON - 30 * HOUR), *people(6, NOON), *people(6, NOON - HOUR)])
    assert tally(shares, DAY, NOON) == Tally(observed=6, expected=3)


def test_a_window_ends_now_and_begins_behind_its_first_moment() -> None:
    """Exactly a day ago is the day before."""
    shares = [(NOON - 48 * HOUR, b"a"), (NOON - 24 * HOUR, b"b"), (NOON - 24 * HOUR + 1, b"c"), (NOON, b"d")]
    assert tally(shares, DAY, NOON) == Tally(observed=2, expected=1)


def test_what_moves_out_of_a_window_is_forgotten() -> None:
    """Two windows that slide over the shares give what counting anew gives."""
    shares = sorted((NOON + 1800 * number % 977 * 60, bytes([number % 7])) for number in range(200))
    sliding = Sliding(DAY, shares)
    for at, _ in shares:
        assert sliding.until(at) == tally([one for one in shares if one[0] <= at], DAY, at)


def test_a_peak_halves_every_eight_hours_and_is_forgotten_after_two_days() -> None:
    """So that what was shared most goes down while nobody shares it."""
    peak = Peak(ITEM, "day", 64.0, NOON)
    assert peak.now(NOON) == 64.0
    assert peak.now(NOON + HALF_LIFE) == 32.0
    assert peak.now(NOON + 6 * HALF_LIFE) == 1.0
    assert peak.now(NOON + COOLDOWN + 1) == 0.0


def test_the_order_of_two_peaks_is_the_same_at_every_moment() -> None:
    """A younger, lower one may stand before an older, higher one."""
    older, younger = Peak(ITEM, "day", 64.0, NOON), Peak(ITEM, "day", 40.0, NOON + HALF_LIFE)
    assert younger.order > older.order
    assert younger.now(NOON + HALF_LIFE) > older.now(NOON + HALF_LIFE)


def test_the_peak_of_a_stream_is_the_highest_score_on_its_way() -> None:
    """Two people yesterday, eight today: (8 - 2)² / 2 = 18, reached with the last of them."""
    stream = [*people(2, NOON - 30 * HOUR), *people(7, NOON - 2 * HOUR, 10), *people(1, NOON, 50)]
    assert peak_of(ITEM, DAY, stream, 5) == Peak(ITEM, "day", 18.0, NOON)


def test_a_quiet_link_has_no_peak() -> None:
    """One person who shares a hundred times makes no trend."""
    assert peak_of(ITEM, DAY, [(NOON + number, b"a") for number in range(100)], 5) is None


def test_an_old_peak_gives_way_to_a_lower_new_one() -> None:
    """After two days it is forgotten."""
    stream = [*people(20, NOON), *people(6, NOON + 5 * 24 * HOUR, 100)]
    assert peak_of(ITEM, DAY, stream, 5) == Peak(ITEM, "day", 25.0, NOON + 5 * 24 * HOUR)


def test_the_distribution_tells_hour_by_hour() -> None:
    """The oldest first, in parts of the best hour."""
    shares = [*people(1, NOON - 2.5 * HOUR), *people(4, NOON - HOUR), *people(2, NOON), (NOON - 0.5 * HOUR, b"other")]
    assert per_hour(shares, 3, NOON) == [1, 4, 3]
    assert distribution(per_hour(shares, 3, NOON)) == [25, 100, 75]


def test_a_rank_lies_between_one_and_a_hundred() -> None:
    """And grows with the score."""
    ranks = [rank(reached) for reached in (1.0, 18.0, 100.0, 10_000.0, 1e12)]
    assert ranks == sorted(ranks)
    assert (ranks[0], ranks[2], ranks[-1]) == (1, 50, 100)
