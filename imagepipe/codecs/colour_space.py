"""Colour spaces that a file names by numbers (AVIF's `nclx`, PNG's cICP, gAMA and cHRM), as ICC profiles. Pure.

Code points: ITU-T H.273, tables 2 and 3. HDR transfers (PQ, HLG) need tone mapping and give no profile.
"""

import struct
from functools import lru_cache

Point = tuple[float, float]
Primaries = tuple[Point, Point, Point, Point]
"""CIE x and y of red, green, blue and white."""
Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]

_D65, _C, _DCI = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351)
SRGB: Primaries = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
_P3: tuple[Point, Point, Point] = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_SMPTE: Primaries = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)
_PRIMARIES: dict[int, Primaries] = {
    1: SRGB,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: _SMPTE,
    7: _SMPTE,
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: (*_P3, _DCI),
    12: (*_P3, _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}

_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
Curve = tuple[float, ...]
"""Parameters of an ICC `para` curve: one for a plain gamma, five for a gamma with a straight beginning."""
_CURVES: dict[int, Curve] = {
    4: (2.2,),
    5: (2.8,),
    8: (1.0,),
    13: _SRGB_CURVE,
    # Encoders write the video curves for what is sRGB, and browsers show them so.
    **dict.fromkeys((1, 2, 6, 7, 14, 15), _SRGB_CURVE),
}

_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_D50: Row = (0.9642, 1.0, 0.8249)
_GAMMA_LIKE_SRGB = (2.09, 2.31)
"""A PNG whose gamma is within 5 % of 2.2 means sRGB (libpng's own threshold)."""


@lru_cache(maxsize=64)
def coded_profile(primaries: int, transfer: int) -> bytes | None:
    """The profile of two H.273 code points; None for sRGB, for what is not specified, and for HDR."""
    named, curve = _PRIMARIES.get(primaries, SRGB), _CURVES.get(transfer)
    if curve is None or (named is SRGB and curve is _SRGB_CURVE):
        return None
    return _profile(named, curve)


def measured_profile(primaries: Primaries, gamma: float) -> bytes | None:
    """The profile of chromaticities and a display `gamma`; None where they are none."""
    low, high = _GAMMA_LIKE_SRGB
    if not 0.1 <= gamma <= 10 or any(not (0 < x < 1 and 0 < y < 1) for x, y in primaries):
        return None
    try:
        return _profile(primaries, _SRGB_CURVE if low <= gamma <= high else (gamma,))
    except (ZeroDivisionError, struct.error):  # three points on a line span no colours
        return None


def _profile(primaries: Primaries, curve: Curve) -> bytes:
    """A matrix profile (ICC.1, 8.3.3): colorants adapted to D50, one curve for all three."""
    colorants = _colorants(primaries)
    parts = [_xyz(_D50), *(_xyz((colorants[0][i], colorants[1][i], colorants[2][i])) for i in range(3)), _para(curve)]
    tags = [(b"wtpt", 0), (b"rXYZ", 1), (b"gXYZ", 2), (b"bXYZ", 3), (b"rTRC", 4), (b"gTRC", 4), (b"bTRC", 4)]
    offsets, at = [], 128 + 4 + 12 * len(tags)
    for part in parts:
        offsets.append(at)
        at += len(part)
    table = struct.pack(">I", len(tags))
    table += b"".join(struct.pack(">4sII", name, offsets[part], len(parts[part])) for name, part in tags)
    head = struct.pack(">I4xI4s4s4s12x4s", at, 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    illuminant = struct.pack(">3i", *(_fixed(value) for value in _D50))
    return head.ljust(68, b"\0") + illuminant.ljust(60, b"\0") + table + b"".join(parts)


def _colorants(primaries: Primaries) -> Matrix:
    *colours, white = (_at(point) for point in primaries)
    columns = _transposed((colours[0], colours[1], colours[2]))
    red, green, blue = _apply(_inverse(columns), white)
    to_xyz = _transposed((_scaled(colours[0], red), _scaled(colours[1], green), _scaled(colours[2], blue)))
    seen, wanted = _apply(_BRADFORD, white), _apply(_BRADFORD, _D50)
    gains: Matrix = ((wanted[0] / seen[0], 0, 0), (0, wanted[1] / seen[1], 0), (0, 0, wanted[2] / seen[2]))
    return _product(_product(_inverse(_BRADFORD), _product(gains, _BRADFORD)), to_xyz)


def _at(point: Point) -> Row:
    x, y = point
    return x / y, 1.0, (1 - x - y) / y


def _scaled(row: Row, by: float) -> Row:
    return row[0] * by, row[1] * by, row[2] * by


def _apply(matrix: Matrix, row: Row) -> Row:
    a, b, c = (sum(factor * value for factor, value in zip(line, row, strict=True)) for line in matrix)
    return a, b, c


def _transposed(matrix: Matrix) -> Matrix:
    a, b, c = zip(*matrix, strict=True)
    return a, b, c


def _product(one: Matrix, other: Matrix) -> Matrix:
    a, b, c = (_apply(one, column) for column in _transposed(other))
    return _transposed((a, b, c))


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    by = 1 / (a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))
    return (
        ((e * i - f * h) * by, (c * h - b * i) * by, (b * f - c * e) * by),
        ((f * g - d * i) * by, (a * i - c * g) * by, (c * d - a * f) * by),
        ((d * h - e * g) * by, (b * g - a * h) * by, (a * e - b * d) * by),
    )


def _fixed(value: float) -> int:
    return round(value * 65536)


def _xyz(row: Row) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(_fixed(value) for value in row))


def _para(curve: Curve) -> bytes:
    kind = 0 if len(curve) == 1 else 3
    return struct.pack(f">4s4xHxx{len(curve)}i", b"para", kind, *(_fixed(value) for value in curve))
