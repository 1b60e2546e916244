"""The frames of an animated PNG, each laid on what stands before it (PNG, third edition, 13.9).

Pillow blends a half transparent frame with the alpha of what lies below, which makes solid pixels transparent, and
refuses a file whose frames are out of order. Here, as in browsers, the frames before a fault are shown.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from PIL import Image, PngImagePlugin

from imagepipe.codecs.codec import Frame
from imagepipe.codecs.pillow import load, shown_duration

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CLEAR, _RESTORE, _OVER = 1, 2, 1
_COLOURS = {b"PLTE": 3 * 256, b"tRNS": 256}
"""The most bytes of each. Every frame repeats them, so that a file of many frames must not make them large."""
Chunk = tuple[bytes, int, int]
ToColours = Callable[[Image.Image, bytes], Image.Image]
"""The pixels of one frame as RGBA; the bytes are those of that frame as a PNG of its own."""


@dataclass(slots=True)
class _Control:
    """What an fcTL says, with the packed pixels that follow."""

    width: int
    height: int
    x: int
    y: int
    numerator: int
    denominator: int
    disposal: int
    blend: int
    pixels: list[bytes] = field(default_factory=list)

    @property
    def duration(self) -> float:
        return self.numerator * 1000 / (self.denominator or 100)


@dataclass(slots=True)
class Animation:
    """What the chunks say: `plays` times, 0 = for ever. `hidden`: the still picture is none of the frames."""

    header: bytes
    plays: int = 0
    hidden: bool = False
    colours: dict[bytes, bytes] = field(default_factory=dict)
    controls: list[_Control] = field(default_factory=list)


def read_animation(data: bytes, chunks: Iterable[Chunk]) -> Animation | None:
    """None where the file has no frames."""
    found = Animation(data[16:29])
    said, still, expected = False, False, 0
    for kind, start, length in chunks:
        content = data[start : start + length]
        if kind == b"acTL" and length == 8 and not still:
            said, found.plays = True, struct.unpack(">II", content)[1]
        elif length <= _COLOURS.get(kind, -1) and not still:
            found.colours.setdefault(kind, _chunk(kind, content))
        elif kind == b"IDAT":
            found.hidden = found.hidden or not found.controls
            still = True
            if found.controls and not found.hidden:
                found.controls[0].pixels.append(content)
        elif kind in (b"fcTL", b"fdAT"):
            if length < 4 or content[:4] != struct.pack(">I", expected):
                break
            expected += 1
            if kind == b"fcTL" and length == 26:
                found.controls.append(_Control(*struct.unpack(">IIIIHHBB", content[4:])))
            elif kind == b"fdAT" and found.controls:
                found.controls[-1].pixels.append(content[4:])
    return found if said and found.controls else None


def frames(animation: Animation, to_colours: ToColours) -> Iterator[Frame]:
    """Each frame as it is shown, until one is not whole or does not fit."""
    size = struct.unpack_from(">II", animation.header)
    canvas = Image.new("RGBA", size)
    for number, control in enumerate(animation.controls):
        picture = _decoded(animation, control, size, to_colours, must_be_whole=number > 0)
        if picture is None:
            return
        disposal = _CLEAR if control.disposal == _RESTORE and not number else control.disposal
        before = canvas.copy() if disposal == _RESTORE else canvas
        if control.blend == _OVER:
            canvas.alpha_composite(picture, (control.x, control.y))
        else:
            canvas.paste(picture, (control.x, control.y))
        yield Frame(_flat(canvas), shown_duration(control.duration))
        if disposal == _CLEAR:
            canvas.paste((0, 0, 0, 0), (control.x, control.y, control.x + control.width, control.y + control.height))
        canvas = before


def _decoded(
    animation: Animation, control: _Control, size: tuple[int, int], to_colours: ToColours, *, must_be_whole: bool
) -> Image.Image | None:
    fits = control.x + control.width <= size[0] and control.y + control.height <= size[1]
    if not (fits and control.width and control.height and control.pixels):
        return None
    header = struct.pack(">II", control.width, control.height) + animation.header[8:]
    parts = (
        _chunk(b"IHDR", header),
        *animation.colours.values(),
        _chunk(b"IDAT", b"".join(control.pixels)),
        _chunk(b"IEND"),
    )
    alone = _SIGNATURE + b"".join(parts)
    image = PngImagePlugin.PngImageFile(io.BytesIO(alone))
    try:
        whole = load(image)
    except OSError:
        return None
    return to_colours(image, alone) if whole or not must_be_whole else None


def _chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _flat(canvas: Image.Image) -> Image.Image:
    opaque = canvas.getchannel("A").getextrema() == (255, 255)
    return canvas.convert("RGB") if opaque else canvas.copy()
