"""Sizes, crops and orientation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagepipe.errors import InvalidVariant
from imagepipe.model import Variant
from imagepipe.rendering.geometry import focus, lay_out, stored_box, stored_size

_side = st.integers(1, 3000)


@pytest.mark.parametrize(
    ("variant", "size", "canvas"),
    [
        (Variant(), (800, 600), None),
        (Variant(width=400), (400, 300), None),
        (Variant(height=300), (400, 300), None),
        (Variant(width=400, height=100), (133, 100), None),
        (Variant(width=1600), (800, 600), None),
        (Variant(width=1600, enlarge=True), (1600, 1200), None),
        (Variant(width=200, dpr=2), (400, 300), None),
        (Variant(width=100, height=100, fit="cover"), (100, 100), None),
        (Variant(width=1000, height=1000, fit="cover"), (600, 600), None),
        (Variant(width=1000, height=1000, fit="cover", enlarge=True), (1000, 1000), None),
        (Variant(width=400, height=400, fit="contain"), (400, 300), (400, 400)),
        (Variant(width=400, height=400, fit="fill"), (400, 400), None),
        (Variant(width=1000, height=10, fit="fill"), (800, 10), None),
    ],
)
def test_fits(variant: Variant, size: tuple[int, int], canvas: tuple[int, int] | None) -> None:
    """Each way to fit 800×600."""
    geometry = lay_out((800, 600), variant)
    assert (geometry.size, geometry.canvas) == (size, canvas)


@given(_side, _side, st.none() | _side, st.none() | _side, st.sampled_from(["inside", "cover", "contain", "fill"]))
def test_never_enlarged_and_always_inside(
    width: int, height: int, wanted_width: int | None, wanted_height: int | None, fit: str
) -> None:
    """The crop lies within the picture, every side has a pixel, and nothing is enlarged unasked."""
    geometry = lay_out((width, height), Variant(wanted_width, wanted_height, fit))  # type: ignore[arg-type]
    left, top, right, bottom = geometry.crop
    assert 0 <= left < right <= width + 1e-6
    assert 0 <= top < bottom <= height + 1e-6
    assert 1 <= geometry.size[0] <= width
    assert 1 <= geometry.size[1] <= height


@pytest.mark.parametrize(
    ("gravity", "left_top"),
    [("center", (100, 0)), ("west", (0, 0)), ("northeast", (200, 0)), ("0.25,0.9", (50, 0))],
)
def test_gravity_moves_the_crop(gravity: str, left_top: tuple[float, float]) -> None:
    """A square out of 800×600 leaves 200 pixels of room to move in."""
    geometry = lay_out((800, 600), Variant(width=100, height=100, fit="cover", gravity=gravity))
    assert geometry.crop[:2] == pytest.approx(left_top)


@pytest.mark.parametrize("gravity", ["nowhere", "1", "0.5,1.5", "a,b", "nan,0.5", "0,0,0"])
def test_bad_gravity_is_refused(gravity: str) -> None:
    """With a message that says what is right."""
    with pytest.raises(InvalidVariant, match="gravity"):
        focus(gravity)


@given(st.integers(1, 8), _side, _side)
def test_a_stored_box_has_the_stored_shape(orientation: int, width: int, height: int) -> None:
    """The whole picture as shown is the whole picture as stored, in all eight orientations."""
    stored = stored_size((width, height), orientation)
    assert stored_box((0, 0, width, height), (width, height), orientation) == (0, 0, *stored)
