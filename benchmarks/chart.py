"""Small line charts side by side, as one SVG. No library: it must look the same wherever it is made."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 320, 200
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 34, 40
COLUMNS = 2
COLOURS = ("#1f6f8b", "#c8553d", "#5b8e3c", "#8a5a9e", "#b58900")


class Line(NamedTuple):
    """A value for each place on the x axis."""

    name: str
    values: Sequence[float]


def chart(places: Sequence[str], charts: Sequence[tuple[str, Sequence[Line]]]) -> str:
    """Both axes of each are logarithmic where its values span more than a factor of twenty, else y begins at 0."""
    rows = -(-len(charts) // COLUMNS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * COLUMNS} {HEIGHT * rows}" '
        'font-family="sans-serif" font-size="11" role="img">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for number, (title, lines) in enumerate(charts):
        at = f"translate({WIDTH * (number % COLUMNS)} {HEIGHT * (number // COLUMNS)})"
        parts += [f'<g transform="{at}">', *_one(title, places, lines), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _one(title: str, places: Sequence[str], lines: Sequence[Line]) -> list[str]:
    values = [value for line in lines for value in line.values]
    ticks, is_log = _ticks(values)
    low, high = _scaled(ticks[0], is_log), _scaled(ticks[-1], is_log)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(index: int) -> float:
        return LEFT + (right - LEFT) * index / max(len(places) - 1, 1)

    def y(value: float) -> float:
        return bottom - (bottom - TOP) * (_scaled(value, is_log) - low) / (high - low)

    parts = [f'<text x="{LEFT}" y="16" font-weight="bold" fill="#222222">{escape(title)}</text>']
    for tick in ticks:
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{right}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end" fill="#555555">{tick:g}</text>')
    for index, place in enumerate(places):
        anchor = "end" if index == len(places) - 1 else "middle"
        parts.append(f'<text x="{x(index):.1f}" y="{bottom + 15}" text-anchor="{anchor}" fill="#555555">{place}</text>')
    along = LEFT
    for line, colour in zip(lines, COLOURS, strict=False):
        way = "L".join(f"{x(index):.1f} {y(value):.1f}" for index, value in enumerate(line.values))
        parts.append(f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{along}" y="{HEIGHT - 8}" fill="{colour}">{escape(line.name)}</text>')
        along += 12 + 6 * len(line.name)
    return parts


def _ticks(values: Sequence[float]) -> tuple[list[float], bool]:
    """Round values around all of them, and whether these stand on a logarithmic axis."""
    least, most = max(min(values), 1e-4), max(*values, 1e-4)
    if most / least > 20:
        return [10.0**power for power in range(floor(log10(least)), ceil(log10(most)) + 1)], True
    step = 10.0 ** floor(log10(most))
    step = next(one for one in (step / 5, step / 2, step, step * 2) if most / one <= 5)
    return [round(step * number, 10) for number in range(ceil(most / step) + 1)], False


def _scaled(value: float, is_log: bool) -> float:
    return log10(max(value, 1e-9)) if is_log else value
