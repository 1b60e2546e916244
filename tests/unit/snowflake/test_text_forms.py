"""Ids as sortable text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snowflake.errors import InvalidId
from snowflake.text import BASE62, CROCKFORD, DECIMAL, FORMS, TextForm

ids = st.integers(0, (1 << 63) - 1)
forms = st.sampled_from(list(FORMS.values()))


@settings(deadline=None)
@given(forms, ids, ids)
def test_text_sorts_like_the_number(form: TextForm, one: int, other: int) -> None:
    """Every form keeps the order, and reads what it wrote."""
    assert (form.write(one) < form.write(other)) == (one < other)
    assert form.read(form.write(one)) == one
    assert len(form.write(one)) == form.width


def test_a_known_id_has_its_known_text_forms() -> None:
    """A tweet's id in each."""
    assert DECIMAL.write(685259250369601537) == "0685259250369601537"
    assert BASE62.write((1 << 63) - 1) == "AzL8n0Y58m7"
    assert CROCKFORD.write(32) == "0000000000010"


def test_crockford_reads_what_people_write() -> None:
    """Lower case, look-alikes and hyphens."""
    assert CROCKFORD.read("1o-iL") == CROCKFORD.read("10-11") == 32**3 + 33


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
@pytest.mark.parametrize("text", ["", "!", "é", "z" * 40])
def test_what_is_no_id(form: TextForm, text: str) -> None:
    """Refused with the alphabet."""
    with pytest.raises(InvalidId, match="characters of"):
        form.read(text)


def test_numbers_that_are_no_ids() -> None:
    """Beyond 63 bits nothing is written, nor read."""
    with pytest.raises(InvalidId):
        BASE62.write(1 << 63)
    with pytest.raises(InvalidId):
        BASE62.read("z" * 11)
    with pytest.raises(InvalidId):
        DECIMAL.write(-1)
