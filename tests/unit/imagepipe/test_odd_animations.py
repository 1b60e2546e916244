"""Animations that browsers show although a part of them is odd, and ones that must not swell."""

import struct

from PIL import Image, ImageDraw

from imagepipe import render
from tests.unit.imagepipe.pictures import animated, encode


def _with_screen(data: bytes, width: int, height: int) -> bytes:
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


def _screencast() -> list[Image.Image]:
    frames = []
    for number in range(12):
        frame = Image.new("RGB", (320, 200), (245, 245, 245))
        draw = ImageDraw.Draw(frame)
        for line in range(12):
            draw.text((8, 4 + 16 * line), f"{line}: a line of a terminal {line * 7919}", fill=(20, 20, 20))
        draw.rectangle((10 + 20 * number, 180, 26 + 20 * number, 192), fill=(200, 30, 30))
        frames.append(frame)
    return frames


def test_a_screen_without_a_size_is_as_large_as_the_first_frame() -> None:
    """Zero by zero."""
    result = render(_with_screen(animated("GIF"), 0, 0), format="webp")
    assert (result.width, result.height, result.animated) == (32, 24, True)


def test_a_screen_smaller_than_the_first_frame_grows() -> None:
    """One pixel."""
    result = render(_with_screen(animated("GIF"), 1, 1), format="webp")
    assert (result.width, result.height) == (32, 24)


def test_frames_before_the_cut_are_shown() -> None:
    """The last one is cut in the middle of its data."""
    frames = [Image.effect_noise((40, 40), 60 + number).convert("P") for number in range(4)]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    result = render(data[:-300], format="webp")
    assert result.animated


def test_a_flat_animation_does_not_swell() -> None:
    """As WebP, as GIF, and at half its size."""
    frames = _screencast()
    data = encode(frames[0].quantize(16), "GIF", save_all=True, append_images=frames[1:], duration=100)
    assert len(render(data, format="webp").body) <= len(data)
    assert len(render(data, format="gif").body) <= len(data) * 1.1
    assert len(render(data, format="gif", width=160).body) <= len(data) * 1.5
