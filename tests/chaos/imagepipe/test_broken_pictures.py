"""Broken pictures by chance: nothing uncaught, nothing slow, nothing large."""

import warnings

import pytest

from tests.chaos.imagepipe.broken_pictures import attack, seeds
from tests.corpora import CORPORA

_CORPORA = CORPORA / "images"


@pytest.mark.parametrize(
    ("seed", "seconds"), [(1, 3.0), pytest.param(2, 120.0, marks=pytest.mark.chaos)], ids=["short", "long"]
)
def test_each_ends_as_a_picture_or_an_image_error(seed: int, seconds: float) -> None:
    """Within the time and the memory that the limits allow; of every format, and of real pictures where they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd tags in strangers' files
        ends, failed = attack(seeds(_CORPORA if _CORPORA.is_dir() else None), seed, seconds)
    assert failed == []
    assert ends["broken_picture"] > 0
    assert ends["picture"] > 0
