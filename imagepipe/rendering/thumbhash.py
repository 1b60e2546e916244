"""ThumbHash: a picture in some twenty-five bytes, with its shape, its colours and its transparency.

After the public description and reference code at evanw.github.io/thumbhash: a discrete cosine transform of lightness,
two colour differences and opacity, of which the lowest frequencies are kept. Pure.
"""

from base64 import b64encode
from collections.abc import Sequence
from math import cos, floor, pi
from operator import mul
from typing import NamedTuple

from PIL import Image

LARGEST_SIDE = 100
"""Pixels. More makes no better hash and costs more."""

Rows = list[list[float]]


class _Channel(NamedTuple):
    """The mean, the other frequencies from 0 to 1, and what they were divided by."""

    mean: float
    frequencies: list[float]
    scale: float


def thumbhash(image: Image.Image) -> str:
    """The hash of a small `image`, at most `LARGEST_SIDE` wide and high, in base64 without padding."""
    width, height = image.size
    pixels = list(zip(*[iter(image.convert("RGBA").tobytes())] * 4, strict=True))
    lightness, yellow_blue, red_green, opacity = _channels(pixels, width)
    is_transparent = any(pixel[3] < 255 for pixel in pixels)
    most = 5 if is_transparent else 7
    across, down = (max(1, _round(most * side / max(width, height))) for side in (width, height))
    light = _encoded(lightness, max(3, across), max(3, down))
    first, second = _encoded(yellow_blue, 3, 3), _encoded(red_green, 3, 3)
    colours = (63, light.mean, 6), (31.5, 1 + first.mean, 6), (31.5, 1 + second.mean, 6), (31, light.scale, 5)
    header = _packed([*((_round(scale * value), bits) for scale, value, bits in colours), (int(is_transparent), 1)])
    is_wide = width > height
    shape = [(down if is_wide else across, 3), (_round(63 * first.scale), 6), (_round(63 * second.scale), 6)]
    found = bytearray(header.to_bytes(3, "little") + _packed([*shape, (int(is_wide), 1)]).to_bytes(2, "little"))
    frequencies = [*light.frequencies, *first.frequencies, *second.frequencies]
    if is_transparent:
        alpha = _encoded(opacity, 5, 5)
        found.append(_packed([(_round(15 * alpha.mean), 4), (_round(15 * alpha.scale), 4)]))
        frequencies += alpha.frequencies
    nibbles = [_round(15 * one) for one in frequencies]
    nibbles += [0] * (len(nibbles) % 2)
    found += bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return b64encode(found).decode().rstrip("=")


def _channels(pixels: Sequence[tuple[int, ...]], width: int) -> tuple[Rows, Rows, Rows, Rows]:
    """Lightness, yellow against blue, red against green, opacity; transparent pixels over the mean colour."""
    covered = sum(alpha for *_, alpha in pixels) or 1
    mean = [sum(pixel[part] * pixel[3] for pixel in pixels) / covered / 255 for part in range(3)]
    channels: tuple[list[float], ...] = ([], [], [], [])
    for *colour, opaque in pixels:
        alpha = opaque / 255
        red, green, blue = (mean[part] * (1 - alpha) + alpha / 255 * colour[part] for part in range(3))
        values = ((red + green + blue) / 3, (red + green) / 2 - blue, red - green, alpha)
        for channel, value in zip(channels, values, strict=True):
            channel.append(value)
    lightness, first, second, opacity = (
        [channel[start : start + width] for start in range(0, len(channel), width)] for channel in channels
    )
    return lightness, first, second, opacity


def _encoded(rows: Rows, across: int, down: int) -> _Channel:
    width, height = len(rows[0]), len(rows)
    waves = [[cos(pi / width * number * (x + 0.5)) for x in range(width)] for number in range(across)]
    # Along the rows first: what is left is a column for each wave, and the rest of the transform is cheap.
    columns = [[sum(map(mul, row, wave)) for row in rows] for wave in waves]
    found: list[float] = []
    for number in range(down):
        wave = [cos(pi / height * number * (y + 0.5)) for y in range(height)]
        for place in range(across):
            if place * down >= across * (down - number):
                break
            found.append(sum(map(mul, columns[place], wave)) / (width * height))
    mean, *others = found
    scale = max(map(abs, others), default=0.0)
    return _Channel(mean, [0.5 + 0.5 / scale * one for one in others] if scale else others, scale)


def _round(value: float) -> int:
    """Half up, as JavaScript rounds."""
    return floor(value + 0.5)


def _packed(fields: Sequence[tuple[int, int]]) -> int:
    """Values with their number of bits, the lowest first."""
    packed, place = 0, 0
    for value, bits in fields:
        packed |= max(0, min(value, (1 << bits) - 1)) << place
        place += bits
    return packed
