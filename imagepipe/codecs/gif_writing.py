"""Writes an animated GIF of few bytes: one palette for all frames, and of each frame only what changes.

With one palette and no dithering, what does not change has equal numbers in every frame; those pixels are transparent,
and only the rectangle around the others is written. A frame is disposed of only where the next one lets the background
through at a place that it covered.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from PIL import GifImagePlugin, Image, ImageChops, ImageStat

from imagepipe.codecs.codec import Frame

_CLEAR = 255
"""The number for "as it was"; 255 colours remain, or those below it, of a smaller palette."""
_SAMPLES = 12
_MOST_ERROR = 6.0
"""Levels by which colours may be wrong on average. An animation that needs more colours gets a palette a frame."""
_MOST_DURATION = 655_350
_KEEP, _BACKGROUND = 1, 2


@dataclass(slots=True)
class _Part:
    """What is written of one frame: its numbers (`_CLEAR`: as before) and where they go."""

    image: Image.Image
    at: tuple[int, int]
    duration: int
    disposal: int = _KEEP


def write_animation(frames: list[Frame], loop: int, colours: int = 0) -> bytes | None:
    """The file; None where one palette is too little. `loop`: how often it is played, 0 = for ever. `colours`: so many
    are enough, 0 = as many as there may be."""
    palette = _common_palette([frame.image for frame in frames], min(colours or _CLEAR, _CLEAR))
    if palette is None:
        return None
    numbers = [_numbers(frame.image, palette) for frame in frames]
    head = _head(frames[0].image.size, palette, loop)
    return head + b"".join(map(_packed, _parts(numbers, [frame.duration for frame in frames]))) + b";"


def _common_palette(images: list[Image.Image], colours: int) -> Image.Image | None:
    step = max(1, len(images) // _SAMPLES)
    samples = [image.convert("RGB") for image in images[::step][:_SAMPLES]]
    sheet = Image.new("RGB", (samples[0].width, sum(image.height for image in samples)))
    for number, image in enumerate(samples):
        sheet.paste(image, (0, number * image.height))
    palette = sheet.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    worst = max(max(ImageStat.Stat(_error(image, palette)).mean) for image in samples)
    return palette if worst <= _MOST_ERROR else None


def _error(image: Image.Image, palette: Image.Image) -> Image.Image:
    shown = image.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
    return ImageChops.difference(image, shown)


def _numbers(image: Image.Image, palette: Image.Image) -> Image.Image:
    """The frame's palette numbers; `_CLEAR` where it is transparent."""
    numbers = image.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    if image.mode == "RGBA":
        numbers.paste(_CLEAR, mask=image.getchannel("A").point([255] * 128 + [0] * 128))
    return numbers


def _parts(numbers: list[Image.Image], durations: list[int]) -> Iterator[_Part]:
    uncovers = [False, *(_uncovers(before, after) for before, after in pairwise(numbers)), False]
    waiting = _Part(numbers[0], (0, 0), durations[0], _BACKGROUND if uncovers[1] else _KEEP)
    for index in range(1, len(numbers)):
        disposed = waiting.disposal == _BACKGROUND
        changed = None if disposed else _changed(numbers[index - 1], numbers[index])
        box = changed.getbbox() if changed is not None else (0, 0, *numbers[index].size)
        last = uncovers[index + 1]
        if box is None and not last and waiting.duration + durations[index] <= _MOST_DURATION:
            waiting.duration += durations[index]
            continue
        if box is None or last:
            box = (0, 0, *numbers[index].size)
        yield waiting
        part = numbers[index].copy()
        if changed is not None:
            part.paste(_CLEAR, mask=ImageChops.invert(changed))
        waiting = _Part(part.crop(box), box[:2], durations[index], _BACKGROUND if last else _KEEP)
    yield waiting


def _uncovers(before: Image.Image, after: Image.Image) -> bool:
    """Whether the background shows where it did not."""
    covered = _as_mask(before, lambda number: number != _CLEAR)
    clear = _as_mask(after, lambda number: number == _CLEAR)
    return ImageChops.multiply(covered, clear).getbbox() is not None


def _changed(before: Image.Image, after: Image.Image) -> Image.Image:
    difference = ImageChops.difference(_plain(before), _plain(after))
    return difference.point([0] + [255] * 255)


def _as_mask(numbers: Image.Image, which: Callable[[int], bool]) -> Image.Image:
    return _plain(numbers).point([255 if which(number) else 0 for number in range(256)])


def _plain(numbers: Image.Image) -> Image.Image:
    """The numbers themselves as levels of grey."""
    return Image.frombytes("L", numbers.size, numbers.tobytes())


def _head(size: tuple[int, int], palette: Image.Image, loop: int) -> bytes:
    table = bytes(palette.getpalette() or ())[: 3 * _CLEAR].ljust(768, b"\0")
    head = b"GIF89a" + struct.pack("<HHBBB", *size, 0xF7, _CLEAR, 0) + table
    if loop == 1:
        return head
    return head + b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", max(0, loop - 1), 0)


def _packed(part: _Part) -> bytes:
    options = {"duration": part.duration, "disposal": part.disposal, "transparency": _CLEAR}
    return b"".join(GifImagePlugin.getdata(part.image, part.at, **options))
