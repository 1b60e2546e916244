"""Words, reading time and the digest of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulers.metadata import reading


@pytest.mark.parametrize(
    ("text", "words"),
    [("one two\nthree", 3), ("  one \n\n two\tthree  ", 3), ("one", 1), ("one\n", 1), ("", None), (" \n ", None)],
)
def test_words_are_parted_by_any_space(text: str, words: int | None) -> None:
    """However many of them stand together."""
    assert reading.measure(None, text).words == words


@given(st.text(alphabet="ab é\n\t\r", max_size=60))
def test_the_count_is_that_of_splitting(text: str) -> None:
    """As many words as splitting gives."""
    assert (reading.measure(None, text).words or 0) == len(text.split())


def test_an_ideograph_counts_as_a_word() -> None:
    """Chinese and Japanese part no words."""
    measured = reading.measure(None, "楽天市場は通販が楽しめる" * 50)
    assert measured.words is not None
    assert measured.words >= 600
    assert measured.minutes == 2


def test_the_digest_is_that_of_title_and_text() -> None:
    """Neither may change without it."""
    digests = {reading.measure(title, text).digest for title in ("a", "b") for text in ("x", "y")}
    assert len(digests) == 4
