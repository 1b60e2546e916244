"""Query strings."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagepipe.errors import ImageError, InvalidVariant
from imagepipe.model import Filter, Variant
from imagepipe.variants.query import parse_variant, read_query


def test_every_parameter_reaches_its_field() -> None:
    """All at once."""
    query = "src=x&w=10&h=20&fit=cover&format=JPG&q=33&dpr=2&gravity=0.1,0.2&bg=%23AABBCC&enlarge=1&animate=0"
    variant = parse_variant(read_query(query + "&copyright=1&filters=blur:4,grayscale"), {})
    assert variant == Variant(
        10, 20, "cover", "jpeg", 33, 2.0, "0.1,0.2", "aabbcc", True, False, True,
        (Filter("blur", 4.0), Filter("grayscale", 1)),
    )  # fmt: skip


def test_a_preset_comes_first_and_can_be_overridden() -> None:
    """The query's own parameters win."""
    presets = {"small": "w=100&h=100&fit=cover"}
    assert parse_variant({"preset": "small", "w": "50"}, presets) == Variant(50, 100, "cover")


@pytest.mark.parametrize(
    "query",
    ["w=0", "w=-1", "w=99999", "w=1.5", "w=²", "w=", "h=abc", "q=0", "q=101", "dpr=0", "dpr=nan", "dpr=inf", "dpr=x",
     "fit=stretch", "gravity=up", "bg=red", "bg=12345", "bg=zzzzzz", "enlarge=maybe", "filters=melt", "filters=blur:x",
     "filters=blur:1000", "preset=none", "width=10", "w=1&w=2"],
)  # fmt: skip
def test_what_is_out_of_range_is_refused_by_name(query: str) -> None:
    """The message begins with the parameter or says what is known."""
    with pytest.raises(InvalidVariant):
        parse_variant(read_query(query), {})


@pytest.mark.parametrize(
    "filters",
    ["blur,blur", "blur:1,sepia,blur:2", "blur,sepia,sharpen,contrast,vignette", "blur:50," * 600, "," * 9 + "blur",
     "blur:nan", "blur:1e3"],
)  # fmt: skip
def test_filters_are_few_and_each_is_there_once(filters: str) -> None:
    with pytest.raises(InvalidVariant, match="filter"):
        parse_variant({"filters": filters}, {})


@pytest.mark.parametrize("filters", ["", "blur:50,sepia,sharpen,contrast", "blur, sepia", "grayscale"])
def test_a_few_filters_are_fine(filters: str) -> None:
    assert len(parse_variant({"filters": filters}, {}).filters) == len([one for one in filters.split(",") if one])


@given(st.text(max_size=60))
def test_no_query_raises_anything_else(query: str) -> None:
    """Whatever is sent, the answer is a variant or an ImageError."""
    with suppress(ImageError):
        assert isinstance(parse_variant(read_query(query), {"p": "w=3"}), Variant)
