"""Text that a person will see is on one line, without anything invisible, and bounded by graphemes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulers.metadata import clean


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  a\n\t b\u00a0c ", "a b c"),
        ("Fish &amp; chips &#8217;", "Fish & chips ’"),
        ("a\u202eb\u200fc\u2066d", "abcd"),
        ("soft\u00adhyphen\ufeff", "softhyphen"),
        ("a\x00b\x1bc", "abc"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("icon \ue001", "icon"),
        ("\ud800x", "x"),
        (" \u200b ", None),
    ],
)
def test_text_is_what_a_person_may_see(raw: str, shown: str | None) -> None:
    """Whitespace collapsed, entities decoded, control, bidi and private characters out, joiners that matter kept."""
    assert clean.text(raw) == shown


@pytest.mark.parametrize("raw", ["undefined", "NULL", "[object Object]", "{{title}}", "N/A"])
def test_what_a_template_left_is_no_title(raw: str) -> None:
    """A missing value that was written out says nothing."""
    assert clean.title(raw) is None


def test_a_length_limit_never_halves_a_grapheme() -> None:
    """A family of four is one sign, an accent belongs to its letter."""
    family = "👨\u200d👩\u200d👧\u200d👦"
    assert clean.shorten(family * 5, 3) == family * 2 + "…"
    assert clean.shorten("e\u0301" * 10, 4) == "e\u0301" * 3 + "…"
    assert clean.shorten(family * 3, 3) == family * 3


def test_marks_without_end_are_cut() -> None:
    """A letter with thousands of accents is one grapheme and still no flood."""
    shown = clean.text("Z" + "\u0301" * 100_000)
    assert shown is not None
    assert len(shown) < 10


@given(st.text(st.characters()))
def test_anything_comes_out_printable_and_encodable(raw: str) -> None:
    """No control character, no lone surrogate, no line end; cleaning twice changes nothing but decoded entities."""
    shown = clean.text(raw)
    if shown is not None:
        shown.encode("utf-8")
        assert "\n" not in shown
        assert shown == " ".join(shown.split())


def test_names_are_compared_by_their_letters() -> None:
    """Case, spaces and punctuation make no difference."""
    assert clean.fold("The Daily-News!") == clean.fold("the daily news") == "thedailynews"
