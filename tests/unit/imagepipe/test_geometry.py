"""Sizes, crops and orientation."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagepipe.errors import InvalidVariant
from imagepipe.model import MAX_SIDE, Fit, Variant, turned
from imagepipe.rendering.geometry import focus, lay_out, stored_box

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
def test_each_fit_gives_its_size(variant: Variant, size: tuple[int, int], canvas: tuple[int, int] | None) -> None:
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
    stored = turned((width, height), orientation)
    assert stored_box((0, 0, width, height), (width, height), orientation) == (0, 0, *stored)


@given(_side, _side, _side, _side, st.sampled_from(["inside", "cover"]))
def test_sizes_round_half_up(width: int, height: int, wanted_width: int, wanted_height: int, fit: Fit) -> None:
    """The side that gives way is the exact one plus a half, rounded down; the other one is as asked."""
    geometry = lay_out((width, height), Variant(wanted_width, wanted_height, fit, enlarge=True))
    if fit == "cover":
        assert geometry.size == (wanted_width, wanted_height)
        return
    scale = min(Fraction(wanted_width, width), Fraction(wanted_height, height))
    exact = (width * scale, height * scale)
    assert geometry.size == tuple(max(1, floor(side + Fraction(1, 2))) for side in exact)


@given(_side, st.integers(1, 80))
def test_dpr_rounds_half_up(side: int, tenths: int) -> None:
    exact = floor(Fraction(side * tenths, 10) + Fraction(1, 2))
    assert Variant(width=side, dpr=tenths / 10).pixels(side) == max(1, min(MAX_SIDE, exact))


@given(st.integers(1, MAX_SIDE), st.integers(1, MAX_SIDE), st.floats(0.1, 8))
def test_a_dpr_that_is_too_much_keeps_the_shape(width: int, height: int, dpr: float) -> None:
    """Both sides give way by the same share."""
    variant = Variant(width=width, height=height, dpr=dpr, fit="cover")
    wide, tall = variant.pixels(width), variant.pixels(height)
    assert wide is not None
    assert tall is not None
    assert max(wide, tall) <= MAX_SIDE
    assert abs(wide * height - tall * width) <= max(width, height) + 1 or 1 in (wide, tall)


@given(_side, _side, st.integers(1, 3000), st.integers(1, 3000))
def test_a_cut_has_the_shape_that_was_asked_for(width: int, height: int, wide: int, tall: int) -> None:
    """Also where the picture is smaller than what is asked for."""
    geometry = lay_out((width, height), Variant(width=wide, height=tall, fit="cover"))
    left, top, right, bottom = geometry.crop
    assert (right - left) * tall == pytest.approx((bottom - top) * wide)
