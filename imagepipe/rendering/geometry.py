"""How large, and which part: the arithmetic of `fit`, `gravity` and orientation. Pure; sizes are in pixels as shown.

The part that is cut out and the size it is scaled to are decided here, before any pixel is touched.
"""

from dataclasses import dataclass

from imagepipe.errors import InvalidVariant
from imagepipe.model import Variant

Size = tuple[int, int]
Box = tuple[float, float, float, float]

_COMPASS = {
    "center": (0.5, 0.5),
    "north": (0.5, 0.0),
    "south": (0.5, 1.0),
    "west": (0.0, 0.5),
    "east": (1.0, 0.5),
    "northwest": (0.0, 0.0),
    "northeast": (1.0, 0.0),
    "southwest": (0.0, 1.0),
    "southeast": (1.0, 1.0),
    "attention": (0.5, 0.5),  # until the picture itself has been looked at
}


@dataclass(frozen=True, slots=True)
class Geometry:
    """`crop` of the picture as shown is scaled to `size`, and laid on a `canvas` if there is one."""

    crop: Box
    size: Size
    canvas: Size | None = None


def focus(gravity: str) -> tuple[float, float]:
    """The point, each side from 0 to 1, that a crop keeps in sight. Raises `InvalidVariant`."""
    if gravity in _COMPASS:
        return _COMPASS[gravity]
    try:
        x, y = (float(part) for part in gravity.split(","))
    except ValueError as error:
        raise InvalidVariant(f"gravity: {', '.join(_COMPASS)} or a point such as 0.3,0.7; got {gravity!r}") from error
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise InvalidVariant(f"gravity: both parts of the point from 0 to 1; got {gravity!r}")
    return x, y


def lay_out(shown: Size, variant: Variant) -> Geometry:
    """The geometry of a variant of a picture of that size."""
    width, height = variant.pixels(variant.width), variant.pixels(variant.height)
    whole = (0.0, 0.0, float(shown[0]), float(shown[1]))
    if width is None and height is None:
        return Geometry(whole, shown)
    if width is None or height is None or variant.fit in ("inside", "contain"):
        size = _inside(shown, width, height, variant.enlarge)
        canvas = (width, height) if variant.fit == "contain" and width and height else None
        return Geometry(whole, size, canvas)
    if variant.fit == "fill":
        return Geometry(whole, (width, height) if variant.enlarge else (min(width, shown[0]), min(height, shown[1])))
    return _cover(shown, (width, height), focus(variant.gravity), variant.enlarge)


def _inside(shown: Size, width: int | None, height: int | None, enlarge: bool) -> Size:
    by_width = height is None or (width is not None and width * shown[1] <= height * shown[0])
    side, wanted = (shown[0], width) if by_width else (shown[1], height)
    assert wanted is not None  # one of the two is given
    if wanted >= side and not enlarge:
        return shown
    if by_width:
        return wanted, _share(shown[1], wanted, shown[0])
    return _share(shown[0], wanted, shown[1]), wanted


def _share(side: int, numerator: int, denominator: int) -> int:
    """A side times a fraction, rounded half up as browsers and other picture servers do."""
    return max(1, (2 * side * numerator + denominator) // (2 * denominator))


def _cover(shown: Size, wanted: Size, point: tuple[float, float], enlarge: bool) -> Geometry:
    by_width = wanted[0] * shown[1] >= wanted[1] * shown[0]
    if by_width:
        cut = (float(shown[0]), min(wanted[1] * shown[0] / wanted[0], float(shown[1])))
        whole = (shown[0], _share(wanted[1], shown[0], wanted[0]))
    else:
        cut = (min(wanted[0] * shown[1] / wanted[1], float(shown[0])), float(shown[1]))
        whole = (_share(wanted[0], shown[1], wanted[1]), shown[1])
    larger = wanted[0] > shown[0] if by_width else wanted[1] > shown[1]
    return Geometry(place(shown, cut, point), whole if larger and not enlarge else wanted)


def place(shown: Size, cut: tuple[float, float], point: tuple[float, float]) -> Box:
    """A box of the size `cut` with the point at the same share of the box as of the picture."""
    left, top = (shown[0] - cut[0]) * point[0], (shown[1] - cut[1]) * point[1]
    return (left, top, min(left + cut[0], shown[0]), min(top + cut[1], shown[1]))


def stored_box(box: Box, shown: Size, orientation: int) -> Box:
    """A box of the picture as shown, where it lies in the stored pixels (EXIF 2.32, tag 0x0112)."""
    corners = [_stored_point(box[0], box[1], shown, orientation), _stored_point(box[2], box[3], shown, orientation)]
    (x1, y1), (x2, y2) = corners
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _stored_point(x: float, y: float, shown: Size, orientation: int) -> tuple[float, float]:
    width, height = shown
    return {
        2: (width - x, y),
        3: (width - x, height - y),
        4: (x, height - y),
        5: (y, x),
        6: (y, width - x),
        7: (height - y, width - x),
        8: (height - y, x),
    }.get(orientation, (x, y))
